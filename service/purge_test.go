package service

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const purgeConfig = `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
service_host: autoconfig.hoster.test
audit_log: audit.log
providers:
  - id: hosted
    domains_file: customers.txt
    incoming: [imaps://mail.hoster.test]
    outgoing: [submissions://mail.hoster.test]
  - id: reseller
    incoming: [imaps://mail.reseller.test]
    outgoing: [submissions://mail.reseller.test]
sources:
  - {name: first, sql: sqlite, dsn_file: first.dsn, domain: SELECT id FROM d WHERE name = :domain, list: SELECT name FROM d, cache: {ttl: 1h, negative_ttl: 1h, stale: 24h}}
`

// purge asks the admin listener.
func (r *rig) purge(domain string) int {
	w := httptest.NewRecorder()
	r.srv.Admin().ServeHTTP(w, httptest.NewRequest("POST", "http://127.0.0.1/purge?domain="+domain, nil))
	return w.Code
}

// A customer comes, moves to a reseller and goes. Each change counts from the purge on, and not before, in documents and
// at /ask; a reload alone forgets nothing.
func TestPurgeOfACustomer(t *testing.T) {
	r := newRig(t, purgeConfig)
	db := filepath.Join(r.dir, "first.db")
	for _, step := range []struct {
		change        string
		before, after int
		host          string
	}{
		{"INSERT INTO d VALUES ('life.test', 'hosted')", 404, 200, "mail.hoster.test"},
		{"UPDATE d SET id = 'reseller' WHERE name = 'life.test'", 200, 200, "mail.reseller.test"},
		{"DELETE FROM d WHERE name = 'life.test'", 200, 404, ""},
		{"INSERT INTO d VALUES ('life.test', 'hosted')", 404, 200, "mail.hoster.test"},
	} {
		_, was := r.get("/v1.1/life.test")
		table(t, db, step.change)
		r.reload("the test")
		if status, body := r.get("/v1.1/life.test"); status != step.before || body != was {
			t.Errorf("%s, before the purge: %d", step.change, status)
		}
		if code := r.purge("LIFE.test"); code != 200 {
			t.Fatalf("purge: %d", code)
		}
		if status, body := r.get("/v1.1/life.test"); status != step.after || !strings.Contains(body, step.host) {
			t.Errorf("%s, after it: %d %s", step.change, status, body)
		}
	}
	if code := r.purge("nonsense"); code == 200 {
		t.Error("nonsense is purged")
	}
	r.audit.Close()
	var events []string
	for line := range strings.Lines(r.read("audit.log")) {
		var e map[string]string
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e["event"]+" "+e["domain"]+e["result"])
	}
	if want := strings.Repeat("reload ok purge life.testok ", 4); strings.Join(events, " ")+" " != want {
		t.Errorf("%q", events)
	}
}

// The gauge counts files and databases; a list that breaks off leaves the last count.
func TestListingsAreCounted(t *testing.T) {
	r := newRig(t, purgeConfig)
	db := filepath.Join(r.dir, "first.db")
	table(t, db, "INSERT INTO d VALUES ('b.test', 'hosted'), ('not a domain', 'hosted'), ('customer.test', 'hosted')")
	count := func() error { return r.listings.count(t.Context(), r.served.Load().data) }
	for _, want := range []string{"1", "3"} { // of the file; with first.test and b.test, and no domain twice
		if got := r.metric("autoconfig_domains"); got != want {
			t.Errorf("%s domains, want %s", got, want)
		}
		if err := count(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(db, append([]byte("SQLite format 3\x00"), make([]byte, 8192)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := count(); err == nil || r.metric("autoconfig_domains") != "3" {
		t.Errorf("after a list that broke off: %v, %s domains", err, r.metric("autoconfig_domains"))
	}
}

// others are the replicas of a test.
type others struct {
	told []string
	err  error
	say  []string
}

func (o *others) Notify(_ context.Context, domain string) error {
	o.told = append(o.told, domain)
	return o.err
}

func (o *others) Listen(_ context.Context, heard func(domain string)) {
	for _, text := range o.say {
		heard(text)
	}
}

// A purge is passed on to the other replicas, and those that cannot be told are a failure. What they say is forgotten
// here: a domain, or everything. What is no domain is logged by its length alone, since an address may be in it.
func TestPurgeAndReplicas(t *testing.T) {
	r := newRig(t, purgeConfig)
	o := &others{}
	r.replicas = o
	if code := r.purge("life.test"); code != 200 || strings.Join(o.told, " ") != "life.test" {
		t.Errorf("status %d, the others are told of %q", code, o.told)
	}
	o.err = errors.New("no connection")
	if code := r.purge("life.test"); code == 200 {
		t.Error("done although the others do not know")
	}
	db := filepath.Join(r.dir, "first.db")
	known := func(domain string) bool { status, _ := r.get("/v1.1/" + domain); return status == 200 }
	for _, said := range []string{"Life.test", ""} {
		table(t, db, "DELETE FROM d WHERE name LIKE 'life%'")
		r.forget("")
		if known("life.test") || known("life2.test") {
			t.Fatal("there already")
		}
		table(t, db, "INSERT INTO d VALUES ('life.test', 'hosted'), ('life2.test', 'hosted')")
		o.say = []string{"jo.smith@secret", said}
		r.log.take()
		r.listen(t.Context())
		if one, two := known("life.test"), known("life2.test"); !one || two != (said == "") {
			t.Errorf("after %q: %v %v", said, one, two)
		}
		if log := r.log.take(); strings.Count(log, "a purge that does not name a domain") != 1 ||
			!strings.Contains(log, "length=15") || strings.Contains(log, "smith") {
			t.Error(log)
		}
	}
}

// Soon after the start the domains are counted; a list that breaks off is a line in the log.
func TestListingsAreCountedAtTheStart(t *testing.T) {
	t.Parallel()
	r := newRig(t, purgeConfig)
	seen := func(what string, done func() bool) {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go r.listings.run(ctx, r.Service.log, r.served.Load)
		for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("never: %s", what)
			}
		}
	}
	seen("two domains", func() bool { return r.metric("autoconfig_domains") == "2" })
	var log string
	if log += r.log.take(); strings.Contains(log, "cannot be counted") {
		t.Error(log)
	}
	table(t, filepath.Join(r.dir, "first.db"), "DROP TABLE d")
	seen("a line in the log", func() bool {
		log += r.log.take()
		return strings.Contains(log, "the domains of a source cannot be counted")
	})
}
