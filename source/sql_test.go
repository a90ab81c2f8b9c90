package source

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"autoconfig/provider"
)

// fillTables makes the tables of the tests in a database.
func fillTables(t testing.TB, db *sql.DB, d Dialect) {
	t.Helper()
	run := func(text string, args ...any) {
		t.Helper()
		if d == Postgres {
			for i := range args {
				text = strings.Replace(text, "?", []string{"$1", "$2", "$3"}[i], 1)
			}
		}
		if _, err := db.Exec(text, args...); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	run("CREATE TABLE domain (domain VARCHAR(255) PRIMARY KEY, provider VARCHAR(60), active INTEGER)")
	run("CREATE TABLE mailbox (address VARCHAR(255) PRIMARY KEY, login VARCHAR(255))")
	for _, r := range testDomains {
		run("INSERT INTO domain VALUES (?, ?, ?)", r[0], r[1], int(r[2][0]-'0'))
	}
	for _, r := range testLogins {
		run("INSERT INTO mailbox VALUES (?, ?)", r[0], r[1])
	}
}

// sqliteFile makes a database file with the tables of the tests.
func sqliteFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mail box?.db")
	writable, _, _ := strings.Cut(sqliteName(path), "?")
	db, err := sql.Open("sqlite", writable)
	if err != nil {
		t.Fatal(err)
	}
	fillTables(t, db, SQLite)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func sqlQueries(d Dialect, dsn string) SQLOptions {
	return SQLOptions{Dialect: d, DSN: dsn, Domain: testDomainQuery, List: testListQuery, User: testUserQuery}
}

func openTest(t testing.TB, o BackendOptions, q SQLOptions) *Backend {
	t.Helper()
	b, err := OpenSQL(o, q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestSQLite(t *testing.T) {
	log := &logBook{}
	testLookups(t, openTest(t, testOptions(log), sqlQueries(SQLite, sqliteFile(t))), log)
}

// A provider of the configuration, with any row.
func TestSQLFixedProvider(t *testing.T) {
	log := &logBook{}
	o := testOptions(log)
	o.Provider, o.Logins = "staff", false
	q := sqlQueries(SQLite, sqliteFile(t))
	q.Domain, q.List, q.User = "SELECT NULL FROM domain WHERE domain = :domain", "SELECT domain FROM domain", ""
	rows := openTest(t, o, q).With(testProviders())
	for domain, want := range map[string]string{"shop.example": "staff", "lost.example": "staff"} {
		if p, err := rows.Lookup(t.Context(), provider.Address{Local: "ann", Domain: domain}); err != nil || p.ID != want || p.Personal {
			t.Errorf("%s: %v %v", domain, p, err)
		}
	}
	for l, err := range (Chain{rows}).Listings(t.Context()) {
		if err != nil || l.Provider == nil || l.Provider.ID != "staff" {
			t.Errorf("%+v %v", l, err)
		}
	}
}

// What is wrong is logged by the query's name, and is never "not served".
func TestSQLFailures(t *testing.T) {
	file := sqliteFile(t)
	for name, change := range map[string]func(*SQLOptions){
		"no such table":  func(q *SQLOptions) { q.Domain = "SELECT 1 FROM nothing WHERE domain = :domain" },
		"no such file":   func(q *SQLOptions) { q.DSN = file + ".gone" },
		"no login table": func(q *SQLOptions) { q.User = "SELECT 1 FROM nothing WHERE address = :address" },
		"odd login":      func(q *SQLOptions) { q.User = "SELECT char(10) WHERE :address <> ''" },
	} {
		t.Run(name, func(t *testing.T) {
			log := &logBook{}
			q := sqlQueries(SQLite, file)
			change(&q)
			rows := openTest(t, testOptions(log), q).With(testProviders())
			_, err := rows.Lookup(t.Context(), provider.Address{Local: "secret.person", Domain: "shop.example"})
			if !errors.Is(err, provider.ErrUnavailable) || errors.Is(err, provider.ErrNotFound) {
				t.Errorf("%v", err)
			}
			text := log.String()
			if !strings.Contains(text, "source=customers query=") || strings.Contains(text, "secret.person") {
				t.Errorf("the log:\n%s", text)
			}
			if name == "odd login" {
				return // a fault of a row, not of the backend
			}
			if err := rows.Check(t.Context()); err == nil || !rows.Down() {
				t.Errorf("check: %v, down %v", err, rows.Down())
			}
		})
	}
}

// A login name may be as long as an address, and no longer.
func TestSQLLongLogin(t *testing.T) {
	for query, served := range map[string]bool{
		"SELECT printf('%.*c', 254, 'a') WHERE :address <> ''": true,
		"SELECT printf('%.*c', 255, 'a') WHERE :address <> ''": false,
	} {
		q := sqlQueries(SQLite, sqliteFile(t))
		q.User = query
		_, err := openTest(t, testOptions(&logBook{}), q).With(testProviders()).Lookup(t.Context(), provider.Address{Local: "ann", Domain: "shop.example"})
		if (err == nil) != served {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// A file comes before a database, a built-in before both is not told apart by
// Rows itself, and what a file names is listed once.
func TestChainWithRows(t *testing.T) {
	log := &logBook{}
	own := &provider.Provider{ID: "own"}
	x := NewIndex(1, 16)
	x.Add("shop.example", own)
	x.Add("own.example", own)
	rows := openTest(t, testOptions(log), sqlQueries(SQLite, sqliteFile(t))).With(testProviders())
	c := Chain{x, rows}
	if p, err := c.Lookup(t.Context(), provider.Address{Local: "ann", Domain: "shop.example"}); err != nil || p != own {
		t.Errorf("%v %v", p, err)
	}
	var got []string
	for l, err := range c.Listings(t.Context()) {
		if err != nil && (!IsRowError(err) || l.Domain != "lost.example") {
			t.Fatal(err)
		}
		got = append(got, l.Domain)
		if l.Domain == "staff.example" && (l.Provider == nil || l.Provider.ID != "staff") {
			t.Errorf("%+v", l)
		}
	}
	slices.Sort(got)
	if want := []string{"lost.example", "own.example", "shop.example", "staff.example", "xn--mnchen-3ya.example"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for range c.Listings(t.Context()) {
		break // closes the list's rows: the database can be asked again
	}
	if _, err := c.Lookup(t.Context(), provider.Address{Domain: "staff.example"}); err != nil {
		t.Error(err)
	}
}

// What a DSN says is kept, but for what would let a value become a statement or
// a file; a connection that does not come up is given up in time.
func TestConnectionSettings(t *testing.T) {
	p, err := PostgresConfig("host=db.example user=reader dbname=mail", 3*time.Second)
	if err != nil || p.ConnectTimeout != 3*time.Second || p.RuntimeParams["application_name"] != "autoconfig" || p.Host != "db.example" {
		t.Errorf("%+v %v", p, err)
	}
	p, err = PostgresConfig("host=db.example connect_timeout=7 application_name=portal", 3*time.Second)
	if err != nil || p.ConnectTimeout != 7*time.Second || p.RuntimeParams["application_name"] != "portal" {
		t.Errorf("%+v %v", p, err)
	}
	m, err := mysqlConfig("reader@tcp(db.example)/mail?multiStatements=true&allowAllFiles=true&interpolateParams=true", 3*time.Second)
	if err != nil || m.MultiStatements || m.AllowAllFiles || m.InterpolateParams || m.Timeout != 3*time.Second || m.DBName != "mail" {
		t.Errorf("%+v %v", m, err)
	}
	if _, ok := m.Logger.(silent); !ok {
		t.Errorf("logs to %T", m.Logger)
	}
	if m, err = mysqlConfig("reader@tcp(db.example)/mail?timeout=7s", 3*time.Second); err != nil || m.Timeout != 7*time.Second {
		t.Errorf("%+v %v", m, err)
	}
	for d, dsn := range map[Dialect]string{Postgres: "host=db.example port=x", MySQL: "no slash", "oracle": ""} {
		if _, err := openDatabase(d, dsn, time.Second); err == nil {
			t.Errorf("%s: opened %q", d, dsn)
		}
	}
	for d, dsn := range map[Dialect]string{Postgres: "host=db.example", MySQL: "reader@tcp(db.example)/mail"} {
		db, err := openDatabase(d, dsn, time.Second) // asks nobody yet
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
