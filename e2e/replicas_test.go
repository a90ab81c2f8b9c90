//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"autoconfig/acme/pgtest"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/freeport"
)

// replica is one of several processes over one database, at addresses that it
// keeps when it is started again.
type replica struct {
	*process
	t          testing.TB
	dir, build string // build: the program
	admin      string
	env        []string
}

// fleet are two replicas, at the same ports of two addresses, and the ports of
// the proxy before them.
type fleet struct {
	first, second     *replica
	plain, tls, admin string // ports
	http, https       string // of the proxy
}

// newFleet finds the ports.
func newFleet(t testing.TB) *fleet {
	return &fleet{plain: port(freeport.On(t, "0.0.0.0")), tls: port(freeport.On(t, "0.0.0.0")),
		admin: port(freeport.On(t, "0.0.0.0")),
		http:  freeport.On(t, "127.0.0.1"), https: freeport.On(t, "127.0.0.1")}
}

func (f *fleet) start(t testing.TB, config string, env ...string) {
	for ip, r := range map[string]**replica{"127.0.0.2": &f.first, "127.0.0.3": &f.second} {
		*r = &replica{t: t, dir: t.TempDir(), build: program, admin: ip + ":" + f.admin, env: env}
		write(t, filepath.Join((*r).dir, "autoconfig.yaml"),
			"admin: "+(*r).admin+"\nlisten: "+ip+":"+f.plain+"\n"+strings.ReplaceAll(config, "LISTEN_TLS", ip+":"+f.tls))
		(*r).up()
	}
}

// up starts the replica, and waits until it is ready.
func (r *replica) up() {
	r.t.Helper()
	cmd := exec.CommandContext(context.Background(), r.build, "serve", "--log-level", "warn")
	cmd.Dir, cmd.Env = r.dir, append(os.Environ(), r.env...)
	r.process = start(r.t, cmd)
	until(r.t, "the replica is ready", func() bool {
		if r.ended() {
			r.t.Fatalf("the replica has ended:\n%s", r.output())
		}
		return r.says("/readyz", `"status":"ok"`)
	})
}

// says reports whether the admin listener answers with a text.
func (r *replica) says(path, text string) bool {
	return strings.Contains(r.adminBody(path), text)
}

// adminBody is what the admin listener answers, "" when it does not.
func (r *replica) adminBody(path string) string {
	status, body, err := newAsker(r.admin, false).get("localhost", path)
	if err != nil || status != http.StatusOK {
		return ""
	}
	return body
}

var requestCounted = regexp.MustCompile(`\nautoconfig_requests_total\{[^}]*\} [1-9]`)

// serves waits until requests get here: the proxy knows that it is up.
func (r *replica) serves() {
	r.t.Helper()
	until(r.t, "the proxy uses the replica", func() bool { return requestCounted.MatchString(r.adminBody("/metrics")) })
}

// load asks through the proxy until its end, and remembers what went wrong.
type load struct {
	noPOST bool
	asked  atomic.Int64
	wg     sync.WaitGroup
	end    context.CancelFunc

	mu    sync.Mutex
	wrong []string
}

const pox = `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>
<EMailAddress>u@%s</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`

// startLoad has each asker ask for customers in all formats.
func startLoad(t testing.TB, noPOST bool, askers ...*asker) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{noPOST: noPOST, end: cancel}
	for i, a := range askers {
		l.wg.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				l.ask(a, n, fmt.Sprintf("customer%d.test", n%500))
			}
		})
	}
	t.Cleanup(func() {
		l.end()
		l.wg.Wait()
	})
	return l
}

func (l *load) ask(a *asker, kind int, domain string) {
	method, host, path, body, want := http.MethodGet, "autoconfig."+domain, settingsPath, "", "<domain>"+domain+"</domain>"
	kinds := 4
	switch {
	case strings.HasPrefix(a.base, "http:"): // where Autodiscover is redirected to https
		kinds = 2
	case l.noPOST:
		kinds = 3
	}
	switch kind % kinds {
	case 1:
		host, path, want = "ua-auto-config."+domain, "/.well-known/user-agent-configuration.json", "mail.hoster.test"
	case 2:
		host, path, want = "autodiscover."+domain,
			"/autodiscover/autodiscover.json?Email=u%40"+domain+"&Protocol=AutodiscoverV1", "/autodiscover/autodiscover.xml"
	case 3:
		method, host, path, body, want = http.MethodPost, "autodiscover."+domain, "/autodiscover/autodiscover.xml",
			fmt.Sprintf(pox, domain), "<Server>mail.hoster.test</Server>"
	}
	status, answer, err := a.do(method, host, path, body)
	l.asked.Add(1)
	if err != nil || status != http.StatusOK || !strings.Contains(answer, want) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.wrong = append(l.wrong, fmt.Sprintf("%s %s: status %d, %v: %.200s", method, path, status, err, answer))
	}
}

// stop ends the load; any wrong answer fails the test.
func (l *load) stop(t testing.TB) {
	t.Helper()
	l.end()
	l.wg.Wait()
	if len(l.wrong) > 0 {
		t.Errorf("%d of %d requests failed, the first: %s", len(l.wrong), l.asked.Load(), l.wrong[0])
		return
	}
	t.Logf("%d requests, none failed", l.asked.Load())
}

// during counts the requests while something is done, and a few more.
func (l *load) during(t testing.TB, what string, do func()) {
	t.Helper()
	before := l.asked.Load()
	do()
	end := l.asked.Load() + 200
	until(t, "requests under load", func() bool { return l.asked.Load() >= end })
	t.Logf("%s: %d requests", what, l.asked.Load()-before)
}

// customerTable is a database with five hundred customers.
func customerTable(t testing.TB) (dsn string) {
	t.Helper()
	pg := pgtest.Start(t)
	conn, err := pgx.Connect(t.Context(), pg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(),
		"CREATE TABLE domain AS SELECT 'customer' || n || '.test' AS domain FROM generate_series(0, 499) n"); err != nil {
		t.Fatal(err)
	}
	return pg.DSN
}

const replicaConfig = `
drain: 2s
service_host: autoconfig.hoster.test
dns: {resolver: ["DNS"]}
providers:
  - id: hosting
    incoming: [imaps://mail.hoster.test]
    outgoing: [submissions://mail.hoster.test]
sources:
  - {sql: postgres, dsn: "DSN", provider: hosting, domain: SELECT 1 FROM domain WHERE domain = :domain, cache: {ttl: 1s, negative_ttl: 1s}}
`

// testNames is a resolver for which every name below test leads to the proxy.
func testNames(t testing.TB) *dnstest.Server {
	t.Helper()
	return dnstest.Start(t,
		"test. SOA ns.test. root.test. 1 3600 600 86400 60\n*.test. A 127.0.0.1\n*.hoster.test. A 127.0.0.1\n")
}

// replicaSettings is the configuration of replicas over a database of their own.
func replicaSettings(t testing.TB) string {
	t.Helper()
	return strings.NewReplacer("DSN", customerTable(t), "DNS", testNames(t).Addr()).Replace(replicaConfig)
}

// newBuild is the program, built again with another version in it.
func newBuild(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "autoconfig")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-X main.version=v99", "-o", path,
		"autoconfig/cmd/autoconfig").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// Two replicas over one database behind each proxy as deploy/ has it. Under load
// one is killed, started again, reloaded, hung, and replaced by a new build: no
// request fails.
func TestReplicas(t *testing.T) {
	build := newBuild(t)
	config := replicaSettings(t)
	for _, p := range []front{haproxy, nginx, caddy} {
		t.Run(p.file, func(t *testing.T) {
			f := newFleet(t)
			f.start(t, config)
			p.start(t, f, p.waits, p.waits[:strings.LastIndexByte(p.waits, ' ')]+" 1s")
			l := startLoad(t, p.noPOST, f.askers()...)
			for range often(1, 20) {
				f.trouble(t, l)
			}
			f.replace(t, l, build)
			l.stop(t)
		})
	}
}

// askers are clients of the proxy.
func (f *fleet) askers() []*asker {
	return []*asker{newAsker(f.http, true), newAsker(f.http, false), newTLSAsker(f.https), newTLSAsker(f.https)}
}

// trouble is what happens to a replica by itself.
func (f *fleet) trouble(t *testing.T, l *load) {
	t.Helper()
	l.during(t, "killed", func() {
		f.first.signal(t, syscall.SIGKILL)
		<-f.first.done
	})
	l.during(t, "started again", func() {
		f.first.up()
		f.first.serves()
	})
	l.during(t, "hung for a while", func() {
		f.second.signal(t, syscall.SIGSTOP)
		time.Sleep(1500 * time.Millisecond) // longer than the proxy waits for an answer
		f.second.signal(t, syscall.SIGCONT)
	})
}

// replace is what an operator does.
func (f *fleet) replace(t *testing.T, l *load, build string) {
	t.Helper()
	l.during(t, "reloaded", func() {
		f.second.signal(t, syscall.SIGHUP)
		until(t, "a reload", func() bool { return f.second.says("/metrics", `autoconfig_reloads_total{result="ok"} 1`) })
	})
	for _, r := range []*replica{f.first, f.second} {
		l.during(t, "stopped", r.stop)
		l.during(t, "replaced by a new build", func() {
			r.build = build
			r.up()
			r.serves()
		})
	}
}

// Stopped gracefully under load, a replica needs no second try from the proxy:
// it says that it stops, and goes on until the proxy has noticed.
func TestReplicaStopsWithoutRetries(t *testing.T) {
	f := newFleet(t)
	f.start(t, replicaSettings(t))
	haproxy.start(t, f, "    option redispatch 1\n", "", "retries 3", "retries 0",
		"    retry-on conn-failure empty-response junk-response response-timeout\n", "")
	l := startLoad(t, false, f.askers()...)
	for _, r := range []*replica{f.first, f.second} {
		l.during(t, "stopped", r.stop)
		if code := r.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("exit status %d: %s", code, r.output())
		}
		l.during(t, "started again", func() {
			r.up()
			r.serves()
		})
	}
	l.stop(t)
}
