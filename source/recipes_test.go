package source

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"autoconfig/provider"
)

// recipe is the source of a page in docs/recipes, with the lines about login
// names counted although they are commented out there.
type recipe struct {
	SQL, LDAP, Provider, Domain, List, User string
	DomainAttribute                         string `yaml:"domain_attribute"`
	LoginAttribute                          string `yaml:"login_attribute"`
}

func readRecipe(t *testing.T, page string) recipe {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../docs/recipes", page+".md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	block, after, _ := strings.Cut(rest, "```")
	for _, key := range []string{"    # reveal_logins", "    # user", "    #   SELECT", "    #   WHERE",
		"    # login_attribute"} {
		block = strings.ReplaceAll(block, key, strings.Replace(key, "# ", "", 1))
	}
	if _, more, found := strings.Cut(after, "```\n    reveal_logins: true\n"); found { // a second block that goes on
		more, _, _ = strings.Cut(more, "```")
		block += more
	}
	var file struct{ Sources []recipe }
	if err := yaml.Unmarshal([]byte(block), &file); err != nil || len(file.Sources) != 1 {
		t.Fatalf("%v\n%s", err, block)
	}
	return file.Sources[0]
}

// The tables made by hand for each recipe, with the documented column names:
// shop.example is served, off.example is not, alias.example is where the
// software has alias domains, and ann@shop.example is a mailbox.
var recipeTables = map[string]struct{ tables, alias, login string }{
	"postfixadmin": {`CREATE TABLE domain (domain TEXT, backupmx INTEGER, active INTEGER); INSERT INTO domain VALUES ('shop.example',0,1),('off.example',0,0),('backup.example',1,1),('ALL',0,1);
		CREATE TABLE alias_domain (alias_domain TEXT, target_domain TEXT, active INTEGER); INSERT INTO alias_domain VALUES ('alias.example','shop.example',1);
		CREATE TABLE mailbox (username TEXT, local_part TEXT, domain TEXT, active INTEGER); INSERT INTO mailbox VALUES ('ann@shop.example','ann','shop.example',1)`, "alias.example", "ann@alias.example ann@shop.example"},
	"mailcow": {`CREATE TABLE domain (domain TEXT, active INTEGER); INSERT INTO domain VALUES ('shop.example',1),('off.example',0);
		CREATE TABLE alias_domain (alias_domain TEXT, target_domain TEXT, active INTEGER); INSERT INTO alias_domain VALUES ('alias.example','shop.example',1)`, "alias.example", ""},
	"iredmail": {`CREATE TABLE domain (domain TEXT, backupmx INTEGER, active INTEGER); INSERT INTO domain VALUES ('shop.example',0,1),('off.example',0,0);
		CREATE TABLE alias_domain (alias_domain TEXT, target_domain TEXT, active INTEGER); INSERT INTO alias_domain VALUES ('alias.example','shop.example',1)`, "alias.example", ""},
	"vimbadmin": {`CREATE TABLE domain (id INTEGER, domain TEXT, backupmx INTEGER, active INTEGER); INSERT INTO domain VALUES (1,'shop.example',0,1),(2,'off.example',0,0)`, "", ""},
	"modoboa": {`CREATE TABLE admin_domain (id INTEGER, name TEXT, enabled BOOLEAN, type TEXT); INSERT INTO admin_domain VALUES (1,'shop.example',TRUE,'domain'),(2,'off.example',FALSE,'domain'),(3,'relay.example',TRUE,'relaydomain');
		CREATE TABLE admin_domainalias (name TEXT, target_id INTEGER, enabled BOOLEAN); INSERT INTO admin_domainalias VALUES ('alias.example',1,TRUE);
		CREATE TABLE admin_mailbox (address TEXT, domain_id INTEGER, user_id INTEGER); INSERT INTO admin_mailbox VALUES ('ann',1,7);
		CREATE TABLE core_user (id INTEGER, username TEXT, is_active BOOLEAN); INSERT INTO core_user VALUES (7,'ann.x',TRUE)`,
		"alias.example", "ann@shop.example ann.x"},
	"froxlor": {`CREATE TABLE panel_domains (id INTEGER, domain TEXT, isemaildomain INTEGER, email_only INTEGER, deactivated INTEGER);
		INSERT INTO panel_domains VALUES (1,'shop.example',1,0,0),(2,'off.example',1,0,1),(3,'relay.example',0,0,0)`, "", ""},
	"mailu": {`CREATE TABLE domain (name TEXT PRIMARY KEY, max_users INTEGER, signup_enabled BOOLEAN); INSERT INTO domain VALUES ('shop.example',-1,0);
		CREATE TABLE alternative (name TEXT PRIMARY KEY, domain_name TEXT); INSERT INTO alternative VALUES ('alias.example','shop.example');
		CREATE TABLE relay (name TEXT, smtp TEXT); INSERT INTO relay VALUES ('relay.example',NULL)`, "alias.example", ""},
	"ispconfig": {`CREATE TABLE mail_domain (domain_id INTEGER, domain TEXT, active TEXT); INSERT INTO mail_domain VALUES (1,'shop.example','y'),(2,'off.example','n');
		CREATE TABLE mail_user (email TEXT, login TEXT, postfix TEXT); INSERT INTO mail_user VALUES ('ann@shop.example','ann7','y')`, "", "ann@shop.example ann7"},
}

func TestRecipes(t *testing.T) {
	pages, err := filepath.Glob("../docs/recipes/*.md")
	const others = 7 // directories, tables of one's own, and those of service.TestRecipeTrees
	if err != nil || len(pages) != len(recipeTables)+others {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for page, want := range recipeTables {
		t.Run(page, func(t *testing.T) {
			r := readRecipe(t, page)
			path := filepath.Join(t.TempDir(), "mail.db")
			db, err := sql.Open("sqlite", "file:"+path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(want.tables); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := ParseQuery(Dialect(r.SQL), r.Domain, ParamDomain); err != nil {
				t.Error(err)
			}
			testRecipe(t, r, SQLOptions{Dialect: SQLite, DSN: path}, want.alias, want.login)
		})
	}
}

// testRecipe runs the queries of a recipe on tables with the rows above.
func testRecipe(t *testing.T, r recipe, q SQLOptions, alias, login string) {
	t.Helper()
	log := &logBook{}
	o := testOptions(log)
	o.Provider, o.Logins = "hosting", r.User != ""
	q.Domain, q.List, q.User = r.Domain, r.List, r.User
	rows := openTest(t, o, q).With(testProviders())
	want := []string{"shop.example"}
	if alias != "" {
		want = []string{alias, "shop.example"}
	}
	if got := listed(t, rows); !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	for domain, served := range map[string]bool{"shop.example": true, "off.example": false, "unknown.example": false,
		"backup.example": false, "relay.example": false, alias: true} {
		if domain == "" {
			continue
		}
		if _, err := rows.Lookup(t.Context(), provider.Address{Domain: domain}); (err == nil) != served {
			t.Errorf("%s: %v", domain, err)
		}
	}
	if (login != "") != (r.User != "") {
		t.Errorf("the recipe's login query: %q", r.User)
	}
	if address, name, ok := strings.Cut(login, " "); ok {
		a, err := provider.ParseAddress(address)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := rows.Lookup(t.Context(), a); err != nil || p.Incoming[0].Username != name {
			t.Errorf("%s: %v %+v", address, err, p)
		}
	}
	if text := log.String(); text != "" {
		t.Errorf("the log:\n%s", text)
	}
}

// The directories' filters, and the tables of one's own.
func TestOtherRecipes(t *testing.T) {
	for _, page := range []string{"openldap", "active-directory"} {
		r := readRecipe(t, page)
		if _, err := ParseFilter(r.Domain, ParamDomain); err != nil {
			t.Error(page, err)
		}
		if _, err := ParseFilter(r.List); err != nil || r.DomainAttribute == "" {
			t.Error(page, err)
		}
		f, err := ParseFilter(r.User, ParamAddress, ParamLocal, ParamDomain)
		if err != nil || r.LoginAttribute == "" ||
			!strings.Contains(f.fill(provider.Address{Local: "ann", Domain: "example.org"}), "=ann@example.org)") {
			t.Error(page, err, r.User)
		}
	}
	steps, err := Migrations()
	if err != nil || len(steps) != 2 {
		t.Fatal(steps, err)
	}
	path := filepath.Join(t.TempDir(), "mail.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	testOwnTables(t, db, SQLOptions{Dialect: SQLite, DSN: path})
}

// testOwnTables makes the tables of one's own and asks them as their page says.
func testOwnTables(t *testing.T, db *sql.DB, q SQLOptions) {
	t.Helper()
	steps, err := Migrations()
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for i, m := range steps {
		if m.Version != i+1 {
			t.Errorf("%s has the version %d", m.Name, m.Version)
		}
		text += m.SQL
	}
	text += "INSERT INTO autoconfig_domain (domain, provider) VALUES ('shop.example', 'hosting');\n" +
		"INSERT INTO autoconfig_domain VALUES ('off.example', 'hosting', 0);\nINSERT INTO autoconfig_login VALUES ('ann@shop.example', 'ann7')"
	for statement := range strings.SplitSeq(text, ";\n") {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	log := &logBook{}
	r := readRecipe(t, "own-tables")
	q.Domain, q.List, q.User = r.Domain, r.List, r.User
	rows := openTest(t, testOptions(log), q).With(testProviders())
	if got := listed(t, rows); !slices.Equal(got, []string{"shop.example"}) {
		t.Errorf("%v", got)
	}
	if p, err := rows.Lookup(t.Context(), provider.Address{Local: "ann", Domain: "shop.example"}); err != nil ||
		p.Incoming[0].Username != "ann7" {
		t.Errorf("%v %+v", err, p)
	}
}
