package discover

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/query"
	"autoconfig/provider"
)

// web is what stands in for the Internet: a server on http and one on https
// that answer for every host, and DNS.
type web struct {
	t     *testing.T
	dns   *dnstest.Server
	http  *httptest.Server
	https *httptest.Server
	ca    *authority
	env   *Env

	mu       sync.Mutex
	answers  map[string]reply // by URL without query, GET; "POST URL" for a POST
	open     map[string]bool  // host:port that a guess finds open
	bad      map[string]func(*x509.Certificate)
	unsigned map[string]bool
	requests []string
}

// reply is one answer.
type reply struct {
	status   int
	kind     string // Content-Type; "-": none
	body     string
	location string
	coding   string
	handler  http.HandlerFunc
}

// known are the hosts that connect to the servers; others are left to DNS.
func known(host string) bool {
	return host == "ispdb.test" || strings.HasSuffix(host, ".example.test") || host == "example.test" ||
		provider.Below(host, "hoster.test") || provider.Below(host, "foreign.test") || provider.Below(host, "outlook.com")
}

const zoneHead = "$ORIGIN example.test.\n$TTL 3600\n@ SOA ns1 hostmaster 1 3600 600 86400 300\n"

// newWeb makes the servers with DNS records in the zone example.test.
func newWeb(t *testing.T, records ...string) *web {
	t.Helper()
	w := &web{t: t, answers: map[string]reply{}, open: map[string]bool{}, bad: map[string]func(*x509.Certificate){},
		unsigned: map[string]bool{}}
	w.dns = dnstest.Start(t, zoneHead+strings.Join(records, "\n")+"\n", "test. SOA ns. h. 1 2 3 4 5\n")
	w.ca = newAuthority(t)
	w.http = httptest.NewServer(w.handler("http"))
	w.https = httptest.NewUnstartedServer(w.handler("https"))
	w.https.Config.ErrorLog = quiet()
	w.https.TLS = &tls.Config{GetCertificate: w.certificate}
	w.https.StartTLS()
	w.https.TLS.Certificates = nil
	open, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.http.Close(); w.https.Close(); open.Close() })
	client := query.New(query.Options{Resolvers: []string{w.dns.Addr()}, Timeout: 5 * time.Second, Tries: 2,
		Backoff: time.Millisecond})
	w.env = NewEnv(client)
	w.env.Roots = w.ca.pool
	w.env.ISPDB = "https://ispdb.test/v1.1/"
	w.env.ConnectTo = func(hostPort string) string {
		host, port, _ := net.SplitHostPort(hostPort)
		switch {
		case w.open[hostPort]:
			return open.Addr().String()
		case known(host) && port == "80":
			return w.http.Listener.Addr().String()
		case known(host) && port == "443":
			return w.https.Listener.Addr().String()
		}
		return hostPort
	}
	return w
}

// handler answers from the table, 404 for the rest, and keeps each request.
func (w *web) handler(scheme string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.requests = append(w.requests, wire(scheme, r, string(body)))
		key := scheme + "://" + r.Host + r.URL.Path
		if r.Method == http.MethodPost {
			key = "POST " + key
		}
		a, ok := w.answers[key]
		w.mu.Unlock()
		if !ok {
			http.NotFound(rw, r)
			return
		}
		if a.handler != nil {
			a.handler(rw, r)
			return
		}
		switch a.kind {
		case "":
			rw.Header().Set("Content-Type", "text/xml; charset=utf-8")
		case "-":
			rw.Header()["Content-Type"] = nil
		default:
			rw.Header().Set("Content-Type", a.kind)
		}
		if a.location != "" {
			rw.Header().Set("Location", a.location)
		}
		if a.coding != "" {
			rw.Header().Set("Content-Encoding", a.coding)
		}
		if a.status == 0 {
			a.status = http.StatusOK
		}
		rw.WriteHeader(a.status)
		_, _ = io.WriteString(rw, a.body)
	})
}

// wire is a request as it stood on the wire, headers sorted.
func wire(scheme string, r *http.Request, body string) string {
	var lines []string
	for name, values := range r.Header {
		lines = append(lines, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(lines)
	out := r.Method + " " + r.RequestURI + " " + r.Proto + " (" + scheme + ")\nHost: " + r.Host + "\n" +
		strings.Join(lines, "\n") + "\n"
	if body != "" {
		out += "\n" + body + "\n"
	}
	return strings.TrimRight(out, "\n") + "\n"
}

// sent are the requests that came so far, in the order they came.
func (w *web) sent() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

func (w *web) run(names ...string) *Report {
	w.t.Helper()
	r, err := Run(context.Background(), w.env, user().addr, names...)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// authority signs the certificates of the test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool

	mu   sync.Mutex
	made map[string]*tls.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true,
		BasicConstraintsValid: true,
		NotBefore:             time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &authority{cert: cert, key: key, pool: pool, made: map[string]*tls.Certificate{}}
}

// certificate is a good one for the name asked, spoilt where a test wants it.
func (w *web) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	w.mu.Lock()
	spoil, unsigned := w.bad[hello.ServerName], w.unsigned[hello.ServerName]
	w.mu.Unlock()
	return w.ca.issue(hello.ServerName, spoil, unsigned)
}

func (a *authority) issue(name string, spoil func(*x509.Certificate), unsigned bool) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.made[name]; c != nil {
		return c, nil
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		DNSNames:  []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if spoil != nil {
		spoil(template)
	}
	parent := a.cert
	if unsigned {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	c := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
	a.made[name] = c
	return c, nil
}
