package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// nothing is a ResponseWriter that keeps its header and drops the body.
type nothing struct{ h http.Header }

func (n nothing) Header() http.Header         { return n.h }
func (n nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n nothing) WriteHeader(int)             {}

// BenchmarkServe is the handler alone, without net/http around it.
func BenchmarkServe(b *testing.B) {
	s := newTestServer(b, nil)
	for _, bench := range []struct{ name, line, body string }{
		{"autoconfig", "GET http://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=user%40example.org", ""},
		{"autoconfig-by-mx", "GET http://autoconfig.customer.example/mail/config-v1.1.xml?emailaddress=user%40customer.example", ""},
		{"miss", "GET http://192.0.2.1/mail/config-v1.1.xml", ""},
		{"autodiscover", "POST http://autodiscover.example.org/autodiscover/autodiscover.xml", poxBody("outlook/responseschema/2006a", "user@example.org")},
		{"v2", "GET http://x.example/autodiscover/autodiscover.json?Email=user@example.org&Protocol=AutodiscoverV1", ""},
		{"pacc", "GET http://ua-auto-config.example.org/.well-known/user-agent-configuration.json", ""},
		{"mobileconfig", "GET http://x.example/mobileconfig?email=user@example.org", ""},
	} {
		b.Run(bench.name, func(b *testing.B) {
			method, target, _ := strings.Cut(bench.line, " ")
			r := httptest.NewRequest(method, target, strings.NewReader(bench.body))
			r.RemoteAddr = "127.0.0.1:1" // a trusted proxy is not limited
			path := r.URL.Path
			b.ReportAllocs()
			for b.Loop() {
				r.URL.Path = path
				if bench.body != "" {
					r.Body = io.NopCloser(strings.NewReader(bench.body))
				}
				w := nothing{http.Header{}}
				s.ServeHTTP(w, r)
			}
		})
	}
}
