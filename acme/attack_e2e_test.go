//go:build e2e

package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"autoconfig/acme/acmetest"
	"autoconfig/acme/pgtest"
	"autoconfig/e2e/freeport"
)

// site is a manager at open listeners, with an authority that verifies them.
type site struct {
	*Manager
	*acmetest.Authority
	world *world
	tls   string
}

// startSite serves with certificates from Pebble until the end of the test.
func startSite(t *testing.T, storage Storage) *site {
	t.Helper()
	plain, secure := freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1")
	s := &site{Authority: acmetest.Start(t, acmetest.Options{HTTP: plain, TLS: secure, DNS: names(t).Addr()}), world: new(world), tls: secure}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(readFile(t, s.RootFile))
	http1, https := listenOn(t, plain), listenOn(t, secure)
	s.Manager = New(s.world.options(s.Directory, storage), http1.Addr(), https.Addr())
	s.issuer = trusting(s.config, s.issuer, roots)
	trusting(s.plain, s.issuer, roots)
	srv := &http.Server{Handler: s.Challenges(http.NotFoundHandler())}
	go func() { _ = srv.Serve(http1) }()
	go func() { _ = srv.Serve(tls.NewListener(https, s.TLSConfig())) }()
	t.Cleanup(func() {
		_ = srv.Close()
		s.close()
	})
	return s
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// trusting has the issuer of a configuration trust the authority's own https.
func trusting(config *certmagic.Config, from *certmagic.ACMEIssuer, roots *x509.CertPool) *certmagic.ACMEIssuer {
	by := certmagic.NewACMEIssuer(config, certmagic.ACMEIssuer{CA: from.CA, Agreed: true, Logger: from.Logger, TrustedRoots: roots,
		ListenHost: from.ListenHost, AltTLSALPNPort: from.AltTLSALPNPort, AltHTTPPort: from.AltHTTPPort})
	config.Issuers = []certmagic.Issuer{by}
	return by
}

// get is the serial number of the certificate a client gets that trusts the
// authority alone.
func (s *site) get(name string) (string, error) {
	return (&replica{tls: s.tls}).get(s.Authority, name)
}

// While the disk is full, what was ordered is served and not ordered again, other
// names wait, and what is on the disk stays whole; once there is room, all of it
// is stored.
func TestACMEDiskFull(t *testing.T) {
	var full atomic.Bool
	folder := Folder(t.TempDir())
	s := startSite(t, noRoom{folder, &full})
	const name, due = "autoconfig.c1.example", "autoconfig.c2.example"
	keepCertificate(t, s.Manager, due, time.Now().Add(-80*24*time.Hour), time.Now().Add(10*24*time.Hour))
	full.Store(true)
	first, err := s.get(name)
	if err != nil {
		t.Fatal(err)
	}
	s.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: name}})
	if again, err := s.get(name); err != nil || again != first {
		t.Errorf("%s, then %s: %v", first, again, err)
	}
	if _, err := s.get("autoconfig.c3.example"); err == nil {
		t.Error("a certificate was ordered with nowhere to keep it")
	}
	if _, err := s.load(t.Context(), due); err != nil {
		t.Fatal(err)
	}
	s.maintain(due) // a renewal, which is held too
	if orders := s.Orders(); len(orders) != 1 || orders[name] != 1 {
		t.Error(orders)
	}
	if _, reasons := s.Status(); len(reasons) == 0 {
		t.Error("/readyz says nothing")
	}
	_, other := testManager(t, s.Directory, folder) // after a crash
	if _, err := other.load(t.Context(), due); err != nil {
		t.Errorf("the certificate from before is lost: %v", err)
	}
	full.Store(false)
	s.world.clock.Store(int64(storageWait.Seconds()) + 1)
	if _, err := s.get("autoconfig.c3.example"); err != nil {
		t.Error(err)
	}
	if cert, err := other.load(t.Context(), name); err != nil || cert.Leaf.SerialNumber.String() != first {
		t.Errorf("not stored: %v", err)
	}
}

// noRoom is a storage with room for small things alone.
type noRoom struct {
	Storage
	full *atomic.Bool
}

func (n noRoom) Store(ctx context.Context, key string, value []byte) error {
	if n.full.Load() && strings.HasPrefix(key, assets) {
		return syscall.ENOSPC
	}
	return n.Storage.Store(ctx, key, value)
}

// A renewal does not fail because the authority does not know the certificate
// that it replaces.
func TestACMEReplaces(t *testing.T) {
	s := startSite(t, newMapStorage())
	const name = "autoconfig.c1.example"
	keepCertificate(t, s.Manager, name, time.Now().Add(-80*24*time.Hour), time.Now().Add(10*24*time.Hour))
	if _, err := s.load(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	s.maintain(name)
	if _, err := s.get(name); err != nil {
		t.Error(err, s.world.log.String())
	}
	if n := s.Orders()[name]; n != 2 {
		t.Errorf("%d orders, the first with replaces", n)
	}
}

// Two hundred hostile handshakes are open while a thousand clients of an office
// find the certificates that are in PostgreSQL, which no memory knows yet.
func TestACMEAttackPostgres(t *testing.T) {
	store, err := OpenPostgres(pgtest.Start(t).DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	url, _ := slowAuthority(t)
	_, a := testManager(t, url, store)
	const stored = 20
	for i := range stored {
		keepCertificate(t, a, fmt.Sprintf("autoconfig.c%d.example", i), time.Now().Add(-time.Hour), time.Now().Add(60*24*time.Hour))
	}
	for i := range 200 {
		go func() {
			_, _ = visit(a.TLSConfig(), fmt.Sprintf("198.51.%d.7", i), fmt.Sprintf("ua-auto-config.c%d.example", 100+i))
		}()
	}
	var lost atomic.Int32
	for round := range 2 {
		var office sync.WaitGroup
		for i := range 40 {
			office.Go(func() {
				if _, err := visit(a.TLSConfig(), "203.0.113.9", fmt.Sprintf("autoconfig.c%d.example", i%stored)); err != nil {
					lost.Add(1)
					t.Log(round, err)
				}
			})
		}
		office.Wait()
		for i := range stored {
			a.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: fmt.Sprintf("autoconfig.c%d.example", i)}})
		}
	}
	if n := lost.Load(); n != 0 {
		t.Errorf("%d of 80 lost", n)
	}
}

// An order whose lock somebody else has ends, and the lock's keeper with it.
func TestPostgresLockLost(t *testing.T) {
	store := open(t, pgtest.Start(t).DSN)
	ctx, end := context.WithCancelCause(t.Context())
	o := &order{name: "n", end: end}
	if err := store.Lock(context.WithValue(ctx, orderKey{}, o), "n"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.db.ExecContext(t.Context(), `UPDATE autoconfig_locks SET holder = 'another'`); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(lease):
		t.Fatal("the order goes on")
	}
	if cause := context.Cause(ctx); !errors.Is(cause, errLockLost) {
		t.Error(cause)
	}
	for range 100 {
		if key := (heldKey{"n", o}); store.locks.find(&key) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the lock is still kept")
}
