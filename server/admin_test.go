package server

import (
	"net/http"
	"testing"
)

// The admin listener answers to those who ask by address, as probes and
// Prometheus do, or by a name that the configuration knows, and to no web page.
func TestAdminHosts(t *testing.T) {
	s := newTestServer(t, func(o *Options, _ *Settings) { o.AdminHosts = []string{"autoconfig", "metrics.hoster.example"} })
	admin := s.Admin()
	for _, test := range []struct {
		host    string
		headers []string
		status  int
	}{
		{"localhost:8081", nil, 200}, {"LOCALHOST.", nil, 200}, {"a.localhost", nil, 200},
		{"127.0.0.1:8081", nil, 200}, {"10.0.0.7", nil, 200}, {"[::1]:8081", nil, 200}, {"[2001:db8::1]", nil, 200}, {"", nil, 200},
		{"autoconfig:8081", nil, 200}, {"Metrics.Hoster.Example:80", nil, 200}, {"autoconfig.hoster.example", nil, 200},
		{"evil.example", nil, 403}, {"evil.example:8081", nil, 403}, {"localhost.evil.example", nil, 403}, {"notlocalhost", nil, 403},
		{"autoconfig.evil.example", nil, 403}, {"127.0.0.1.evil.example", nil, 403}, {"autoconfig.example.org", nil, 403},
		{"127.0.0.1:8081", []string{"Sec-Fetch-Site: none"}, 200}, {"127.0.0.1:8081", []string{"Sec-Fetch-Site: same-origin"}, 200},
		{"127.0.0.1:8081", []string{"Sec-Fetch-Site: cross-site"}, 403}, {"localhost:8081", []string{"Sec-Fetch-Site: same-site"}, 403},
		{"127.0.0.1:8081", []string{"Sec-Fetch-Site: x"}, 403},
		{"127.0.0.1:8081", []string{"Origin: http://127.0.0.1:8081"}, 200}, {"127.0.0.1:8081", []string{"Origin: http://127.0.0.1"}, 403},
		{"127.0.0.1:8081", []string{"Origin: https://evil.example"}, 403}, {"127.0.0.1:8081", []string{"Origin: null"}, 403},
		{"127.0.0.1:8081", []string{"Origin: http://127.0.0.1:8081", "Origin: null"}, 403}, {"127.0.0.1:8081", []string{"Origin: "}, 403},
	} {
		for _, path := range []string{"/healthz", "/readyz", "/metrics", "/ask?domain=autoconfig.example.org"} {
			r := ask(t, hostOf{admin, test.host}, "GET http://x"+path, "", test.headers...)
			if r.StatusCode != test.status {
				t.Errorf("%s by %q, %v: %d, want %d", path, test.host, test.headers, r.StatusCode, test.status)
			}
		}
	}
}

// hostOf asks a handler by another Host.
type hostOf struct {
	http.Handler
	host string
}

func (h hostOf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Host = h.host
	h.Handler.ServeHTTP(w, r)
}
