package server

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"autoconfig/source"
)

// X-Forwarded-Host counts when the configuration says so, and from a trusted
// proxy alone.
func TestForwardedHost(t *testing.T) {
	for _, path := range []string{"/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml", "/.well-known/user-agent-configuration.json"} {
		for _, test := range []struct {
			read            bool
			from, forwarded string
			status          int
		}{
			{true, "127.0.0.1:1", "autoconfig.example.org", 200},
			{true, "127.0.0.1:1", "autoconfig.example.org, inner.example", 200},
			{true, "127.0.0.1:1", "Example.ORG:8443", 200},
			{true, "192.0.2.1:1", "autoconfig.example.org", 404},
			{true, "127.0.0.1:1", "x y", 404},
			{false, "127.0.0.1:1", "autoconfig.example.org", 404},
			{false, "192.0.2.1:1", "autoconfig.example.org", 404},
		} {
			s := newTestServer(t, func(o *Options, _ *Settings) { o.ForwardedHost = test.read })
			r := ask(t, s, "GET http://x.example"+path, "", "From: "+test.from, "X-Forwarded-Host: "+test.forwarded)
			vary := "Host"
			if test.read {
				vary += ", X-Forwarded-Host"
			}
			if r.StatusCode != test.status || r.Header.Get("Vary") != vary {
				t.Errorf("%s: read %v, %s %s: %d, want %d; Vary %q", path, test.read, test.from, test.forwarded, r.StatusCode, test.status, r.Header.Get("Vary"))
			}
		}
	}
}

// What the Host has a part in says so to caches, a miss as well; what an address
// or the path alone decides does not, and is one entry for all hosts.
func TestVaryHost(t *testing.T) {
	s := newTestServer(t, nil)
	for target, want := range map[string]string{
		"http://autoconfig.example.org/mail/config-v1.1.xml":                                           "Host",
		"http://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=x":                            "Host",
		"http://unserved.example/mail/config-v1.1.xml":                                                 "Host",
		"http://192.0.2.1/.well-known/autoconfig/mail/config-v1.1.xml":                                 "Host",
		"http://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=a@unserved.example":           "Host", // by MX
		"http://example.org/.well-known/user-agent-configuration.json":                                 "Host",
		"http://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=a@live.co.uk":                 "",
		"http://x.example/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=a@customer.example": "",
		"http://x.example/v1.1/example.org":                                                            "",
		"http://x.example/v1.1/unserved.example":                                                       "",
	} {
		if r := ask(t, s, "GET "+target, ""); r.Header.Get("Vary") != want {
			t.Errorf("%s: Vary %q, want %q", target, r.Header.Get("Vary"), want)
		}
	}
}

// A database may list a domain that begins like a name that clients put before one. It is asked about the whole name
// only when it has no such domain.
func TestWholeNameFromDatabase(t *testing.T) {
	database := source.NewIndex(2, 64)
	database.Add("autoconfig.odd.example", custom("odd", nil))
	database.Add("plain.example", custom("plain", nil))
	s := newTestServer(t, func(_ *Options, set *Settings) {
		set.Quick = set.Source
		set.Source, set.MX = source.Chain{set.Source, database}, nil
	})
	for host, want := range map[string]string{
		"autoconfig.odd.example":      "<domain>autoconfig.odd.example</domain>",
		"autoconfig.plain.example":    "<domain>plain.example</domain>",
		"autoconfig.unserved.example": "not found",
	} {
		if body := bodyOf(t, ask(t, s, "GET http://"+host+"/mail/config-v1.1.xml", "")); !strings.Contains(body, want) {
			t.Errorf("%s: no %s in\n%s", host, want, body)
		}
	}
}

// Links that leave a page name a host of the operator's: that of the request where it is one, and else the service host.
func TestHostOfLinks(t *testing.T) {
	s := newTestServer(t, nil)
	for host, want := range map[string]string{
		"example.org": "example.org", "autoconfig.example.org": "autoconfig.example.org", "autoconfig.hoster.example": "autoconfig.hoster.example",
		"autoconfig.evil.example": "autoconfig.hoster.example", "evil.example": "autoconfig.hoster.example",
	} {
		body := get200(t, s, "POST http://"+host+"/setup", "email=u@example.org")
		if strings.Contains(body, "evil") || !strings.Contains(body, want+"/qr.svg?") && !strings.Contains(body, "https://"+want+"/") {
			t.Errorf("by %s: the links do not lead to %s, or to evil", host, want)
		}
	}
}

// Who is limited and logged: the client behind trusted proxies, however they
// write its address. What cannot be read is the peer's own.
func TestForwardedFor(t *testing.T) {
	s := newTestServer(t, func(o *Options, _ *Settings) {
		o.TrustedProxies = append(o.TrustedProxies, netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("fd00::/8"))
	})
	for _, test := range []struct {
		peer, header, want string // lines are headers; no want: not limited
	}{
		{"192.0.2.1:1", "", "192.0.2.1"},
		{"192.0.2.1:1", "203.0.113.8", "192.0.2.1"},
		{"127.0.0.1:1", "", ""},
		{"127.0.0.1:1", "203.0.113.8", "203.0.113.8"},
		{"127.0.0.1:1", "203.0.113.8:4711", "203.0.113.8"},
		{"127.0.0.1:1", "203.0.113.8:", "203.0.113.8"},
		{"127.0.0.1:1", "[203.0.113.8]:4711", "203.0.113.8"},
		{"127.0.0.1:1", "[2001:db8::8]:4711", "2001:db8::8"},
		{"127.0.0.1:1", "[2001:db8::8]", "2001:db8::8"},
		{"127.0.0.1:1", `"[2001:db8::8]:4711"`, "2001:db8::8"},
		{"127.0.0.1:1", "2001:db8::8", "2001:db8::8"},
		{"127.0.0.1:1", "2001:db8::8%eth0", "2001:db8::8"},
		{"127.0.0.1:1", "[fe80::8%eth0]:4711", "fe80::8"},
		{"127.0.0.1:1", "::ffff:203.0.113.8", "203.0.113.8"},
		{"127.0.0.1:1", "[::ffff:203.0.113.8]:1", "203.0.113.8"},
		{"127.0.0.1:1", " 203.0.113.8\t,  198.51.100.7 ", "203.0.113.8"},
		{"127.0.0.1:1", "1.1.1.1, 203.0.113.8, 198.51.100.7:80, [fd00::1]:443", "203.0.113.8"},
		{"127.0.0.1:1", "203.0.113.8\n198.51.100.7", "203.0.113.8"},
		{"127.0.0.1:1", "203.0.113.8,,", "203.0.113.8"},
		{"127.0.0.1:1", "198.51.100.7, 127.0.0.1", ""}, // proxies alone
		{"127.0.0.1:1", ",", ""},
		{"127.0.0.1:1", "unknown", "127.0.0.1"},
		{"127.0.0.1:1", "203.0.113.8, garbage", "127.0.0.1"},
		{"127.0.0.1:1", "203.0.113.8, _hidden, 198.51.100.7", "127.0.0.1"},
		{"127.0.0.1:1", "203.0.113.8.9", "127.0.0.1"},
		{"127.0.0.1:1", "203.0.113.8:4711:5", "127.0.0.1"},
		{"127.0.0.1:1", "[2001:db8::8", "2001:db8::8"},
		{"127.0.0.1:1", "[]:1", "127.0.0.1"},
		{"[::ffff:127.0.0.1]:1", "203.0.113.8", "203.0.113.8"},
		{"[fd00::1%eth0]:1", "203.0.113.8", "203.0.113.8"},
		{"@", "203.0.113.8", ""}, // a Unix socket
	} {
		r := &request{}
		req := httptest.NewRequest(http.MethodGet, "http://x.example/", nil)
		req.RemoteAddr = test.peer
		for line := range strings.SplitSeq(test.header, "\n") {
			if line != "" {
				req.Header.Add("X-Forwarded-For", line)
			}
		}
		r.Context = s.echo.NewContext(req, httptest.NewRecorder())
		s.identify(r)
		got := ""
		if r.limited {
			got = r.client.String()
		}
		if got != test.want {
			t.Errorf("%s, X-Forwarded-For %q: %q, want %q", test.peer, test.header, got, test.want)
		}
	}
}

// No way of writing an address escapes the limit.
func TestForwardedForLimits(t *testing.T) {
	for _, header := range []string{"203.0.113.8", "203.0.113.8:4711", "[2001:db8::8]:4711", "fe80::8%eth0", "unknown", "203.0.113.8:http", "\x01", "é"} {
		s := newTestServer(t, func(o *Options, _ *Settings) { o.PerMinute, o.Burst = 1, 3 })
		limited := 0
		for range 10 {
			if r := ask(t, s, "GET http://x.example/", "", "From: 127.0.0.1:1", "X-Forwarded-For: "+header); r.StatusCode == http.StatusTooManyRequests {
				limited++
			}
		}
		if limited != 7 {
			t.Errorf("%q: %d of 10 limited, want 7", header, limited)
		}
	}
}
