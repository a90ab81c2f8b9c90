package source

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

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
		if p, err := rows.Lookup(t.Context(), provider.Address{Local: "ann", Domain: domain}); err != nil || p.ID != want ||
			p.Personal {
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
		"no list table":  func(q *SQLOptions) { q.List = "SELECT 1 FROM nothing" },
		"odd login":      func(q *SQLOptions) { q.User = "SELECT char(10) WHERE :address <> ''" },
	} {
		t.Run(name, func(t *testing.T) {
			log := &logBook{}
			q := sqlQueries(SQLite, file)
			change(&q)
			rows := openTest(t, testOptions(log), q).With(testProviders())
			_, err := rows.Lookup(t.Context(), provider.Address{Local: "secret.person", Domain: "shop.example"})
			if name == "no list table" {
				for _, err = range rows.Domains(t.Context()) {
				}
			}
			if !errors.Is(err, provider.ErrUnavailable) || errors.Is(err, provider.ErrNotFound) {
				t.Errorf("%v", err)
			}
			text := log.String()
			if !strings.Contains(text, "source=customers query=") || strings.Contains(text, "secret.person") {
				t.Errorf("the log:\n%s", text)
			}
			// What the server says of a name in the statement helps; about a person it is its code alone.
			if table := strings.HasSuffix(name, " table"); table &&
				strings.Contains(text, "nothing") == (name == "no login table") {
				t.Errorf("the log:\n%s", text)
			}
			if name == "odd login" || name == "no list table" {
				return // a fault of a row, and one of a query that no client asks
			}
			if err := openTest(t, testOptions(log), q).Check(t.Context()); err == nil {
				t.Error("a check that no client's question came before finds nothing")
			}
			if err := rows.Check(t.Context()); err == nil || !rows.Down() {
				t.Errorf("check: %v, down %v", err, rows.Down())
			}
		})
	}
}

// A source cannot do without the question about domains.
func TestNoDomainQuestion(t *testing.T) {
	q, l := sqlQueries(SQLite, "none.db"), ldapQueries("ldap://127.0.0.1", nil)
	q.Domain, l.Domain = "", ""
	if _, err := OpenSQL(testOptions(&logBook{}), q); err == nil {
		t.Error("a database")
	}
	if _, err := OpenLDAP(testOptions(&logBook{}), l); err == nil {
		t.Error("a directory")
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
		_, err := openTest(t, testOptions(&logBook{}), q).With(testProviders()).Lookup(t.Context(),
			provider.Address{Local: "ann", Domain: "shop.example"})
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
	if want := []string{"lost.example", "own.example", "shop.example", "staff.example",
		"xn--mnchen-3ya.example"}; !slices.Equal(got, want) {
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
	if err != nil || p.ConnectTimeout != 3*time.Second || p.RuntimeParams["application_name"] != "autoconfig" ||
		p.RuntimeParams["client_encoding"] != "UTF8" || p.Host != "db.example" {
		t.Errorf("%+v %v", p, err)
	}
	p, err = PostgresConfig("host=db.example connect_timeout=7 application_name=portal client_encoding=LATIN1",
		3*time.Second)
	if err != nil || p.ConnectTimeout != 7*time.Second || p.RuntimeParams["application_name"] != "portal" ||
		p.RuntimeParams["client_encoding"] != "LATIN1" {
		t.Errorf("%+v %v", p, err)
	}
	m, err := mysqlConfig("reader@tcp(db.example)/mail?multiStatements=true&allowAllFiles=true&interpolateParams=true",
		3*time.Second)
	if err != nil || m.MultiStatements || m.AllowAllFiles || m.InterpolateParams || m.Timeout != 3*time.Second ||
		m.DBName != "mail" {
		t.Errorf("%+v %v", m, err)
	}
	if _, ok := m.Logger.(silent); !ok {
		t.Errorf("logs to %T", m.Logger)
	}
	if m, err = mysqlConfig("reader@tcp(db.example)/mail?timeout=7s", 3*time.Second); err != nil ||
		m.Timeout != 7*time.Second {
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

// What a server's error means: the value is one that no row can have, the statement is refused by a server that is
// there, or the server is not there for now.
func TestServerErrors(t *testing.T) {
	pg := func(code string) error { return &pgconn.PgError{Code: code} }
	my := func(number uint16) error { return &mysql.MySQLError{Number: number} }
	for _, test := range []struct {
		err              error
		value, statement bool
		again            bool // on another connection
	}{
		{errors.New("connection reset"), false, false, true},
		{pg("57P01"), false, false, true},  // terminated by an administrator
		{pg("08006"), false, false, true},  // the connection failed
		{pg("53300"), false, false, false}, // too many connections
		{my(1053), false, false, true},     // shutting down
		{my(1040), false, false, false},    // too many connections
		{pg("42P01"), false, true, false},  // no such table
		{pg("42501"), false, true, false},  // no right
		{my(1146), false, true, false},
		{pg("22021"), true, false, false}, // a character that the encoding lacks
		{pg("22001"), true, false, false}, // too long
		{my(1267), true, false, false},    // collations that do not mix
		{my(1366), true, false, false},
		{my(12670), false, true, false},
	} {
		for _, person := range []bool{false, true} {
			err := classified(test.err, person)
			if errors.Is(err, errValue) != test.value || errors.Is(err, errStatement) != test.statement {
				t.Errorf("%v: %v", test.err, err)
			}
		}
		if again := !fromServer(test.err); again != test.again {
			t.Errorf("%v: asked again: %v", test.err, again)
		}
	}
}

// asked is a database driver that counts and fails as a test wants.
type asked struct {
	prepared, run int
	err           error
	dead          int // questions that meet a dead connection
}

func (a *asked) Connect(context.Context) (driver.Conn, error) { return a, nil }
func (a *asked) Driver() driver.Driver                        { return nil }
func (a *asked) Close() error                                 { return nil }
func (a *asked) Begin() (driver.Tx, error)                    { return nil, driver.ErrSkip }
func (a *asked) NumInput() int                                { return -1 }
func (a *asked) Exec([]driver.Value) (driver.Result, error)   { return nil, driver.ErrSkip }

func (a *asked) Prepare(string) (driver.Stmt, error) {
	a.prepared++
	return a, nil
}

func (a *asked) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return a.Query(nil)
}

func (a *asked) Query([]driver.Value) (driver.Rows, error) {
	a.run++
	if a.dead > 0 {
		a.dead--
		return nil, errors.New("connection reset")
	}
	return noRows{}, a.err
}

type noRows struct{}

func (noRows) Columns() []string         { return []string{"id"} }
func (noRows) Close() error              { return nil }
func (noRows) Next([]driver.Value) error { return io.EOF }

// A question is asked once when it has an answer or the server refuses it, and again over another connection when the
// connection is dead. Statements are prepared once, but for PostgreSQL's driver, which does so itself as its DSN says.
func TestSQLAsksOnce(t *testing.T) {
	refused := &mysql.MySQLError{Number: 1146}
	for _, test := range []struct {
		driver        asked
		prepare       bool
		err           error
		run, prepared int // for two questions
	}{
		{asked{}, false, provider.ErrNotFound, 2, 0},
		{asked{}, true, provider.ErrNotFound, 2, 1},
		{asked{err: refused}, false, refused, 2, 0},
		{asked{dead: 3}, false, provider.ErrNotFound, 5, 0},
	} {
		d := &test.driver
		db := sql.OpenDB(d)
		db.SetMaxOpenConns(3)
		s, ok := openTest(t, testOptions(&logBook{}), sqlQueries(SQLite, "none.db")).store.(*sqlStore)
		if !ok {
			t.Fatal("another store")
		}
		s.db, s.prepare = db, test.prepare
		for range 2 {
			if _, err := s.domain(t.Context(), "shop.example"); !errors.Is(err, test.err) {
				t.Errorf("%+v: %v", test.driver, err)
			}
		}
		if d.run != test.run || d.prepared != test.prepared {
			t.Errorf("asked %d times, prepared %d times, want %d and %d", d.run, d.prepared, test.run, test.prepared)
		}
	}
}
