package service

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"autoconfig/config"
	"autoconfig/dnssrv/dnstest"
)

const truthConfig = `
service_host: autoconfig.hoster.test
admin: 127.0.0.1:0
dns: {resolver: ["RESOLVER"]}
providers:
  - id: hosted
    domains_file: customers.txt
    incoming: [imaps://mail.hoster.test]
    outgoing: [submissions://mail.hoster.test]
sources:
  - name: first
    sql: sqlite
    dsn_file: first.dsn
    domain: SELECT id FROM d WHERE name = :domain
    list: LIST
    cache: {ttl: 1ns, negative_ttl: 1ns, stale: 0s}
`

const goodList = "SELECT name FROM d"

// watched is a rig with a resolver and one database, and a way to take a round
// of the record watch.
func watched(t *testing.T, list string, zones ...string) (*rig, *dnstest.Server, *watch) {
	t.Helper()
	dns := dnstest.Start(t, zones...)
	r := newRig(t, strings.NewReplacer("RESOLVER", dns.Addr(), "LIST", list).Replace(truthConfig))
	return r, dns, &watch{log: r.Service.log, now: r.served.Load, srv: r.srv}
}

const rootZone = ". 60 IN SOA ns.test. root.test. 1 3600 600 86400 60\n$ORIGIN test.\n@ 60 IN SOA ns.test. root.test. 1 3600 600 86400 60\n@ 60 IN NS ns.test.\n"

func (r *rig) metric(name string) string {
	_, body := ask(r.srv.Admin(), "/metrics")
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// One row that names no provider, one that is no domain and one without an id
// are reported, counted and shown; the watch looks at all others; and what is
// put right is forgotten.
func TestBadRowsAreReported(t *testing.T) {
	t.Parallel()
	r, _, w := watched(t, goodList, rootZone)
	db := filepath.Join(r.dir, "first.db")
	table(t, db,
		"INSERT INTO d VALUES ('aaa.test', 'nope'), ('not a domain', 'hosted'), (NULL, 'hosted'), ('null.test', NULL), ('zzz.test', 'hosted')")
	w.round(t.Context())
	ready := r.ready()
	for _, want := range []string{`"degraded"`, "4 rows of the source", `"domains":7`, `"broken":3`} {
		if !strings.Contains(ready, want) {
			t.Errorf("no %s in %s", want, ready)
		}
	}
	if n := r.metric(`autoconfig_source_bad_rows{source="first"}`); n != "4" {
		t.Errorf("%q rows counted", n)
	}
	if status, _ := r.get("/v1.1/aaa.test"); status != 503 {
		t.Errorf("a domain whose row cannot be used: %d", status)
	}
	if log := r.log.take(); strings.Count(log, "id=config-source-row") != 2 || !strings.Contains(log, "aaa.test") ||
		!strings.Contains(log, "null.test") {
		t.Error(log)
	}
	table(t, db, "UPDATE d SET id = 'hosted'", "DELETE FROM d WHERE name IS NULL OR name = 'not a domain'")
	for _, s := range r.sources.all() {
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
	w.round(t.Context())
	if ready := r.ready(); !strings.Contains(ready, `"ok"`) {
		t.Error(ready)
	}
	if n := r.metric(`autoconfig_source_bad_rows{source="first"}`); n != "0" {
		t.Errorf("%q rows counted after they were put right", n)
	}
}

// With its table gone, its file damaged or a column renamed, a source degrades
// the service from the first question that fails until it is healed, whatever
// checks come between.
func TestReadyTellsOfQuestions(t *testing.T) {
	damage := func(t *testing.T, path string) func() {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append([]byte("SQLite format 3\x00"), make([]byte, 8192)...), 0o600); err != nil {
			t.Fatal(err)
		}
		return func() { _ = os.WriteFile(path, text, 0o600) }
	}
	for name, fault := range map[string]func(t *testing.T, path string) (heal func()){
		"table": func(t *testing.T, path string) func() {
			table(t, path, "ALTER TABLE d RENAME TO gone")
			return func() { table(t, path, "ALTER TABLE gone RENAME TO d") }
		},
		"column": func(t *testing.T, path string) func() {
			table(t, path, "ALTER TABLE d RENAME COLUMN id TO gone")
			return func() { table(t, path, "ALTER TABLE d RENAME COLUMN gone TO id") }
		},
		"file": damage,
	} {
		t.Run(name, func(t *testing.T) {
			r, _, _ := watched(t, goodList, rootZone)
			if status, _ := r.get("/v1.1/first.test"); status != 200 || !strings.Contains(r.ready(), `"ok"`) {
				t.Fatal(status, r.ready())
			}
			heal := fault(t, filepath.Join(r.dir, "first.db"))
			for range 17 {
				if status, _ := r.get("/v1.1/first.test"); status != 503 {
					t.Fatalf("status %d", status)
				}
				if ready := r.ready(); !strings.Contains(ready, `the source \"first\" does not answer`) {
					t.Fatal(ready)
				}
				_ = r.sources.all()[0].Check(t.Context())
			}
			if status, _ := r.get("/v1.1/customer.test"); status != 200 {
				t.Errorf("a domain of a file: %d", status)
			}
			heal()
			for end := time.Now().Add(20 * time.Second); !strings.Contains(r.ready(),
				`"ok"`); time.Sleep(50 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal(r.ready())
				}
				_ = r.sources.all()[0].Check(t.Context())
			}
			if status, _ := r.get("/v1.1/first.test"); status != 200 {
				t.Errorf("healed: %d", status)
			}
		})
	}
}

// A round of the watch that cannot be ended leaves what the last one found, and
// /readyz and the log say why: here the list ends early, the resolver is silent,
// fails or refuses all, or goes away in the middle.
func TestWatchCannotLook(t *testing.T) {
	t.Parallel()
	const breaks = "SELECT name FROM d UNION ALL SELECT json(name) FROM d" // the second half is an error
	for name, fault := range map[string]func(r *rig, dns *dnstest.Server){
		"list":    func(r *rig, _ *dnstest.Server) { r.edit("list: "+goodList, "list: "+breaks); r.reload("the test") },
		"silent":  func(_ *rig, dns *dnstest.Server) { dns.Drop("") },
		"failing": func(_ *rig, dns *dnstest.Server) { dns.Fail("", 2) },
		"refused": func(_ *rig, dns *dnstest.Server) { dns.Fail("", 5) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, dns, w := watched(t, goodList, rootZone)
			w.round(t.Context())
			before := r.metric("autoconfig_records_broken_domains")
			at := r.metric("autoconfig_records_checked_seconds")
			if before != "2" || at == "0" {
				t.Fatalf("%q broken, %q", before, at)
			}
			r.log.take()
			fault(r, dns)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			w.round(ctx)
			if now := r.metric("autoconfig_records_broken_domains"); now != before ||
				r.metric("autoconfig_records_checked_seconds") != at {
				t.Errorf("%s domains broken after a round that could not be ended", now)
			}
			if ready := r.ready(); !strings.Contains(ready, "the records could not be watched") {
				t.Error(ready)
			}
			if log := r.log.take(); strings.Contains(log, "right again") || strings.Contains(log, "records to") ||
				!strings.Contains(log, "level=ERROR") {
				t.Error(log)
			}
		})
	}
}

// A look-up that fails because a source is down costs that domain its turn, and no other: the round counts, what was
// known of the domain stays, and /readyz says that it was left out.
func TestWatchAndOneLookupThatFails(t *testing.T) {
	t.Parallel()
	r, _, w := watched(t, goodList, rootZone)
	table(t, filepath.Join(r.dir, "first.db"), "INSERT INTO d VALUES ('second.test', 'hosted')")
	w.round(t.Context())
	if ready := r.ready(); !strings.Contains(ready, `"domains":3`) || !strings.Contains(ready, `"broken":3`) {
		t.Fatal(ready)
	}
	r.log.take()
	r.edit("SELECT id FROM d WHERE", "SELECT CASE name WHEN 'first.test' THEN json(name) ELSE id END FROM d WHERE")
	r.reload("the test")
	r.log.take()
	w.round(t.Context())
	ready := r.ready()
	for _, want := range []string{`"degraded"`, `"domains":2`, `"broken":3`, "1 domain could not be looked at"} {
		if !strings.Contains(ready, want) {
			t.Errorf("no %s in %s", want, ready)
		}
	}
	if log := r.log.take(); strings.Contains(log, "right again") || !strings.Contains(log, "level=ERROR") {
		t.Error(log)
	}
}

// A domain of a customer that cannot be resolved is that customer's: it counts as
// broken, and the resolver as up.
func TestWatchAndOneBrokenDomain(t *testing.T) {
	t.Parallel()
	r, dns, w := watched(t, goodList, rootZone)
	dns.Fail("customer.test", 2)
	w.round(t.Context())
	if ready := r.ready(); !strings.Contains(ready, `"ok"`) || !strings.Contains(ready, `"domains":2`) {
		t.Error(ready)
	}
}

// Domains of strangers that cannot be resolved are no sign of a resolver that is
// down; one that is silent shows, and shows that it is back.
func TestResolverIsJudgedByItself(t *testing.T) {
	t.Parallel()
	r, dns, _ := watched(t, goodList, rootZone)
	for _, host := range []string{"a", "b", "c", "d", "e"} {
		dns.Fail(host+".strange.test", 2)
		if status, _ := r.get("/mail/config-v1.1.xml?emailaddress=jo@" + host + ".strange.test"); status != 503 {
			t.Fatal(status)
		}
		r.mx.Check(t.Context())
		if ready := r.ready(); !strings.Contains(ready, `"ok"`) {
			t.Fatal(ready)
		}
	}
	dns.Drop("")
	_, _ = r.get("/mail/config-v1.1.xml?emailaddress=jo@new.test")
	r.mx.Check(t.Context())
	if ready := r.ready(); !strings.Contains(ready, "no resolver answers") {
		t.Error(ready)
	}
	dns.Heal("")
	r.mx.Check(t.Context())
	if ready := r.ready(); !strings.Contains(ready, `"ok"`) {
		t.Error(ready)
	}
}

func (r *rig) edit(before, after string) {
	r.t.Helper()
	text := r.read("autoconfig.yaml")
	if !strings.Contains(text, before) {
		r.t.Fatalf("no %q in the configuration", before)
	}
	r.write("autoconfig.yaml", strings.Replace(text, before, after, 1))
}

// A pipe, a device, a folder, a socket or a huge file in the place of any file
// that the configuration names is refused in time, costs nothing, and does not
// keep later reloads from counting.
func TestFilesThatAreNone(t *testing.T) {
	names := []string{"autoconfig.yaml", "customers.txt", "cert.pem", "key.pem", "signer.pem", "signer-key.pem",
		"first.dsn", "root.pem", "logo.svg"}
	kinds := map[string]func(path string) error{
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"socket": func(path string) error {
			l, err := net.Listen("unix", path)
			if err == nil {
				l.(*net.UnixListener).SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		},
		"huge": func(path string) error {
			f, err := os.Create(path)
			if err == nil {
				err = f.Truncate(1 << 40)
				_ = f.Close()
			}
			return err
		},
	}
	r := newRig(t, rigConfig)
	r.write("logo.svg", "<svg/>")
	r.edit("drain: 1s\n", "drain: 1s\nbranding: {logo: logo.svg}\n")
	r.reload("the test")
	cert := r.cert.Load()
	for _, name := range names {
		for kind, make := range kinds {
			path := filepath.Join(r.dir, name)
			good := r.read(name)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			r.reload("the test")
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("%s as %s: given up after %v", kind, name, took)
			}
			if bad := r.whole(cert); len(bad) > 0 || !strings.Contains(r.ready(), name) {
				t.Errorf("%s as %s: %v %s", kind, name, bad, r.ready())
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			r.write(name, good)
			r.reload("the test")
			cert = r.cert.Load()
			if ready := r.ready(); strings.Contains(ready, "could not be read") {
				t.Fatalf("%s as %s, put back: %s", kind, name, ready)
			}
		}
	}
	if cfg, found := config.Load("/dev/zero"); !config.Failed(found) {
		t.Errorf("/dev/zero is a configuration: %v", cfg)
	}
}
