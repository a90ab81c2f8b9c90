//go:build e2e

package service

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"autoconfig/acme/pgtest"
)

const replicaConfig = `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
listen_tls: 127.0.0.1:0
service_host: autoconfig.hoster.test
tls: {acme: {directory: "https://127.0.0.1:1/dir", storage: "DSN"}}
providers:
  - id: hosted
    incoming: [imaps://mail.hoster.test]
    outgoing: [submissions://mail.hoster.test]
sources:
  - {name: customers, sql: postgres, dsn: "DSN", domain: SELECT id FROM d WHERE name = :domain, cache: {ttl: 1h, negative_ttl: 1h, stale: 24h}}
`

// Two replicas over one PostgreSQL: what one of them, or a trigger of the operator's own, names is forgotten by both, in
// less than a tenth of a second. After an outage both ask again, since something may have been said meanwhile; what they
// knew is served all through it.
func TestPurgeReachesReplicas(t *testing.T) {
	pg := pgtest.Start(t)
	db, err := sql.Open("pgx", pg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	exec := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	exec("CREATE TABLE d (name text PRIMARY KEY, id text)",
		`CREATE FUNCTION changed() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_notify('autoconfig_purge', coalesce(NEW.name, OLD.name)); RETURN NULL; END $$`)
	var replicas [2]*rig
	for i := range replicas {
		replicas[i] = newRig(t, strings.ReplaceAll(replicaConfig, "DSN", pg.DSN))
		go replicas[i].listen(t.Context())
	}
	both := func(domain string, want int) (took time.Duration) {
		t.Helper()
		for begin := time.Now(); ; time.Sleep(time.Millisecond) {
			a, _ := replicas[0].get("/v1.1/" + domain)
			b, _ := replicas[1].get("/v1.1/" + domain)
			took = time.Since(begin)
			if a == want && b == want {
				return took
			}
			if took > 30*time.Second {
				t.Fatalf("%s: %d and %d, want %d", domain, a, b, want)
			}
		}
	}
	listening := func() {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			var n int
			if err := db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`).Scan(&n); err == nil &&
				n == 2 {
				return
			}
			if time.Now().After(end) {
				t.Fatal("the replicas do not listen")
			}
		}
	}
	listening()
	quick := []time.Duration{}
	for range 5 {
		both("life.test", 404)
		exec("INSERT INTO d VALUES ('life.test', 'hosted')")
		if code := replicas[0].purge("life.test"); code != 200 {
			t.Fatalf("purge: %d", code)
		}
		quick = append(quick, both("life.test", 200))
		exec("DELETE FROM d")
		if code := replicas[1].purge("life.test"); code != 200 {
			t.Fatalf("purge: %d", code)
		}
		quick = append(quick, both("life.test", 404))
	}
	t.Logf("from the purge to the effect at both: %v", quick)

	exec("CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON d FOR EACH ROW EXECUTE FUNCTION changed()")
	both("trigger.test", 404)
	exec("INSERT INTO d VALUES ('trigger.test', 'hosted'), ('stays.test', 'hosted')")
	t.Logf("from the commit to the effect at both, by a trigger: %v", both("trigger.test", 200))
	both("stays.test", 200)
	exec("NOTIFY autoconfig_purge, 'not a domain'", "DROP TRIGGER changed ON d",
		"DELETE FROM d WHERE name = 'trigger.test'")
	both("trigger.test", 200)

	pg.Down(t)
	for _, domain := range []string{"trigger.test", "stays.test"} {
		both(domain, 200)
	}
	if code := replicas[0].purge("other.test"); code != 503 {
		t.Errorf("a purge that cannot be passed on: %d", code)
	}
	both("stays.test", 200)
	pg.Up(t)
	both("trigger.test", 404)
	both("stays.test", 200)
	listening()
}
