//go:build e2e

package acme

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5"

	"autoconfig/acme/acmetest"
	"autoconfig/acme/pgtest"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/freeport"
)

// replicaSettings are what TestReplica is started with, in its environment: the
// library keeps state by process, so that a replica must be one.
type replicaSettings struct {
	Directory, Folder, Database, HTTP, TLS string
	Quiet                                  bool // no debug log
}

const replicaEnv = "AUTOCONFIG_TEST_REPLICA"

// TestReplica is no test but a replica, started by the tests below.
func TestReplica(t *testing.T) {
	text := os.Getenv(replicaEnv)
	if text == "" {
		t.Skip("started by other tests only")
	}
	var r replicaSettings
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	certmagic.RateLimitEvents = 1000
	storage := Folder(r.Folder)
	if r.Database != "" {
		store, err := OpenPostgres(r.Database)
		if err != nil {
			t.Fatal(err)
		}
		storage = store
	}
	w := new(world)
	o := w.options(r.Directory, storage)
	level := slog.LevelDebug
	if r.Quiet {
		level = slog.LevelInfo
	}
	o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM)
	defer stop()
	var plain net.Listener
	var plainAddr net.Addr
	if r.HTTP != "" {
		plain = listenOn(t, r.HTTP)
		plainAddr = plain.Addr()
	}
	secure := listenOn(t, r.TLS)
	a := New(o, plainAddr, secure.Addr())
	if plain != nil {
		go func() { _ = http.Serve(plain, a.Challenges(w)) }() // ends with the process
	}
	go func() { _ = http.Serve(tls.NewListener(secure, a.TLSConfig()), http.NotFoundHandler()) }()
	o.Log.Info("listening", "tls", secure.Addr(), "plain", plainAddr)
	a.Run(ctx)
}

func listenOn(t *testing.T, addr string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// ServeHTTP sets the clock to what a request says.
func (w *world) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	if seconds, err := strconv.ParseInt(r.Header.Get("X-Clock"), 10, 64); err == nil {
		w.clock.Store(seconds)
	}
}

var listening = regexp.MustCompile(`msg=listening tls=(\S+) plain=(\S+)`)

// replica is a started one.
type replica struct {
	tls   string
	log   *lockedBuffer
	plain string
	kill  func() // at once
}

func startReplica(t *testing.T, a *acmetest.Authority, r replicaSettings) *replica {
	t.Helper()
	r.Directory = a.Directory
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestReplica$", "-test.v=false")
	cmd.Env = append(os.Environ(), replicaEnv+"="+string(text), "SSL_CERT_FILE="+a.RootFile)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // stopped by us
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for range 1000 {
		if m := listening.FindStringSubmatch(log.String()); m != nil {
			kill := func() {
				_ = cmd.Process.Kill() // it is there
				_ = cmd.Wait()
			}
			return &replica{m[1], log, m[2], kill}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the replica did not start")
	return nil
}

// names resolve to this machine.
func names(t *testing.T) *dnstest.Server {
	t.Helper()
	var zone strings.Builder
	zone.WriteString("example. SOA ns.example. root.example. 1 3600 600 86400 60\n")
	for i := range 40 {
		for _, prefix := range prefixes {
			fmt.Fprintf(&zone, "%sc%d.example. A 127.0.0.1\n", prefix, i)
		}
	}
	return dnstest.Start(t, zone.String())
}

// get is the certificate's expiry and serial number that a client gets, which
// trusts the authority alone.
func (r *replica) get(a *acmetest.Authority, name string) (serial string, err error) {
	d := tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: a.Roots},
		NetDialer: &net.Dialer{Timeout: 40 * time.Second}}
	conn, err := d.Dial("tcp", r.tls)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// Twenty names are asked for at once at each of two replicas over one database.
// All get their certificate, the same from both, and each is ordered once,
// although the authority finds the proofs at one of them only.
func TestACMEReplicas(t *testing.T) {
	pg, dns := pgtest.Start(t), names(t)
	first := replicaSettings{Database: pg.DSN, HTTP: freeport.On(t, "127.0.0.1"), TLS: freeport.On(t, "127.0.0.1")}
	a := acmetest.Start(t, acmetest.Options{HTTP: first.HTTP, TLS: first.TLS, DNS: dns.Addr()})
	replicas := []*replica{startReplica(t, a, first),
		startReplica(t, a, replicaSettings{Database: pg.DSN, HTTP: "127.0.0.1:0", TLS: "127.0.0.1:0"})}
	var serials [2][20]string
	var all sync.WaitGroup
	for i, r := range replicas {
		for n := range 20 {
			all.Go(func() {
				var err error
				if serials[i][n], err = r.get(a, fmt.Sprintf("%sc%d.example", prefixes[n%3], n)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if serials[0] != serials[1] {
		t.Errorf("the replicas have different certificates:\n%v\n%v", serials[0], serials[1])
	}
	orders := a.Orders()
	if len(orders) != 20 {
		t.Errorf("%d names ordered", len(orders))
	}
	for name, n := range orders {
		if n != 1 {
			t.Errorf("%s ordered %d times", name, n)
		}
	}
	t.Run("LockedTable", func(t *testing.T) { lockedStorage(t, pg.DSN, a, replicas[1]) })
}

// While somebody locks the table, certificates in memory are served at once, and
// nothing is ordered that could not be kept; afterwards it goes on by itself.
func lockedStorage(t *testing.T, dsn string, a *acmetest.Authority, r *replica) {
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE autoconfig_certificates IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	before := len(a.Orders())
	const fresh = "autoconfig.c30.example"
	failed := make(chan error, 1)
	go func() {
		_, err := r.get(a, fresh)
		failed <- err
	}()
	for waiting := true; waiting; {
		if _, err := r.get(a, "autoconfig.c0.example"); err != nil {
			t.Error(err)
		}
		select {
		case err := <-failed:
			if waiting = false; err == nil {
				t.Error("a certificate without a storage")
			}
		case <-time.After(50 * time.Millisecond):
		}
	}
	if n := len(a.Orders()); n != before {
		t.Errorf("%d orders with nowhere to keep the certificate", n-before)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err = r.get(a, fresh); err == nil {
			return
		}
		time.Sleep(250 * time.Millisecond)
	}
	t.Errorf("still no certificate: %v", err)
}

// Each of the two challenges works alone, and a name that is not listed or was
// found by MX is not ordered.
func TestACMEChallenges(t *testing.T) {
	dns := names(t)
	for _, test := range []struct {
		name string
		dead func(*acmetest.Options, *replicaSettings)
	}{
		{"http-01", func(o *acmetest.Options, _ *replicaSettings) { o.TLS = "127.0.0.1:1" }},
		{"tls-alpn-01", func(_ *acmetest.Options, r *replicaSettings) { r.HTTP = "" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := replicaSettings{Folder: t.TempDir(), HTTP: freeport.On(t, "127.0.0.1"), TLS: freeport.On(t, "127.0.0.1")}
			o := acmetest.Options{HTTP: r.HTTP, TLS: r.TLS, DNS: dns.Addr()}
			test.dead(&o, &r)
			a := acmetest.Start(t, o)
			up := startReplica(t, a, r)
			if _, err := up.get(a, "autoconfig.c1.example"); err != nil {
				t.Error(err)
			}
			for _, name := range []string{"autoconfig.customer.example", "autoconfig.stranger.example", "c1.example",
				"mail.c1.example"} {
				if _, err := up.get(a, name); err == nil {
					t.Errorf("%s got a certificate", name)
				}
			}
			if orders := a.Orders(); len(orders) != 1 || orders["autoconfig.c1.example"] == 0 {
				t.Errorf("%v", orders)
			}
			if log := up.log.String(); !strings.Contains(log, "challenge_type="+test.name) {
				t.Error("the other challenge was used")
			}
		})
	}
}

// A certificate near its end is renewed while clients come without a pause: none
// is refused, it is ordered once, and the new one takes over.
func TestACMERenewal(t *testing.T) {
	dns := names(t)
	r := replicaSettings{Folder: t.TempDir(), HTTP: freeport.On(t, "127.0.0.1"), TLS: freeport.On(t, "127.0.0.1")}
	a := acmetest.Start(t, acmetest.Options{HTTP: r.HTTP, TLS: r.TLS, DNS: dns.Addr()})
	const name = "autoconfig.c1.example"
	_, writer := testManager(t, a.Directory, Folder(r.Folder))
	keepCertificate(t, writer, name, time.Now().Add(-80*24*time.Hour), time.Now().Add(10*24*time.Hour))
	up := startReplica(t, a, r)
	var handshakes, renewed atomic.Int32
	var all sync.WaitGroup
	deadline := time.Now().Add(30 * time.Second)
	for range 4 {
		all.Go(func() {
			for renewed.Load() < 50 && time.Now().Before(deadline) {
				conn, err := tls.Dial("tcp", up.tls, &tls.Config{ServerName: name, InsecureSkipVerify: true})
				if err != nil {
					t.Error(err)
					return
				}
				if len(conn.ConnectionState().PeerCertificates) > 1 { // the old one was signed by itself
					renewed.Add(1)
				}
				handshakes.Add(1)
				_ = conn.Close()
			}
		})
	}
	all.Wait()
	if renewed.Load() < 50 {
		t.Errorf("the new certificate did not take over in %d handshakes", handshakes.Load())
	}
	if n := a.Orders()[name]; n != 2 { // the first names the old certificate, which this authority has not issued (RFC 9773 §5)
		t.Errorf("ordered %d times", n)
	}
	t.Logf("%d handshakes, %d of them with the new certificate", handshakes.Load(), renewed.Load())
}
