// Package acmetest runs Let's Encrypt's Pebble, an ACME authority (RFC 8555)
// made for tests, within the test.
package acmetest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// Authority is a running Pebble on a loopback port.
type Authority struct {
	Directory string         // URL
	RootFile  string         // PEM: what its own https is signed by, for SSL_CERT_FILE
	Roots     *x509.CertPool // what its certificates are signed by

	mu     sync.Mutex
	orders map[string]int
}

// Options say where an authority looks for the proofs.
type Options struct {
	HTTP, TLS string                          // IP:PORT of the servers it verifies, instead of ports 80 and 443
	DNS       string                          // HOST:PORT of the resolver
	KeyID     string                          // of the external account that it wants; empty: none
	Key       string                          // of that, in base64url
	Front     func(http.Handler) http.Handler // what is before it; may be nil
}

// OrderPath is where orders are sent to.
const OrderPath = "/order-plz"

const year = 365 * 24 * 3600 // seconds

// Start starts an authority that is stopped with the test. Each issued
// certificate is valid for 90 days.
func Start(t testing.TB, o Options) *Authority {
	t.Helper()
	// Pebble's delays and errors on purpose, which a test of its own would want
	for key, value := range map[string]string{"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"} {
		t.Setenv(key, value)
	}
	logger := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	if err := store.AddExternalAccountKeyByID(o.KeyID, o.Key); o.KeyID != "" && err != nil {
		t.Fatal(err)
	}
	issuer := ca.New(logger, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: year / 4}})
	wait := 1 // seconds that it asks for between two looks at an order
	if o.Front != nil {
		wait = 0
	}
	verifier := va.New(logger, port(o.HTTP), port(o.TLS), false, o.DNS, store)
	front := wfe.New(logger, store, verifier, issuer, []string{"pebble.letsencrypt.org"}, false, o.KeyID != "", wait, wait)
	a := &Authority{Roots: x509.NewCertPool(), orders: map[string]int{}}
	handler := a.counting(front.Handler())
	if o.Front != nil {
		handler = o.Front(handler)
	}
	srv := httptest.NewUnstartedServer(handler)
	srv.Config.ErrorLog = logger
	srv.StartTLS()
	t.Cleanup(srv.Close)
	a.Directory = srv.URL + wfe.DirectoryPath
	a.RootFile = filepath.Join(t.TempDir(), "authority.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(a.RootFile, text, 0o644); err != nil {
		t.Fatal(err)
	}
	a.Roots.AppendCertsFromPEM(issuer.GetRootCert(0).PEM())
	return a
}

func port(addr string) int { return int(netip.MustParseAddrPort(addr).Port()) }

// counting counts the orders (RFC 8555 §7.4) by name.
func (a *Authority) counting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == OrderPath {
			body, _ := io.ReadAll(r.Body) // what is missing the authority will refuse
			r.Body = io.NopCloser(bytes.NewReader(body))
			a.count(body)
		}
		next.ServeHTTP(w, r)
	})
}

func (a *Authority) count(body []byte) {
	var signed struct{ Payload string }
	var order struct{ Identifiers []struct{ Value string } }
	if json.Unmarshal(body, &signed) != nil {
		return
	}
	payload, err := base64.RawURLEncoding.DecodeString(signed.Payload)
	if err != nil || json.Unmarshal(payload, &order) != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range order.Identifiers {
		a.orders[id.Value]++
	}
}

// Orders counts the orders so far, by name.
func (a *Authority) Orders() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.orders)
}

// Keep stores a certificate for name, signed by itself, as one that the authority at directory issued.
func Keep(t testing.TB, storage certmagic.Storage, directory, name string, from, to time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(from.UnixNano()), DNSNames: []string{name}, NotBefore: from,
		NotAfter: to, AuthorityKeyId: []byte("key")}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM, err := certmagic.PEMEncodePrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := json.Marshal(certmagic.CertificateResource{SANs: []string{name},
		IssuerData: fmt.Appendf(nil, `{"ca": %q}`, directory)})
	if err != nil {
		t.Fatal(err)
	}
	keys, issuer := certmagic.StorageKeys, (&certmagic.ACMEIssuer{CA: directory}).IssuerKey()
	for file, content := range map[string][]byte{
		keys.SiteCert(issuer, name):       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		keys.SitePrivateKey(issuer, name): keyPEM,
		keys.SiteMeta(issuer, name):       meta,
	} {
		if err := storage.Store(t.Context(), file, content); err != nil {
			t.Fatal(err)
		}
	}
}
