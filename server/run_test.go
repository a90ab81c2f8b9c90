package server

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// keyPair writes a self-signed certificate with a serial number.
func keyPair(t *testing.T, serial int64) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "autoconfig.example.org"},
		DNSNames:  []string{"autoconfig.example.org"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := tls.X509KeyPair(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	if err != nil {
		t.Fatal(err)
	}
	return &cert
}

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

func (l *lockedBuffer) find(re *regexp.Regexp) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return re.FindStringSubmatch(l.b.String())
}

// running starts a server, and says where it listens: addrs[1] to addrs[3] are
// the plain, the https and the admin listener, those there are.
func running(t *testing.T, ctx context.Context, s *Server, log *lockedBuffer, l Listen) (addrs []string,
	ended <-chan error) {
	t.Helper()
	end := make(chan error, 1)
	go func() { end <- s.Run(ctx, l) }()
	re := regexp.MustCompile(`msg=listening addr=(\S+)(?: tls=(\S+))?(?: admin=(\S+))?`)
	for addrs == nil {
		select {
		case err := <-end:
			t.Fatal(err)
		case <-time.After(5 * time.Millisecond):
			addrs = log.find(re)
		}
	}
	return addrs, end
}

// Run opens its listeners, serves http, https and the admin port, takes a new
// certificate while it serves, and ends without an error.
func TestRun(t *testing.T) {
	var cert Certificate
	cert.Store(keyPair(t, 1))
	log := &lockedBuffer{}
	o := testOptions(nil)
	o.Log, o.ServesTLS = slog.New(slog.NewTextHandler(log, nil)), true
	s := New(o)
	s.Use(world(t))
	ctx, stop := context.WithCancel(t.Context())
	if got := bodyOf(t, ask(t, s.Admin(), "GET /metrics", "")); !strings.Contains(got,
		"\nautoconfig_certificate_expiry_seconds 0\n") {
		t.Error("a certificate ends before there is one")
	}
	ready := make(chan net.Addr, 1)
	addrs, ended := running(t, ctx, s, log,
		Listen{HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Admin: "127.0.0.1:0", Certificate: &cert,
			Ready: func(at net.Addr) { ready <- at }})
	eventually(t, "the caller hears that the listeners are open", func() bool { return len(ready) == 1 })
	if at := <-ready; at == nil || at.String() != addrs[1] {
		t.Errorf("ready at %v, listening at %s", at, addrs[1])
	}
	want := fmt.Sprintf("\nautoconfig_certificate_expiry_seconds %g\n", float64(cert.Load().Leaf.NotAfter.Unix()))
	if !strings.Contains(bodyOf(t, ask(t, s.Admin(), "GET /metrics", "")), want) {
		t.Errorf("no %q", want)
	}
	if r, err := http.Get("http://" + addrs[3] + "/readyz"); err != nil || r.StatusCode != 200 {
		t.Errorf("/readyz: %v %v", r, err)
	}
	serial := func() (int64, string) {
		conn, err := tls.Dial("tcp", addrs[2],
			&tls.Config{InsecureSkipVerify: true, ServerName: "autoconfig.example.org", NextProtos: []string{"h2", "http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		state := conn.ConnectionState()
		return state.PeerCertificates[0].SerialNumber.Int64(), state.NegotiatedProtocol
	}
	if n, proto := serial(); n != 1 || proto != "h2" {
		t.Errorf("certificate %d, protocol %s", n, proto)
	}
	cert.Store(keyPair(t, 2))
	if n, _ := serial(); n != 2 {
		t.Errorf("the new certificate is not served: %d", n)
	}
	if _, err := tls.Dial("tcp", addrs[2],
		&tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", addrs[1]); err == nil {
		_ = conn.Close()
		t.Error("still listening")
	}
}

func TestRunCannotListen(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	s := newTestServer(t, nil)
	if err := s.Run(t.Context(), Listen{HTTP: "127.0.0.1:0", Admin: ln.Addr().String()}); err == nil {
		t.Error("no error for a port that is taken")
	}
}

// A request under way is finished after the signal to stop.
func TestDrain(t *testing.T) {
	log := &lockedBuffer{}
	o := testOptions(nil)
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	s := New(o)
	s.Use(world(t))
	ctx, stop := context.WithCancel(t.Context())
	addrs, ended := running(t, ctx, s, log, Listen{HTTP: "127.0.0.1:0"})
	conn, err := net.Dial("tcp", addrs[1])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("POST /mobileconfig HTTP/1.1\r\nHost: x.example\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	begun := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n")) // sent when the handler reads the body
	if _, err := io.ReadFull(conn, begun); err != nil {
		t.Fatal(err)
	}
	stop()
	for !s.stopping.Load() {
		time.Sleep(time.Millisecond)
	}
	if _, err := conn.Write([]byte("email=a%40live.co.uk")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 15)
	if _, err := conn.Read(answer); err != nil || string(answer) != "HTTP/1.1 200 OK" {
		t.Errorf("%q, %v", answer, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// While it drains, the server accepts and answers, and asks each client to come
// back on a new connection, which a proxy gives to another replica.
func TestDrainClosesConnections(t *testing.T) {
	log := &lockedBuffer{}
	o := testOptions(nil)
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	s := New(o)
	s.Use(world(t))
	ctx, stop := context.WithCancel(t.Context())
	addrs, ended := running(t, ctx, s, log, Listen{HTTP: "127.0.0.1:0", Drain: time.Second})
	get := func() bool {
		r, err := http.Get("http://" + addrs[1] + "/api/v1/settings?email=a@live.co.uk")
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatal(r, err)
		}
		_ = r.Body.Close()
		return r.Close
	}
	if get() {
		t.Error("closed before the stop")
	}
	begin := time.Now()
	stop()
	for !s.stopping.Load() {
		time.Sleep(time.Millisecond)
	}
	if !get() {
		t.Error("not closed while draining")
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if drained := time.Since(begin); drained < time.Second {
		t.Errorf("drained for %v of a second", drained)
	}
}
