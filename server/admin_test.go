package server

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/files"
)

// The admin listener answers to those who ask by address, as probes and
// Prometheus do, or by a name that the configuration knows, and to no web page.
func TestAdminHosts(t *testing.T) {
	s := newTestServer(t,
		func(o *Options, _ *Settings) { o.AdminHosts = []string{"autoconfig", "metrics.hoster.example"} })
	admin := s.Admin()
	for _, test := range []struct {
		host    string
		headers []string
		status  int
	}{
		{"localhost:8081", nil, 200}, {"LOCALHOST.", nil, 200}, {"a.localhost", nil, 200},
		{"127.0.0.1:8081", nil, 200}, {"10.0.0.7", nil, 200}, {"[::1]:8081", nil, 200}, {"[2001:db8::1]", nil, 200},
		{"", nil, 200},
		{"autoconfig:8081", nil, 200}, {"Metrics.Hoster.Example:80", nil, 200}, {"autoconfig.hoster.example", nil, 200},
		{"evil.example", nil, 403}, {"evil.example:8081", nil, 403}, {"localhost.evil.example", nil, 403},
		{"notlocalhost", nil, 403},
		{"autoconfig.evil.example", nil, 403}, {"127.0.0.1.evil.example", nil, 403}, {"autoconfig.example.org", nil, 403},
		{"127.0.0.1:8081", []string{"Sec-Fetch-Site: none"}, 200},
		{"127.0.0.1:8081", []string{"Sec-Fetch-Site: same-origin"}, 200},
		{"127.0.0.1:8081", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"localhost:8081", []string{"Sec-Fetch-Site: same-site"}, 403},
		{"127.0.0.1:8081", []string{"Sec-Fetch-Site: x"}, 403},
		{"127.0.0.1:8081", []string{"Origin: http://127.0.0.1:8081"}, 200},
		{"127.0.0.1:8081", []string{"Origin: http://127.0.0.1"}, 403},
		{"127.0.0.1:8081", []string{"Origin: https://evil.example"}, 403}, {"127.0.0.1:8081", []string{"Origin: null"}, 403},
		{"127.0.0.1:8081", []string{"Origin: http://127.0.0.1:8081", "Origin: null"}, 403},
		{"127.0.0.1:8081", []string{"Origin: "}, 403},
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

// A purge is for a domain name in any form, is passed on, and is written down; web pages and other methods get nothing.
func TestPurge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	audit := files.OpenAudit(path)
	var purged []string
	var fault error
	s := newTestServer(t, func(o *Options, set *Settings) {
		o.Audit = audit
		set.Purge = func(_ context.Context, domain string) error {
			purged = append(purged, domain)
			return fault
		}
	})
	for _, test := range []struct {
		line    string
		headers []string
		status  int
		domain  string
	}{
		{"POST /purge?domain=customer.example", nil, 200, "customer.example"},
		{"POST /purge?domain=Customer.Example.", nil, 200, "customer.example"},
		{"POST /purge?domain=k%C3%BCche.example", nil, 200, "xn--kche-0ra.example"},
		{"POST /purge?domain=gone.example", nil, 503, "gone.example"},
		{"POST /purge", nil, 400, ""}, {"POST /purge?domain=", nil, 400, ""},
		{"POST /purge?domain=anna@customer.example", nil, 400, ""},
		{"POST /purge?domain=a%0Ab.example", nil, 400, ""}, {"POST /purge?domain=localhost", nil, 400, ""},
		{"POST /purge?domain=" + strings.Repeat("x", 300) + ".example", nil, 400, ""},
		{"GET /purge?domain=customer.example", nil, 405, ""}, {"POST /purge/?domain=customer.example", nil, 404, ""},
		{"POST /purge?domain=customer.example", []string{"Origin: https://evil.example"}, 403, ""},
		{"POST /purge?domain=customer.example", []string{"Sec-Fetch-Site: cross-site"}, 403, ""},
	} {
		purged, fault = nil, nil
		if test.status == 503 {
			fault = errors.New("no connection")
		}
		r := ask(t, s.Admin(), test.line, "", test.headers...)
		body := bodyOf(t, r)
		if r.StatusCode != test.status || strings.Join(purged, " ") != test.domain || strings.Contains(body, "@") {
			t.Errorf("%s %v: %d %q, purged %q", test.line, test.headers, r.StatusCode, body, purged)
		}
		if (r.StatusCode == 503) != (r.Header.Get("Retry-After") != "") {
			t.Errorf("%s: Retry-After %q", test.line, r.Header.Get("Retry-After"))
		}
	}
	if r := ask(t, s, "POST http://autoconfig.example.org/purge?domain=customer.example", ""); r.StatusCode == 200 {
		t.Error("the public listener purges")
	}
	if r := ask(t, hostOf{s.Admin(), "evil.example"}, "POST http://x/purge?domain=customer.example",
		""); r.StatusCode != 403 {
		t.Errorf("by a foreign name: %d", r.StatusCode)
	}
	audit.Close()
	text, err := os.ReadFile(path)
	if err != nil || strings.Count(string(text), `"event":"purge"`) != 4 ||
		strings.Count(string(text), `"result":"ok"`) != 3 ||
		!strings.Contains(string(text), `"result":"this replica alone"`) {
		t.Errorf("%s%v", text, err)
	}
}
