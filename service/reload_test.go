package service

import (
	"bytes"
	"context"
	"crypto/tls"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"autoconfig/config"
	"autoconfig/discover/probe/probetest"
	"autoconfig/server"
)

// rig is a service with everything that a reload can touch.
type rig struct {
	*Service
	t   *testing.T
	dir string
	log *buffer
}

// buffer is a log that is read while it is written.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.text.Reset()
	return b.text.String()
}

const rigConfig = `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
listen_tls: 127.0.0.1:0
tls: {cert_file: cert.pem, key_file: key.pem}
signing: {cert_file: signer.pem, key_file: signer-key.pem}
drain: 1s
providers:
  - id: hosted
    domains_file: customers.txt
    incoming: [imaps://mail.hoster.test]
    outgoing: [submissions://mail.hoster.test]
  - domains: [own.test]
    incoming: [imaps://mail.own.test, imap://mail.own.test]
    outgoing: [submissions://mail.own.test]
sources:
  - {name: first, sql: sqlite, dsn_file: first.dsn, domain: SELECT id FROM d WHERE name = :domain, timeout: 5s, cache: {ttl: 1ns, stale: 0s}}
  - {name: second, sql: sqlite, dsn: second.db, domain: SELECT id FROM d WHERE name = :domain, timeout: 5s, cache: {ttl: 1ns, stale: 0s}}
  - {name: third, ldap: "ldap://127.0.0.1:1", starttls: false, base: "dc=test", provider: hosted, domain: (o=:domain), ca_file: root.pem}
`

// served are the domains that the rig serves: of the configuration, of a file,
// of a built-in and of two databases.
var servedDomains = []string{"own.test", "customer.test", "live.co.uk", "first.test", "second.test"}

func newRig(t *testing.T, text string) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), log: &buffer{}}
	authority := probetest.NewAuthority()
	cert := authority.Certificate(90*probetest.Day, "own.test")
	for _, names := range [][2]string{{"signer.pem", "signer-key.pem"}, {"cert.pem", "key.pem"}} {
		c, k := probetest.Files(t, r.dir, cert)
		for from, to := range map[string]string{c: names[0], k: names[1]} {
			if err := os.Rename(from, filepath.Join(r.dir, to)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Chmod(filepath.Join(r.dir, "signer-key.pem"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.ReadFile(authority.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	r.write("root.pem", string(root))
	r.write("customers.txt", "customer.test\n")
	for _, name := range []string{"first", "second"} {
		db := filepath.Join(r.dir, name+".db")
		table(t, db, "CREATE TABLE d (name TEXT, id TEXT)", "INSERT INTO d VALUES ('"+name+".test', 'hosted')")
		r.write(name+".dsn", db)
		text = strings.ReplaceAll(text, "dsn: "+name+".db", "dsn: "+db)
	}
	r.write("autoconfig.yaml", text)
	log := slog.New(slog.NewTextHandler(r.log, nil))
	cfg, found := config.Load(filepath.Join(r.dir, "autoconfig.yaml"))
	data, more := cfg.Data()
	sources := NewSources(log, os.LookupEnv)
	sources.grace = 0 // a source that is given up is closed at once
	if found = append(append(found, more...), sources.Open(cfg, data)...); config.Failed(found) {
		t.Fatal(found)
	}
	r.Service = New(cfg, sources, Options{Log: log, Env: os.LookupEnv})
	done, err := r.start(data, &server.Listen{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		done()
		for _, b := range sources.all() {
			_ = b.Close()
		}
	})
	return r
}

func table(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func (r *rig) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) read(name string) string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// get asks the public handler.
func (r *rig) get(path string) (int, string) { return ask(r.srv, path) }

// ready is the body of /readyz.
func (r *rig) ready() string {
	_, body := ask(r.srv.Admin(), "/readyz")
	return body
}

func ask(h http.Handler, path string) (int, string) {
	w := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
	req.Host, req.RemoteAddr = "127.0.0.1", "127.0.0.1:9"
	h.ServeHTTP(w, req)
	return w.Code, w.Body.String()
}

// whole reports what of the rig's state is not as at the start.
func (r *rig) whole(cert *tls.Certificate) (out []string) {
	for _, domain := range servedDomains {
		if status, _ := r.get("/v1.1/" + domain); status != http.StatusOK {
			out = append(out, fmt.Sprintf("%s: %d", domain, status))
		}
	}
	if status, _ := r.get("/mobileconfig?email=jo@own.test"); status != http.StatusOK {
		out = append(out, fmt.Sprintf("a signed profile: %d", status))
	}
	if r.cert.Load() != cert {
		out = append(out, "another certificate")
	}
	return out
}

// edits are what happens to the files between two loads. A fault makes the
// reload impossible; anything else is a change that is good in itself.
var edits = []struct {
	name, file, old, new string
	fault                string // what /readyz says of it
}{
	{"YAML", "autoconfig.yaml", "providers:", "provders:", `unknown key`},
	{"YAML syntax", "autoconfig.yaml", "tls: {", "tls: {{", `autoconfig.yaml:5`},
	{"domains file", "customers.txt", "customer.test", "not a domain", `customers.txt:1`},
	{"certificate", "cert.pem", "CERTIFICATE", "NOTHING", `cert.pem`},
	{"key", "key.pem", "PRIVATE KEY", "NOTHING", `cert.pem`},
	{"signer", "signer.pem", "CERTIFICATE", "NOTHING", `signer.pem`},
	{"signer's key", "signer-key.pem", "PRIVATE KEY", "NOTHING", `signer-key.pem`},
	{"first source's DSN", "autoconfig.yaml", "dsn_file: first.dsn", "dsn_file: none.dsn", `none.dsn`},
	{"second source's query", "autoconfig.yaml", "dsn: ", "user: SELECT 1, dsn: ", `user`},
	{"third source's authority", "root.pem", "CERTIFICATE", "NOTHING", `third`},
	{"provider of a source renamed", "autoconfig.yaml", "provider: hosted", "provider: lost", `lost`},
	{"provider id renamed", "autoconfig.yaml", "id: hosted", "id: renamed", `hosted`}, // the third source names it
	{"port", "autoconfig.yaml", "imaps://mail.own.test,", "imaps://mail.own.test:143,", `143`},

	{"first source's time-out", "autoconfig.yaml", "first.dsn, domain", "first.dsn, connections: 3, domain", ""},
	{"second source's cache", "autoconfig.yaml", ", timeout: 5s, cache: {ttl: 1ns, stale: 0s}}\n  - {name: third",
		", timeout: 4s, cache: {ttl: 2ns, stale: 0s}}\n  - {name: third", ""},
	{"third source's base", "autoconfig.yaml", "dc=test", "dc=other", ""},
	{"provider's name", "autoconfig.yaml", "id: hosted\n", "id: hosted\n    name: Hoster\n", ""},
}

// A reload that fails leaves all of the old state as it was, whichever two
// things are wrong with the files, or are changed along with what is wrong. One
// that succeeds leaves nothing of the failure.
func TestFailedReloadsCostNothing(t *testing.T) {
	r := newRig(t, rigConfig)
	cert := r.cert.Load()
	if bad := r.whole(cert); len(bad) > 0 {
		t.Fatal(bad)
	}
	pairs := 0
	for i, a := range edits {
		for _, b := range edits[i:] {
			files := map[string]string{}
			for n, e := range []struct{ file, old, new string }{{a.file, a.old, a.new}, {b.file, b.old, b.new}} {
				if n == 1 && a == b {
					break
				}
				if _, kept := files[e.file]; !kept {
					files[e.file] = r.read(e.file)
				}
				r.write(e.file, strings.Replace(r.read(e.file), e.old, e.new, 1))
			}
			before := r.sources.all()
			r.log.take()
			r.reload("the test")
			log, ready := r.log.take(), r.ready()
			fails := a.fault+b.fault != ""
			if bad := r.whole(cert); fails && len(bad) > 0 {
				t.Errorf("%s and %s: %v\n%s", a.name, b.name, bad, log)
			}
			if fails && len(before) != len(r.sources.all()) {
				t.Errorf("%s and %s: other sources are open", a.name, b.name)
			}
			if fails != strings.Contains(ready, "could not be read again; the previous one stays in force") ||
				fails == strings.Contains(log, "msg=reloaded") {
				t.Errorf("%s and %s: /readyz %s\n%s", a.name, b.name, ready, log)
			}
			blames := func(fault string) bool { return fault != "" && strings.Contains(ready, fault) }
			if fails && !blames(a.fault) && !blames(b.fault) {
				t.Errorf("%s and %s: /readyz blames something else: %s", a.name, b.name, ready)
			}
			for name, text := range files {
				r.write(name, text)
			}
			r.reload("the test")
			cert = r.cert.Load() // read again, and the same
			if bad := r.whole(cert); len(bad) > 0 || strings.Contains(r.ready(), "could not be read") {
				t.Fatalf("after %s and %s were put right: %v %s", a.name, b.name, bad, r.ready())
			}
			pairs++
		}
	}
	if want := len(edits) * (len(edits) + 1) / 2; pairs != want {
		t.Errorf("%d pairs of %d", pairs, want)
	}
}

// A provider's id that is renamed in the configuration and in the database at
// once is served on.
func TestRenamedEverywhere(t *testing.T) {
	r := newRig(t, strings.Replace(rigConfig, "provider: hosted, ", "provider: own.test, ", 1))
	if status, _ := r.get("/v1.1/first.test"); status != 200 {
		t.Fatal(status)
	}
	r.write("autoconfig.yaml", strings.Replace(r.read("autoconfig.yaml"), "id: hosted", "id: renamed", 1))
	for _, name := range []string{"first", "second"} {
		table(t, filepath.Join(r.dir, name+".db"), "UPDATE d SET id = 'renamed'")
	}
	r.reload("the test")
	for _, domain := range servedDomains {
		if status, _ := r.get("/v1.1/" + domain); status != 200 {
			t.Errorf("%s: %d", domain, status)
		}
	}
}

// What needs a restart is measured by what runs: a setting put back needs none,
// one that was changed twice is named as long as it differs.
func TestNeedsRestart(t *testing.T) {
	r := newRig(t, rigConfig)
	for _, step := range []struct{ old, new, want string }{
		{"listen: 127.0.0.1:0\n", "listen: 127.0.0.1:81\n", "[listen]"},
		{"drain: 1s", "drain: 2s", "[listen drain]"},
		{"admin: 127.0.0.1:0", "admin: 127.0.0.1:82", "[listen admin drain]"},
		{"listen: 127.0.0.1:81\n", "listen: 127.0.0.1:0\n", "[admin drain]"},
		{"drain: 2s", "drain: 1s", "[admin]"},
		{"admin: 127.0.0.1:82", "admin: 127.0.0.1:0", ""},
	} {
		r.write("autoconfig.yaml", strings.Replace(r.read("autoconfig.yaml"), step.old, step.new, 1))
		r.log.take()
		r.reload("the test")
		log := r.log.take()
		if !strings.Contains(log, "msg=reloaded") || strings.Contains(log, "after a restart") != (step.want != "") ||
			!strings.Contains(log, step.want) {
			t.Errorf("%s: %s, want %s", step.new, log, step.want)
		}
	}
}

// An address of the command line counts at every load: the one of the file
// needs no restart.
func TestListenOfTheCommandLine(t *testing.T) {
	r := newRig(t, rigConfig)
	r.opts.Listen = func(cfg *config.Config) { cfg.Listen = r.running.Listen }
	r.write("autoconfig.yaml", strings.Replace(rigConfig, "listen: 127.0.0.1:0", "listen: 127.0.0.1:83", 1))
	r.log.take()
	r.reload("the test")
	if log := r.log.take(); strings.Contains(log, "after a restart") {
		t.Error(log)
	}
}

// Of a reload that fails, the failure is the reason, not the warning before it.
func TestReasonOfAFailure(t *testing.T) {
	r := newRig(t, rigConfig)
	r.write("autoconfig.yaml", strings.Replace(r.read("autoconfig.yaml"),
		"[imaps://mail.own.test, imap://mail.own.test]",
		"[{protocol: imap, host: mail.own.test, port: 143, security: plain}, imaps://mail.own.test:143]", 1))
	r.reload("the test")
	if ready := r.ready(); !strings.Contains(ready, "could not be read again") ||
		strings.Contains(ready, "readable by everybody") || !strings.Contains(ready, "143") {
		t.Error(ready)
	}
}

// A new certificate counts with the reload that reads it.
func TestNewCertificate(t *testing.T) {
	r := newRig(t, rigConfig)
	next := probetest.NewAuthority().Certificate(90*probetest.Day, "new.test")
	probetest.Files(t, r.dir, next)
	r.reload("the test")
	if got := r.cert.Load(); !bytes.Equal(got.Certificate[0], next.Certificate[0]) {
		t.Error("the certificate of before")
	}
}

// A change that is given up closes what it has opened and nothing that runs; one that counts closes what it replaces.
func TestSourcesAreClosed(t *testing.T) {
	r := newRig(t, rigConfig)
	works := func(b interface{ Check(context.Context) error }) bool { return b.Check(t.Context()) == nil }
	edited := func() (*config.Config, *config.Data) {
		r.edit("dsn_file: first.dsn, domain", "dsn_file: first.dsn, connections: 3, domain")
		cfg, found := config.Load(filepath.Join(r.dir, "autoconfig.yaml"))
		data, more := cfg.Data()
		if config.Failed(append(found, more...)) {
			t.Fatal(found, more)
		}
		return cfg, data
	}
	before := r.sources.all()[0]
	o, _ := r.sources.prepare(edited())
	if len(o.fresh) != 1 || !works(o.fresh[0]) {
		t.Fatalf("%d sources are opened for one that changed", len(o.fresh))
	}
	if o.discard(); works(o.fresh[0]) || !works(before) {
		t.Errorf("given up: the new one works %v, that of before %v", works(o.fresh[0]), works(before))
	}
	r.reload("the test")
	after := r.sources.all()[0]
	for end := time.Now().Add(30 * time.Second); works(before); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the source that was replaced is open")
		}
	}
	if !works(after) || after.Backend == before.Backend {
		t.Error("the new source does not work")
	}
	if r.reload("the test"); r.sources.all()[0].Backend != after.Backend {
		t.Error("a source that is as it was is opened again")
	}
}

// A file that has become empty is one that is being written again, or the disk is full: what it had is still served.
func TestEmptiedFiles(t *testing.T) {
	r := newRig(t, rigConfig)
	for _, name := range []string{"autoconfig.yaml", "customers.txt"} {
		text := r.read(name)
		cert := r.cert.Load()
		r.write(name, "")
		r.reload("the test")
		if bad := r.whole(cert); len(bad) > 0 {
			t.Errorf("%s: %v", name, bad)
		}
		if ready := r.ready(); !strings.Contains(ready, name+": there is nothing in it") ||
			!strings.Contains(ready, "restart the server") {
			t.Errorf("%s: %s", name, ready)
		}
		r.write(name, text)
		r.reload("the test")
		if ready := r.ready(); strings.Contains(ready, name) {
			t.Errorf("%s is back: %s", name, ready)
		}
	}
}
