//go:build e2e

package source

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"autoconfig/provider"
)

// refusal is a question with a value that the database refuses: a character that a character set lacks, or a text
// that is too long.
type refusal struct{ name, domainQuery, userQuery, local, domain string }

const (
	shortDomain = "SELECT provider FROM domain WHERE domain = short(:domain) AND active = 1"
	shortUser   = "SELECT login FROM mailbox WHERE address = short(:address)"
	foreign     = "日本" // not in ISO 8859-1
)

// refusals makes what they need in a database, and gives its DSN.
func (s server) refusals(t *testing.T) (dsn string, list []refusal) {
	t.Helper()
	long := strings.Repeat("x", 62)
	list = []refusal{
		{"an address too long", testDomainQuery, shortUser, long, "shop.example"},
		{"a domain too long", shortDomain, testUserQuery, "", long + ".example"},
	}
	var statements []string
	dsn = s.dsn
	if s.dialect == Postgres {
		if _, err := openReady(t, Postgres,
			dsn).Exec("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"); err != nil {
			t.Fatal(err)
		}
		dsn = strings.Replace(dsn, "dbname=postgres", "dbname=latin", 1)
		fillTables(t, openReady(t, Postgres, dsn), Postgres)
		statements = []string{"CREATE FUNCTION short(a text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE b varchar(60) := a; BEGIN RETURN b; END $$"}
		list = append(list, refusal{"a character that the database lacks", testDomainQuery, testUserQuery, foreign,
			"shop.example"})
	} else {
		statements = []string{
			"CREATE FUNCTION short(a VARCHAR(60)) RETURNS VARCHAR(60) DETERMINISTIC RETURN a",
			"CREATE FUNCTION latin(a VARCHAR(255) CHARACTER SET latin1) RETURNS VARCHAR(255) CHARACTER SET latin1 DETERMINISTIC RETURN a",
			"CREATE TABLE latin (address VARCHAR(255) CHARACTER SET latin1, login VARCHAR(255))",
			"INSERT INTO latin SELECT address, login FROM mailbox",
		}
		list = append(list,
			refusal{"a character that the column lacks", testDomainQuery, "SELECT login FROM latin WHERE address = :address",
				foreign, "shop.example"},
			refusal{"a character that the function lacks", testDomainQuery,
				"SELECT login FROM mailbox WHERE address = latin(:address)", foreign, "shop.example"})
	}
	db := openReady(t, s.dialect, dsn)
	for _, text := range statements {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return dsn, list
}

// A value that the database refuses is an answer about that value, "there is no such row": however many there are,
// the source has no rest, is not down, and answers everybody else. The log says nothing of it.
func testRefused(t *testing.T, s server) {
	dsn, list := s.refusals(t)
	for _, r := range list {
		t.Run(r.name, func(t *testing.T) {
			log := &logBook{}
			q := sqlQueries(s.dialect, dsn)
			q.Domain, q.User = r.domainQuery, r.userQuery
			rows := openTest(t, testOptions(log), q).With(testProviders())
			_, direct := rows.store.domain(t.Context(), r.domain)
			if r.local != "" {
				_, direct = rows.store.login(t.Context(), provider.Address{Local: r.local, Domain: r.domain})
			}
			if !errors.Is(direct, errValue) {
				t.Fatalf("the database does not refuse it, or it is not known as a refusal: %v", direct)
			}
			for i := range 3 * failuresOfADownBackend {
				p, err := rows.Lookup(t.Context(), provider.Address{Local: fmt.Sprint(r.local, i), Domain: r.domain})
				if r.local == "" && !errors.Is(err, provider.ErrNotFound) || r.local != "" && (err != nil || p.Personal) {
					t.Fatalf("%v %v", p, err)
				}
				if rows.Down() {
					t.Fatal("taken for a server that is down")
				}
			}
			for _, c := range []interface{ resting() bool }{rows.domains, rows.logins} {
				if c.resting() {
					t.Error("given a rest for values that it refuses")
				}
			}
			p, err := rows.Lookup(t.Context(), provider.Address{Local: "ann", Domain: "shop.example"})
			if err != nil || p.Incoming[0].Username != "ann.shop" {
				t.Errorf("somebody else: %v %v", p, err)
			}
			if err := rows.Check(t.Context()); err != nil || rows.Down() {
				t.Errorf("check: %v, down %v", err, rows.Down())
			}
			if text := log.String(); text != "" {
				t.Errorf("the log:\n%s", text)
			}
		})
	}
}

// A connection whose statement was canceled is not used again: PostgreSQL might cancel the next one.
func TestPostgresCanceled(t *testing.T) {
	_, dsn := startPostgres(t)
	db := openReady(t, Postgres, dsn)
	db.SetMaxOpenConns(1)
	process := func() (pid int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	first := process()
	if again := process(); again != first {
		t.Errorf("another connection without need: %d and %d", first, again)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := db.ExecContext(short, "SELECT pg_sleep($1)", 60); err == nil {
		t.Error("not canceled")
	}
	if after := process(); after == first {
		t.Error("the connection is used again")
	}
}
