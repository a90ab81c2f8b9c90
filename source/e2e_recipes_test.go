//go:build e2e

package source

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"autoconfig/e2e/component"
)

// The recipe for PostfixAdmin on the tables its own upgrade script makes, from
// Debian's package.
func TestPostfixAdmin(t *testing.T) {
	php := component.Need(t, "php")
	for _, module := range []string{"mbstring", "mysqli"} {
		component.Need(t, "/usr/lib/php/*/"+module+".so")
	}
	upgradeScript := component.Need(t, "/usr/share/postfixadmin/public/upgrade.php")
	d, dsn := startMariaDB(t)
	_, port, _ := net.SplitHostPort(d.addr)
	site := filepath.Join(t.TempDir(), "postfixadmin")
	if out, err := exec.Command("cp", "-r", filepath.Dir(filepath.Dir(upgradeScript)), site).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	settings, err := os.ReadFile(component.Need(t, "/etc/postfixadmin/config.inc.php"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"config.inc.php":          string(settings),
		"public/dbconfig.inc.php": "<?php $dbserver = 'localhost'; $dbuser = $dbpass = $dbname = $dbport = $dbtype = '';\n",
		"config.local.php": fmt.Sprintf("<?php $CONF['configured'] = true; $CONF['database_type'] = 'mysqli'; $CONF['database_host'] = '127.0.0.1';\n"+
			"$CONF['database_port'] = '%s'; $CONF['database_user'] = 'root'; $CONF['database_password'] = ''; $CONF['database_name'] = 'mail';\n", port),
	} {
		_ = os.Remove(filepath.Join(site, name)) // a link into /etc
		if err := os.WriteFile(filepath.Join(site, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	upgrade := exec.Command(php, "upgrade.php")
	upgrade.Dir = filepath.Join(site, "public")
	out, err := upgrade.CombinedOutput()
	db := openReady(t, MySQL, dsn)
	for _, statement := range []string{
		"INSERT INTO domain (domain, description, transport, active, backupmx) VALUES ('shop.example', '', 'virtual', 1, 0), ('off.example', '', 'virtual', 0, 0), ('backup.example', '', 'virtual', 1, 1)",
		"INSERT INTO alias_domain (alias_domain, target_domain, active) VALUES ('alias.example', 'shop.example', 1)",
		"INSERT INTO mailbox (username, password, name, maildir, local_part, domain, active) VALUES ('ann@shop.example', 'x', 'Ann', 'shop.example/ann/', 'ann', 'shop.example', 1)",
	} {
		if _, e := db.Exec(statement); e != nil {
			t.Fatalf("%s: %v\nupgrade.php: %v\n%s", statement, e, err, out)
		}
	}
	testRecipe(t, readRecipe(t, "postfixadmin"), SQLOptions{Dialect: MySQL, DSN: dsn}, "alias.example",
		"ann@alias.example ann@shop.example")
	testOwnTables(t, db, SQLOptions{Dialect: MySQL, DSN: dsn})
}

// The tables of one's own on PostgreSQL, and a recipe with its booleans.
func TestPostgresRecipes(t *testing.T) {
	_, dsn := startPostgres(t)
	db := openReady(t, Postgres, dsn)
	testOwnTables(t, db, SQLOptions{Dialect: Postgres, DSN: dsn})
	modoboa := recipeTables["modoboa"]
	if _, err := db.Exec(modoboa.tables); err != nil {
		t.Fatal(err)
	}
	testRecipe(t, readRecipe(t, "modoboa"), SQLOptions{Dialect: Postgres, DSN: dsn}, modoboa.alias, modoboa.login)
}

// BenchmarkColdPostgres and BenchmarkColdMariaDB are BenchmarkCold over a
// connection to a real server with a million domains.
func BenchmarkColdPostgres(b *testing.B) {
	_, dsn := startPostgres(b)
	benchTable(b, openReady(b, Postgres, dsn), Postgres)
	benchCold(b, sqlQueries(Postgres, dsn))
}

func BenchmarkColdMariaDB(b *testing.B) {
	_, dsn := startMariaDB(b)
	benchTable(b, openReady(b, MySQL, dsn), MySQL)
	benchCold(b, sqlQueries(MySQL, dsn))
}
