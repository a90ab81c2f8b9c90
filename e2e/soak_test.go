//go:build e2e

package e2e

import (
	"database/sql"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the database of the customers

	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

var soak = flag.Duration("soak", 15*time.Second, "how long each half of the soak test loads the program")

// served is how many customers there are, and how many names are asked for.
const served = 2000

const soakZone = `$ORIGIN test.
@ 60 IN SOA ns.test. root.test. 1 3600 600 86400 60
*.shop 60 IN MX 0 shop-test.mail.protection.outlook.com.
`

// soakSource remembers little, so that it is asked.
const soakSource = `
sources:
  - {name: customers, sql: sqlite, dsn_file: db.dsn, provider: own.test, domain: SELECT 1 FROM d WHERE name = :domain, timeout: 5s, connections: 2, cache: {ttl: 1s, negative_ttl: 1s, stale: 0s}}
`

// database has as many customers again.
func database(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "customers.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, q := range []string{"CREATE TABLE d (name TEXT PRIMARY KEY)",
		fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO d SELECT 'db' || i || '.test' FROM n", served-1)} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "db.dsn"), path)
}

// ask is one kind of request, with the statuses it may get. Only what needs
// DNS may be refused for a time; plain http is redirected at autodiscover.*.
type ask struct {
	method, host, path, body string // #: a number
	may                      []int
}

var asks = []ask{
	{"GET", "autoconfig.customer#.test", "/mail/config-v1.1.xml?emailaddress=jo%40customer#.test", "", []int{200}},
	{"GET", "customer#.test", "/.well-known/autoconfig/mail/config-v1.1.xml", "", []int{200}},
	{"GET", "ispdb.test", "/v1.1/customer#.test", "", []int{200}},
	{"HEAD", "ispdb.test", "/v1.1/live.co.uk?#", "", []int{200}},
	{"POST", "autodiscover.customer#.test", "/autodiscover/autodiscover.xml",
		`<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>jo@customer#.test</EMailAddress></Request></Autodiscover>`, []int{200, 302}},
	{"POST", "autodiscover.own.test", "/autodiscover/autodiscover.xml?#", "<Autodiscover", []int{200, 302}},
	{"GET", "autodiscover.own.test", "/autodiscover/autodiscover.json?Email=jo%40own.test&Protocol=AutodiscoverV1&n=#",
		"", []int{200, 302}},
	{"GET", "ua-auto-config.customer#.test", "/.well-known/user-agent-configuration.json", "", []int{200}},
	{"GET", "autoconfig.own.test", "/mobileconfig?email=jo#%40own.test", "", []int{200}},
	{"GET", "autoconfig.own.test", "/setup?email=jo#%40own.test", "", []int{200}},
	{"GET", "autoconfig.own.test", "/qr.svg?email=jo#%40own.test", "", []int{200}},
	{"GET", "autoconfig.own.test", "/api/v1/settings?email=jo#%40own.test", "", []int{200}},
	{"GET", "autoconfig.db#.test", "/mail/config-v1.1.xml", "", []int{200}},
	{"GET", "db#.test", "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=jo%40db#.test", "", []int{200}},
	{"GET", "autoconfig.own.test", "/no-such-page-#", "", []int{404}},
	{"GET", "autoconfig.s#.shop.test", "/mail/config-v1.1.xml", "", []int{200, 503}},
	{"GET", "autoconfig.u#.unknown.test", "/mail/config-v1.1.xml", "", []int{404, 503}},
}

// soaker is the load on one service.
type soaker struct {
	s   *service
	dns *dnstest.Server

	good, bad int // reloads

	mu     sync.Mutex
	counts map[int]int // answers by status
	wrong  []string
}

// Under load, reloads of good and bad files, a resolver that fails and clients
// that vanish, the program answers every request as it should, and at the end
// it is as it was: no goroutine, no descriptor, no memory more.
func TestSoak(t *testing.T) {
	t.Run("plain", func(t *testing.T) { soakProgram(t, program, true) })
	// The detector remembers every address it has seen, so that its memory
	// grows without end.
	t.Run("race detector", func(t *testing.T) { soakProgram(t, raceBinary(t), false) })
}

func soakProgram(t *testing.T, binary string, memory bool) {
	k := startSoak(t, binary)
	k.run(t, min(*soak/3, 30*time.Second)) // fills caches, pools and the heap
	base := k.rest(t, func(before, now figures) bool { return before.descriptors == now.descriptors })
	k.run(t, *soak)
	const pool = 2                      // connections of the database, which may be kept
	back := func(_, now figures) bool { // the collector lets the heap grow by a part of what lives
		return now.descriptors <= base.descriptors+pool && (!memory || now.resident <= base.resident*5/4+16)
	}
	end := k.rest(t, back)
	t.Logf("%v of load, answers by status: %v; reloads: %d good, %d bad", *soak, k.counts, k.good, k.bad)
	t.Logf("at rest before: %+v; after: %+v", base, end)
	if len(k.wrong) > 0 {
		t.Errorf("%d wrong answers, such as: %s", len(k.wrong), strings.Join(k.wrong[:min(10, len(k.wrong))], "; "))
	}
	if k.counts[200] < 1000 || k.counts[503] == 0 || k.good == 0 || k.bad == 0 {
		t.Error("that was no soak")
	}
	if !back(base, end) {
		t.Error("something was left behind")
	}
	fresh := startSoak(t, binary)
	for i := range asks {
		fresh.ask(newAsker(fresh.s.http, false), i, 1)
	}
	few := fresh.goroutines(t, time.Second, 0) + 2 // a connection may just be closing
	after := k.goroutines(t, patience, few)
	t.Logf("goroutines at rest: %d in a fresh process, %d after the load", few-2, after)
	if after > few {
		t.Error("goroutines were left") // which they are is said below
	}
	if out := k.s.output(); strings.Contains(out, "DATA RACE") || strings.Contains(out, "panic:") {
		t.Errorf("the program says:\n%s", out)
	}
}

// raceBinary builds the program with the race detector.
func raceBinary(t *testing.T) string {
	component.Need(t, "gcc")
	path := filepath.Join(t.TempDir(), "autoconfig-race")
	build := exec.Command("go", "build", "-race", "-o", path, "autoconfig/cmd/autoconfig")
	build.Env = append(os.Environ(), "CGO_ENABLED=1") // the detector is in C
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// startSoak starts the service without its access log, whose lines nobody
// would read.
func startSoak(t *testing.T, binary string) *soaker {
	dns, dir := dnstest.Start(t, soakZone), t.TempDir()
	s := &service{dir: dir, http: freeport.On(t, "127.0.0.1"), tls: freeport.On(t, "127.0.0.1"),
		admin: freeport.On(t, "127.0.0.1")}
	write(t, filepath.Join(dir, "autoconfig.yaml"),
		strings.Replace(faultsConfig, "127.0.0.1:0", s.tls, 1)+fmt.Sprintf("dns: {resolver: [%q]}\n", dns.Addr())+soakSource)
	database(t, dir)
	s.process = start(t, serveCommand(dir, faultsFiles(t, served), func(cmd *exec.Cmd) {
		cmd.Path, cmd.Args = binary, []string{binary, "serve", "--listen", s.http, "--admin", s.admin, "--log-level", "error"}
	}))
	t.Cleanup(func() {
		if t.Failed() { // where it stands
			s.signal(t, syscall.SIGQUIT)
			<-s.done
			t.Logf("the program:\n%s", tail(s.output(), 400))
		}
	})
	admin := newAsker(s.admin, false)
	until(t, "the service is ready", func() bool { status, _, _ := admin.get("", "/readyz"); return status == 200 })
	return &soaker{s: s, dns: dns, counts: map[int]int{}}
}

// run loads the service for a span, from every side at once.
func (k *soaker) run(t *testing.T, span time.Duration) {
	end := time.Now().Add(span)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { k.load(newAsker(k.s.http, true), end) })
		wg.Go(func() { k.load(newTLSAsker(k.s.tls), end) })
	}
	wg.Go(func() {
		for time.Now().Before(end) {
			half := "POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: own.test\r\nContent-Length: 500\r\n\r\n<Auto"
			vanish(k.s.http, half[:rand.IntN(len(half))])
			vanish(k.s.http, "GET /v1.1/own.test HTTP/1.1\r\nHost: own.test\r\n\r\n")
			vanish(k.s.http, "GET /v1.1/u"+strconv.Itoa(rand.IntN(served))+".unknown.test HTTP/1.1\r\nHost: own.test\r\n\r\n")
			vanish(k.s.tls, "\x16\x03\x01\x02\x00\x01")
			time.Sleep(2 * time.Millisecond) // a pace
		}
	})
	wg.Go(func() {
		for time.Now().Before(end) {
			k.dns.Drop("")
			time.Sleep(time.Second) // how long the resolver is away
			k.dns.Heal("")
			time.Sleep(2 * time.Second)
		}
	})
	for time.Now().Before(end) {
		k.reload(t)
	}
	wg.Wait()
}

func (k *soaker) load(a *asker, end time.Time) {
	defer a.http.CloseIdleConnections()
	for time.Now().Before(end) {
		k.ask(a, rand.IntN(len(asks)), rand.IntN(served))
	}
}

// ask makes one request and judges the answer.
func (k *soaker) ask(a *asker, kind, number int) {
	q := asks[kind]
	fill := func(s string) string { return strings.ReplaceAll(s, "#", strconv.Itoa(number)) }
	status, _, err := a.do(q.method, fill(q.host), fill(q.path), fill(q.body))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.counts[status]++
	if err != nil || !slices.Contains(q.may, status) {
		k.wrong = append(k.wrong, fmt.Sprintf("%s %s%s: %d %v", q.method, fill(q.host), fill(q.path), status, err))
	}
}

// soakFaults are what is done to a file; an empty text removes it. The last are
// good in themselves, and change what is open.
var soakFaults = []struct{ file, old, text string }{
	{"autoconfig.yaml", "", "provders: []\n"}, {"customers.txt", "", "not a domain\n"}, {"cert.pem", "", "none\n"},
	{"key.pem", "", "none\n"},
	{"logo.svg", "", ""}, {"db.dsn", "", ""}, {"autoconfig.yaml", "provider: own.test", "provider: lost"},
	{"autoconfig.yaml", "timeout: 5s", "timeout: 4s"}, {"autoconfig.yaml", "ttl: 1s", "ttl: 2s"},
}

const soakHarmless = 2

// reload makes one fault or two at a time, and then puts the files back, each
// with a SIGHUP; what is served stays the same.
func (k *soaker) reload(t *testing.T) {
	good := map[string]string{}
	for _, i := range []int{rand.IntN(len(soakFaults) - soakHarmless), rand.IntN(len(soakFaults))} {
		f := soakFaults[i]
		path := filepath.Join(k.s.dir, f.file)
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			continue // the first fault has removed it
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, kept := good[path]; !kept {
			good[path] = string(text)
		}
		switch {
		case f.old != "":
			replace(t, path, strings.Replace(string(text), f.old, f.text, 1))
		case f.text != "":
			replace(t, path, f.text)
		default:
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	k.s.signal(t, syscall.SIGHUP)
	k.await(t, true)
	k.bad++
	for path, text := range good {
		replace(t, path, text)
	}
	k.s.signal(t, syscall.SIGHUP)
	k.await(t, false)
	k.good++
}

// replace writes a file as one should: aside, and then into place.
func replace(t *testing.T, path, text string) {
	t.Helper()
	write(t, path+".new", text)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// await waits until the service has, or has no more, files it cannot read. A
// resolver that is away is another reason to be degraded.
func (k *soaker) await(t *testing.T, unread bool) {
	t.Helper()
	admin := newAsker(k.s.admin, false)
	until(t, fmt.Sprintf("files that cannot be read: %v", unread), func() bool {
		_, body, err := admin.get("", "/readyz")
		return err == nil && strings.Contains(body, "could not be read again") == unread
	})
}

// figures are what a process holds.
type figures struct{ descriptors, resident int } // MiB

// rest reloads, which gives memory back, until the figures are as they should
// be, or for good.
func (k *soaker) rest(t *testing.T, settled func(before, now figures) bool) figures {
	var before, now figures
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		k.s.signal(t, syscall.SIGHUP)
		k.await(t, false)
		before, now = now, figures{k.s.descriptors(t), k.s.resident(t)}
		if settled(before, now) {
			break
		}
	}
	return now
}

var goroutines = regexp.MustCompile(`(?m)^go_goroutines (\d+)$`)

// goroutines is the fewest that the process has had within a span, which ends early when they are few. Those that wait
// for another question for a moment, and for a connection to close, are none that are left behind.
func (k *soaker) goroutines(t *testing.T, span time.Duration, few int) int {
	t.Helper()
	admin, fewest := newAsker(k.s.admin, false), math.MaxInt
	for end := time.Now().Add(span); fewest > few && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		_, body, err := admin.get("", "/metrics")
		found := goroutines.FindStringSubmatch(body)
		if found == nil {
			t.Fatalf("no number of goroutines: %v, %s", err, body)
		}
		n, _ := strconv.Atoi(found[1]) // digits
		fewest = min(fewest, n)
	}
	return fewest
}
