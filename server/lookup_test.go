package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"autoconfig/provider"
	"autoconfig/source"
)

// X-Forwarded-Host counts when the configuration says so, and from a trusted
// proxy alone.
func TestForwardedHost(t *testing.T) {
	for _, path := range []string{"/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml",
		"/.well-known/user-agent-configuration.json"} {
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
				t.Errorf("%s: read %v, %s %s: %d, want %d; Vary %q", path, test.read, test.from, test.forwarded, r.StatusCode,
					test.status, r.Header.Get("Vary"))
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

// The service host of one provider answers for its domains and the built-in ones, and for nobody else's; the operator's
// answers for all.
func TestServiceHostOfOneProvider(t *testing.T) {
	listed := source.NewIndex(2, 64)
	listed.Add("red.example", custom("red", func(p *provider.Provider) { p.ServiceHost = "mail.red.example" }))
	listed.Add("blue.example", custom("blue", func(p *provider.Provider) { p.ServiceHost = "mail.blue.example" }))
	s := newTestServer(t, func(_ *Options, set *Settings) {
		set.Source, set.MX = source.Chain{listed, set.Source}, nil
		set.Hosts = map[string]string{"mail.red.example": "red", "mail.blue.example": "blue"}
	})
	for _, test := range []struct {
		host, domain string
		status       int
	}{
		{"mail.red.example", "red.example", 200}, {"mail.blue.example", "blue.example", 200},
		{"mail.red.example", "blue.example", 404}, {"mail.blue.example", "red.example", 404},
		{"mail.red.example", "live.co.uk", 200}, {"mail.red.example", "unserved.example", 404},
		{"autoconfig.hoster.example", "red.example", 200}, {"x.example", "blue.example", 200},
	} {
		if r := ask(t, s, "GET http://"+test.host+"/v1.1/"+test.domain, ""); r.StatusCode != test.status {
			t.Errorf("%s at %s: %d, want %d", test.domain, test.host, r.StatusCode, test.status)
		}
	}
}

// asking notes which addresses a source is asked about.
type asking struct {
	provider.Source
	of *[]string
}

func (a asking) Lookup(ctx context.Context, of provider.Address) (*provider.Provider, error) {
	*a.of = append(*a.of, of.String())
	return a.Source.Lookup(ctx, of)
}

// The case of a local part is kept, in a path too: it may decide whose mailbox it is.
func TestCaseOfLocalPart(t *testing.T) {
	var of []string
	s := newTestServer(t, func(_ *Options, set *Settings) { set.Source = asking{set.Source, &of} })
	for _, line := range []string{
		"GET http://x.example/Autodiscover/Autodiscover.JSON/v1.0/Ann@Example.org?Protocol=AutodiscoverV1",
		"GET http://x.example/AUTODISCOVER/autodiscover.json?Email=Ann@Example.org&Protocol=AutodiscoverV1",
		"GET http://x.example/API/v1/settings?email=Ann@Example.org",
	} {
		of = nil
		if get200(t, s, line, ""); !slices.Equal(of, []string{"Ann@example.org"}) {
			t.Errorf("%s: the source is asked about %q", line, of)
		}
	}
}

// Links that leave a page name a host of the operator's: that of the request where it is one, and else the service host.
func TestHostOfLinks(t *testing.T) {
	s := newTestServer(t, nil)
	for host, want := range map[string]string{
		"example.org": "example.org", "autoconfig.example.org": "autoconfig.example.org",
		"autoconfig.hoster.example": "autoconfig.hoster.example",
		"autoconfig.evil.example":   "autoconfig.hoster.example", "evil.example": "autoconfig.hoster.example",
	} {
		body := get200(t, s, "POST http://"+host+"/setup", "email=u@example.org")
		if strings.Contains(body, "evil") || !strings.Contains(body, want+"/qr.svg?") &&
			!strings.Contains(body, "https://"+want+"/") {
			t.Errorf("by %s: the links do not lead to %s, or to evil", host, want)
		}
	}
	for port, want := range map[string]string{"": "", ":443": "", ":8443": ":8443"} {
		body := get200(t, s, "POST https://autoconfig.hoster.example"+port+"/setup", "email=u@example.org")
		if !strings.Contains(body, "https://autoconfig.hoster.example"+want+"/") ||
			strings.Contains(body, "hoster.example:443") {
			t.Errorf("by the port %q: the links do not lead to %q", port, want)
		}
	}
}

// Who is limited and logged: the client behind trusted proxies, however they
// write its address. What cannot be read is the peer's own.
func TestForwardedFor(t *testing.T) {
	s := newTestServer(t, func(o *Options, _ *Settings) {
		o.TrustedProxies = append(o.TrustedProxies, netip.MustParsePrefix("198.51.100.0/24"),
			netip.MustParsePrefix("fd00::/8"))
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
	for _, header := range []string{"203.0.113.8", "203.0.113.8:4711", "[2001:db8::8]:4711", "fe80::8%eth0", "unknown",
		"203.0.113.8:http", "\x01", "é"} {
		s := newTestServer(t, func(o *Options, _ *Settings) { o.PerMinute, o.Burst = 1, 3 })
		limited := 0
		for range 10 {
			if r := ask(t, s, "GET http://x.example/", "", "From: 127.0.0.1:1",
				"X-Forwarded-For: "+header); r.StatusCode == http.StatusTooManyRequests {
				limited++
			}
		}
		if limited != 7 {
			t.Errorf("%q: %d of 10 limited, want 7", header, limited)
		}
	}
}
