//go:build e2e

package acme

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
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

// startSite serves with certificates from Pebble until the end of the test, or from the authorities that are asked before.
func startSite(t *testing.T, storage Storage, before ...Authority) *site {
	t.Helper()
	plain, secure := freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1")
	s := &site{Authority: acmetest.Start(t, acmetest.Options{HTTP: plain, TLS: secure, DNS: names(t).Addr()}),
		world: new(world), tls: secure}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(readFile(t, s.RootFile))
	http1, https := listenOn(t, plain), listenOn(t, secure)
	o := s.world.options(s.Directory, storage)
	o.Authorities[0].Roots = roots
	o.Authorities = append(before, o.Authorities...)
	s.Manager = New(o, http1.Addr(), https.Addr())
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
	const expired = "autoconfig.c2.example" // and is still what the order would name
	keepCertificate(t, s.Manager, expired, time.Now().Add(-80*24*time.Hour), time.Now().Add(-time.Hour))
	if _, err := s.get(expired); err != nil {
		t.Error(err, s.world.log.String())
	}
}

// The first authority is down, limits, or may not issue for the name: the second one issues, for new names and for
// renewals, and the first one is asked again once its time is over. What one of them issued is served whichever is asked.
func TestACMESecondAuthority(t *testing.T) {
	for name, first := range map[string]func(t *testing.T) (url string, asked *atomic.Int32, hold time.Duration){
		"down": func(t *testing.T) (string, *atomic.Int32, time.Duration) {
			return "https://" + freeport.On(t, "127.0.0.1") + "/directory", nil, authorityWait
		},
		"garbled": func(t *testing.T) (string, *atomic.Int32, time.Duration) {
			url, asked := authority(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
			return url, asked, authorityWait
		},
		"hangs": func(t *testing.T) (string, *atomic.Int32, time.Duration) {
			url, asked := slowAuthority(t)
			return url, asked, authorityWait
		},
		"limits": func(t *testing.T) (string, *atomic.Int32, time.Duration) {
			url, asked := limitingAuthority(t, func() string { return "7200" })
			return url, asked, 2 * time.Hour
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, asked, hold := first(t)
			s := startSite(t, newMapStorage(), Authority{Directory: url})
			s.patience = 10 * time.Second // half of it for the first
			get := func(name string) {
				t.Helper()
				if _, err := s.get(name); err != nil {
					t.Fatal(name, err, s.world.log.String())
				}
			}
			get("autoconfig.c1.example")
			count := func() int32 {
				if asked == nil {
					return 0
				}
				return asked.Load()
			}
			n := count()
			get("autoconfig.c2.example")
			if count() != n {
				t.Errorf("the first authority was asked %d times more within its hold", count()-n)
			}
			if _, reasons := s.Status(); len(reasons) != 1 {
				t.Errorf("/readyz says %q", reasons)
			}
			const old = "autoconfig.c3.example" // issued by the first
			keepCertificate(t, s.Manager, old, time.Now().Add(-80*24*time.Hour), time.Now().Add(10*24*time.Hour))
			if _, err := s.load(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			s.maintain(old)
			if n := s.Orders()[old]; n != 1 {
				t.Errorf("%d orders of a renewal", n)
			}
			get(old)
			s.world.clock.Store(int64(hold.Seconds()) + 60)
			n = count()
			get("autoconfig.c4.example")
			if asked != nil && count() == n {
				t.Error("the first authority is not asked again")
			}
		})
	}
}

// An authority that wants an external account takes orders with its key, and none with another.
func TestACMEExternalAccount(t *testing.T) {
	key := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	other := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
	plain, secure := freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1") // of nobody: there is nothing to verify
	bound := acmetest.Start(t, acmetest.Options{HTTP: plain, TLS: secure, DNS: names(t).Addr(), KeyID: "kid-1", Key: key})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(readFile(t, bound.RootFile))
	for used, want := range map[string]int{key: 1, other: 0} {
		_, a := testManager(t, bound.Directory, newMapStorage(),
			Authority{Directory: bound.Directory, KeyID: "kid-1", Key: used, Roots: roots})
		name := fmt.Sprintf("autoconfig.c%d.example", want)
		if _, err := handshake(t, a.TLSConfig(), name); err == nil {
			t.Error("the authority finds nothing to verify, and issues")
		}
		if n := bound.Orders()[name]; (n > 0) != (want > 0) {
			t.Errorf("%d orders for %s", n, name)
		}
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
		keepCertificate(t, a, fmt.Sprintf("autoconfig.c%d.example", i), time.Now().Add(-time.Hour),
			time.Now().Add(60*24*time.Hour))
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
		if store.locks.find("n", o) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the lock is still kept")
}
