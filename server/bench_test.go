package server

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"autoconfig/apple"
)

// nothing is a ResponseWriter that keeps its header and drops the body.
type nothing struct{ h http.Header }

func (n nothing) Header() http.Header         { return n.h }
func (n nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n nothing) WriteHeader(int)             {}

// BenchmarkServe is the handler alone, without net/http around it.
func BenchmarkServe(b *testing.B) {
	s := newTestServer(b, func(_ *Options, set *Settings) { set.Records = exampleRecords })
	for _, bench := range []struct{ name, line, body string }{
		{"records", "GET http://x.example/records/example.org", ""},
		{"autoconfig", "GET http://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=user%40example.org", ""},
		{"autoconfig-by-mx",
			"GET http://autoconfig.customer.example/mail/config-v1.1.xml?emailaddress=user%40customer.example", ""},
		{"miss", "GET http://192.0.2.1/mail/config-v1.1.xml", ""},
		{"autodiscover", "POST http://autodiscover.example.org/autodiscover/autodiscover.xml",
			poxBody("outlook/responseschema/2006a", "user@example.org")},
		{"v2", "GET http://x.example/autodiscover/autodiscover.json?Email=user@example.org&Protocol=AutodiscoverV1", ""},
		{"pacc", "GET http://ua-auto-config.example.org/.well-known/user-agent-configuration.json", ""},
		{"settings", "GET http://x.example/settings/live.co.uk", ""},
		{"mobileconfig", "GET http://x.example/mobileconfig?email=user@example.org", ""},
		{"setup", "GET http://x.example/setup?email=user@live.co.uk", ""},
	} {
		b.Run(bench.name, func(b *testing.B) { serveAgain(b, s, bench.line, bench.body) })
	}
}

// serveAgain serves one request again and again.
func serveAgain(b *testing.B, s *Server, line, body string) {
	b.Helper()
	method, target, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:1" // a trusted proxy is not limited
	r.Header.Set("Accept-Language", "en-US,en;q=0.9")
	path := r.URL.Path
	b.ReportAllocs()
	before := processor(b)
	for b.Loop() {
		r.URL.Path = path
		if body != "" {
			r.Body = io.NopCloser(strings.NewReader(body))
		}
		s.ServeHTTP(nothing{http.Header{}}, r)
	}
	b.ReportMetric(float64((processor(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// processor is the processor time of this process, which other processes do not
// lengthen.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWorst is the costliest request that is known of each route, within
// the bounds of a URL and a body. None may take 10 ms of processor time.
func BenchmarkWorst(b *testing.B) {
	s := newTestServer(b, func(_ *Options, set *Settings) { set.Signer = rsaSigner(b) })
	bang := strings.Repeat("%21", 64) + "%40"
	var several []string // addresses of as many providers as there are, for the page with most groups
	for i := range 10 {
		several = append(several,
			fmt.Sprintf("email=%s%s", bang, []string{"example.org", "live.co.uk", "oauth.example", "outlook.com"}[i%4]))
	}
	ten := strings.Join(several, "&")
	mail := strings.Repeat("email="+bang+"example.org&", 10)
	pairs := strings.Repeat("&a=%41", 600)
	names := "xn--" + strings.Repeat("a", 50) + "." // of labels that IDNA must look at
	host := strings.Repeat("ü.", 60) + "example"
	words := strings.Repeat("535 5.7.139 basic authentication is disabled STARTTLS ", 1200)
	for _, bench := range []struct{ name, line, body string }{
		{"autoconfig", "GET http://" + names + "example.org/mail/config-v1.1.xml?x" + pairs + "&emailaddress=" + bang +
			url.QueryEscape(host), ""},
		{"ispdb", "GET http://x.example/v1.1/" + url.PathEscape(host), ""},
		{"autodiscover", "POST http://x.example/autodiscover/autodiscover.xml", strings.Repeat("<a>", 18_000)},
		{"autodiscover-attributes", "POST http://x.example/autodiscover/autodiscover.xml",
			"<a " + strings.Repeat(`b="&#65;" `, 6_000) + "/>"},
		{"autodiscover-get", "GET http://autodiscover.x.example/autodiscover/autodiscover.xml?x" + pairs, ""},
		{"v2", "GET http://x.example/autodiscover/autodiscover.json?x" + pairs + "&Protocol=x&Email=" + bang + "example.org",
			""},
		{"pacc", "GET http://" + url.PathEscape(host) + "/.well-known/user-agent-configuration.json", ""},
		{"settings", "GET http://x.example/settings/live.co.uk", ""},
		{"mobileconfig", "GET http://x.example/mobileconfig?" + mail + "name=" + strings.Repeat("%26", 60), ""},
		{"mobileconfig-post", "POST http://x.example/mobileconfig", mail + strings.Repeat("&a=%41", 9_000)},
		{"api", "GET http://x.example/api/v1/settings?x" + pairs + "&email=" + bang + "live.co.uk", ""},
		{"well-known", "GET http://" + url.PathEscape(host) + "/.well-known/caldav", ""},
		{"home", "GET http://x.example/?x" + pairs, ""},
		{"setup", "POST http://x.example/setup", ten + "&lang=de"},
		{"setup-form", "POST http://x.example/setup", "email=%3C" + strings.Repeat("&a=%41", 10_000)},
		{"unknown", "POST http://x.example/setup", "email=" + bang + strings.Repeat("livemail.", 12) + "co.ku"},
		{"help", "POST http://x.example/help", "error=" + url.QueryEscape(words)[:63<<10-9]},
		{"help-search", "GET http://x.example/help?q=" + strings.Repeat("e+", 49) + pairs, ""},
		{"topic", "GET http://x.example/help/smtp-auth-basic-retired", ""},
		{"qr", "GET http://x.example/qr.svg?" + strings.Repeat("email="+strings.Repeat("%21", 40)+"%40example.org&", 6), ""},
		{"qr-refused", "GET http://x.example/qr.svg?" + mail, ""},
	} {
		b.Run(bench.name, func(b *testing.B) { serveAgain(b, s, bench.line, bench.body) })
	}
}

// rsaSigner signs profiles with the costliest usual key.
func rsaSigner(b *testing.B) Signer {
	b.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		b.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hoster.example"},
		KeyUsage:  x509.KeyUsageDigitalSignature,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, &key.PublicKey, key)
	if err != nil {
		b.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		b.Fatal(err)
	}
	signer, err := apple.NewSigner([]*x509.Certificate{cert}, key)
	if err != nil {
		b.Fatal(err)
	}
	return signer
}
