package acme

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"autoconfig/acme/acmetest"
)

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// world is what the manager is told of, and what it tells.
type world struct {
	log      lockedBuffer
	unlisted atomic.Bool // nothing is listed
	ok, bad  atomic.Int32
	leads    func(host string) error // nil: every name leads here
	clock    atomic.Int64            // seconds the clock is off

	mu      sync.Mutex
	refused map[string]int // by reason
}

// listed takes the three names before example.org, and before c0.example and on.
func (w *world) listed(_ context.Context, host string) error {
	for _, prefix := range prefixes {
		domain, ok := strings.CutPrefix(host, prefix)
		if ok && !w.unlisted.Load() && (domain == "example.org" || customer.MatchString(domain)) {
			return nil
		}
	}
	return ErrNotListed
}

var prefixes = []string{"autoconfig.", "autodiscover.", "ua-auto-config."}

var customer = regexp.MustCompile(`^c[0-9]+\.example$`)

func (w *world) count(result, _, _ string) {
	if result == "ok" {
		w.ok.Add(1)
	} else {
		w.bad.Add(1)
	}
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.clock.Load()) * time.Second) }

func (w *world) refuse(reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused == nil {
		w.refused = map[string]int{}
	}
	w.refused[reason]++
}

func (w *world) refusedFor(reason string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refused[reason]
}

func (w *world) options(url string, storage Storage) Options {
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return Options{
		Authorities: []Authority{{Directory: url}}, Storage: storage, Listed: w.listed, Count: w.count, Log: log, Now: w.now,
		Refusals: NewRefusals(log, w.refuse, w.now),
		Shared:   func(client netip.Addr) bool { return client.IsLoopback() },
		Leads: func(_ context.Context, host string) error {
			if w.leads == nil {
				return nil
			}
			return w.leads(host)
		},
	}
}

// testManager gets certificates from an authority at url, or from those that are given.
func testManager(t testing.TB, url string, storage Storage, authorities ...Authority) (*world, *Manager) {
	t.Helper()
	w := new(world)
	here := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	o := w.options(url, storage)
	if len(authorities) > 0 {
		o.Authorities = authorities
	}
	a := New(o, here, here)
	t.Cleanup(a.close)
	return w, a
}

// handshake is the certificate a client gets for a name.
func handshake(t testing.TB, config *tls.Config, name string, protocols ...string) (*x509.Certificate, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	defer func() { _ = ours.Close() }()
	failed := make(chan error, 1)
	go func() {
		defer func() { _ = theirs.Close() }()
		failed <- tls.Server(theirs, config).Handshake()
	}()
	client := tls.Client(ours, &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: protocols})
	if err := client.Handshake(); err != nil {
		return nil, errors.Join(err, <-failed)
	}
	return client.ConnectionState().PeerCertificates[0], <-failed
}

// keepCertificate stores a certificate as certmagic does.
func keepCertificate(t testing.TB, a *Manager, name string, from, to time.Time) {
	t.Helper()
	acmetest.Keep(t, a.config.Storage, a.o.Authorities[0].Directory, name, from, to)
}

// authority is a loopback server that is no good authority, and counts.
func authority(t testing.TB, answer http.HandlerFunc) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/directory", asked
}

const listedName = "autoconfig.example.org"

// A name that is not listed gets no certificate, and neither the authority nor
// the storage is asked: not for a domain found by MX, a stranger's, the bare
// domain, and a name without a prefix we know.
func TestACMENotListed(t *testing.T) {
	url, asked := authority(t, http.NotFound)
	dir := t.TempDir()
	_, a := testManager(t, url, Folder(dir))
	for _, name := range []string{"autoconfig.customer.example", "autoconfig.live.co.uk", "autoconfig.stranger.example",
		"example.org",
		"www.example.org", "autoconfig.www.example.org", "autoconfig.autoconfig.example.org", "", "127.0.0.1"} {
		for _, protocols := range [][]string{nil, {alpnChallenge}} {
			if cert, err := handshake(t, a.TLSConfig(), name, protocols...); err == nil {
				t.Errorf("%q: %v", name, cert.DNSNames)
			}
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the authority was asked %d times", n)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("in the storage: %v %v", left, err)
	}
}

// An authority that is no good: each is told apart, logged once, counted, shown
// by /readyz, and not asked again for a while.
func TestACMEBadAuthority(t *testing.T) {
	problem := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for _, test := range []struct {
		name, id string
		degraded bool
		answer   http.HandlerFunc
	}{
		{"down", "acme-authority-unreachable", true, nil},
		{"garbage", "acme-authority-garbled", true,
			func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Welcome</html>")) }},
		{"proxy", "acme-authority-garbled", true,
			func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad gateway", http.StatusBadGateway) }},
		{"empty", "acme-authority-garbled", true, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{}"))
		}},
		{"limited", "acme-authority-limit", true,
			problem(429, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many","status":429}`)},
		{"refuses", "acme-name-rejected", false,
			problem(400, `{"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"policy","status":400}`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			url, asked := authority(t, test.answer)
			if test.answer == nil {
				url = "http://127.0.0.1:1/directory"
			}
			w, a := testManager(t, url, Folder(t.TempDir()))
			for range 3 {
				if _, err := handshake(t, a.TLSConfig(), listedName); err == nil {
					t.Fatal("a certificate from nowhere")
				}
			}
			if n := asked.Load(); n > 3 { // certmagic asks for the directory again at once
				t.Errorf("asked %d times", n)
			}
			if said := strings.Count(w.log.String(), `level=ERROR msg="no certificate"`); said != 1 ||
				!strings.Contains(w.log.String(), "id="+test.id) {
				t.Errorf("said %d times:\n%s", said, w.log.String())
			}
			status, reasons := a.Status()
			if (len(reasons) > 0) != test.degraded || status.Failing != 1 || len(status.Faults) != 1 ||
				status.Faults[0].ID != test.id {
				t.Error(status, reasons)
			}
			if w.ok.Load() != 0 || w.bad.Load() != 1 {
				t.Error(w.ok.Load(), w.bad.Load())
			}
		})
	}
}

// A certificate in the storage is served without the authority; in memory it is
// served without the storage, which may be lost.
func TestACMEStorage(t *testing.T) {
	url, asked := authority(t, http.NotFound)
	storage := newMapStorage()
	w, a := testManager(t, url, storage)
	keepCertificate(t, a, listedName, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	if cert, err := handshake(t, a.TLSConfig(), strings.ToUpper(listedName)); err != nil ||
		cert.DNSNames[0] != listedName {
		t.Fatal(cert, err)
	}
	storage.fail(errors.New("the disk is gone"))
	if _, err := handshake(t, a.TLSConfig(), listedName); err != nil {
		t.Error(err)
	}
	if _, err := handshake(t, a.TLSConfig(), "autodiscover.example.org"); err == nil {
		t.Error("a certificate without a storage")
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the authority was asked %d times with nowhere to keep the certificate", n)
	}
	if status, reasons := a.Status(); !strings.Contains(strings.Join(reasons, " "), "the disk is gone") ||
		status.InUse != 1 || a.FirstExpiry().IsZero() {
		t.Error(status, reasons, a.FirstExpiry())
	}
	storage.fail(nil)
	w.clock.Add(int64(storageWait.Seconds()) + 1)
	_, _ = handshake(t, a.TLSConfig(), "autodiscover.example.org") // the authority is no good, but the storage is asked
	if _, reasons := a.Status(); strings.Contains(strings.Join(reasons, " "), "the disk is gone") {
		t.Error(reasons)
	}
	if text := w.log.String(); !strings.Contains(text, "id=acme-storage-failed") ||
		!strings.Contains(text, "storage works again") {
		t.Error(text)
	}
}

// A certificate of a domain that is no longer listed is dropped when it is
// looked after.
func TestACMEUnlisted(t *testing.T) {
	url, _ := authority(t, http.NotFound)
	w, a := testManager(t, url, newMapStorage())
	keepCertificate(t, a, listedName, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	if _, err := handshake(t, a.TLSConfig(), listedName); err != nil {
		t.Fatal(err)
	}
	w.unlisted.Store(true)
	a.maintain(listedName)
	if cert, err := handshake(t, a.TLSConfig(), listedName); err == nil {
		t.Errorf("still served: %v", cert.DNSNames)
	}
}

// The log of the library says nothing of clients and accounts.
func TestZapCore(t *testing.T) {
	url, _ := authority(t, http.NotFound)
	w, a := testManager(t, url, newMapStorage())
	_, _ = handshake(t, a.TLSConfig(), listedName)
	if text := w.log.String(); !strings.Contains(text, "acme: ") || strings.Contains(text, "remote") ||
		strings.Contains(text, "contact") {
		t.Error(text)
	}
}

// The waits between orders grow, to an end.
func TestBackoffWait(t *testing.T) {
	w := new(world)
	b := newBackoff(w.options("", nil))
	now := time.Unix(1e9, 0)
	b.now = func() time.Time { return now }
	var waits []time.Duration
	for range 13 {
		b.failed(&order{name: "n"}, errors.New("no"))
		waits = append(waits, b.names["n"].until.Sub(now))
		if _, early := b.wait("n", fresh); !early {
			t.Error("no wait")
		}
		if _, early := b.wait("other", fresh); early {
			t.Error("a name without failure waits")
		}
		now = b.names["n"].until
		if why, early := b.wait("n", fresh); early {
			t.Error(why)
		}
	}
	if waits[0] != 2*time.Minute || waits[1] != 4*time.Minute || waits[9] != 1024*time.Minute ||
		waits[12] != 24*time.Hour {
		t.Error(waits)
	}
	if b.forget("n"); len(b.names) != 0 {
		t.Error("not forgotten")
	}
	b.failed(&order{name: "n"}, &url.Error{Op: "Get", URL: "https://ca.example", Err: errors.New("refused")})
	if why, early := b.wait("other", fresh); !early || why.ID != "acme-authority-unreachable" {
		t.Error("an authority that is down is asked for another name")
	}
	now = now.Add(authorityWait)
	if _, early := b.wait("other", fresh); early {
		t.Error("it is not asked again")
	}
}

// Names not handed out for two days do not count for the expiry.
func TestRecent(t *testing.T) {
	var h recent
	at := time.Unix(1e9, 0)
	if !h.note("old", at.Add(time.Hour), at) || h.note("old", at.Add(time.Hour), at.Add(time.Second)) {
		t.Error("due at first and not at once again")
	}
	if !h.note("old", at.Add(time.Hour), at.Add(maintainEvery)) {
		t.Error("not due after a while")
	}
	h.note("new", at.Add(100*time.Hour), at)
	at = at.Add(generation + time.Minute)
	h.note("new", at.Add(100*time.Hour), at)
	if first, n := h.firstExpiry(at); n != 2 || first.Unix() != 1e9+3600 {
		t.Error(first, n)
	}
	at = at.Add(generation + time.Minute)
	if first, n := h.firstExpiry(at); n != 1 || first.Unix() <= 1e9+3600 {
		t.Error(first, n)
	}
}

// mapStorage keeps everything in memory, and fails when told to.
type mapStorage struct {
	mu    sync.Mutex
	files map[string][]byte
	err   error
}

func newMapStorage() *mapStorage { return &mapStorage{files: map[string][]byte{}} }

func (m *mapStorage) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *mapStorage) Store(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.files[key] = bytes.Clone(value)
	}
	return m.err
}

func (m *mapStorage) Load(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.files[key]
	if m.err == nil && !ok {
		return nil, fs.ErrNotExist
	}
	return value, m.err
}

func (m *mapStorage) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, key)
	return m.err
}

func (m *mapStorage) Exists(ctx context.Context, key string) bool {
	_, err := m.Load(ctx, key)
	return err == nil
}

func (m *mapStorage) List(_ context.Context, prefix string, _ bool) (keys []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key := range m.files {
		if strings.HasPrefix(key, prefix+"/") {
			keys = append(keys, path.Join(prefix, strings.Split(key[len(prefix)+1:], "/")[0]))
		}
	}
	return keys, m.err
}

func (m *mapStorage) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	_, err := m.Load(ctx, key)
	return certmagic.KeyInfo{Key: key, IsTerminal: true}, err
}

func (m *mapStorage) Lock(context.Context, string) error   { return nil }
func (m *mapStorage) Unlock(context.Context, string) error { return nil }
