package server

import (
	"fmt"
	"strings"
	"testing"

	"autoconfig/autodiscover"
	"autoconfig/provider"
)

// The metrics count each answer by what came of it, also where the protocol has its errors in the body of a 200.
func TestOutcomes(t *testing.T) {
	pox := "POST http://x.example/autodiscover/autodiscover.xml"
	for _, c := range []struct {
		line, body, protocol string
		outcome              outcome
	}{
		{"GET http://x.example/v1.1/live.co.uk", "", "ispdb", served},
		{"GET http://x.example/v1.1/unserved.example", "", "ispdb", notServed},
		{pox, poxBody("outlook/responseschema/2006a", "u@live.co.uk"), "autodiscover", served},
		{pox, poxBody("outlook/responseschema/2006a", "u@unserved.example"), "autodiscover", notServed},
		{pox, poxBody("outlook/responseschema/2006a", "u@oauth.example"), "autodiscover", impossible},
		{pox, poxBody("outlook/responseschema/2006a", "u@broken.example"), "autodiscover", unavailable},
		{pox, poxBody("unknown/2099", "u@live.co.uk"), "autodiscover", notOffered},
		{pox, "", "autodiscover", badRequest},
		{"GET http://x.example/setup", "", "page", served},
		{"POST http://x.example/setup", "email=word", "page", badRequest},
		{"POST http://x.example/setup", "email=u@unserved.example", "page", notServed},
		{"GET http://x.example/help/nothing", "", "page", notFound},
		{"DELETE http://x.example/v1.1/live.co.uk", "", "ispdb", notAllowed},
		{"GET http://x.example/nothing", "", "none", notFound},
	} {
		s := newTestServer(t, nil)
		ask(t, s, c.line, c.body)
		want := fmt.Sprintf("\nautoconfig_requests_total{outcome=%q,protocol=%q} 1\n", c.outcome, c.protocol)
		if metrics := bodyOf(t, ask(t, s.Admin(), "GET /metrics", "")); !strings.Contains(metrics, want) {
			t.Errorf("%s %.60s: no %q", c.line, c.body, want)
		}
	}
}

// Which schema is asked for tells old and new Outlook apart. A stranger cannot make a new series.
func TestSchemasAsked(t *testing.T) {
	s := newTestServer(t, nil)
	post := "POST http://x.example/autodiscover/autodiscover.xml"
	v2 := "GET http://x.example/autodiscover/autodiscover.json?Email=jo@example.org&Protocol="
	for _, c := range []struct{ line, body, schema string }{
		{post, poxBody("outlook/responseschema/2006a", "jo@example.org"), "outlook"},
		{post, poxBody("mobilesync/responseschema/2006", "jo@example.org"), "mobilesync"},
		{post, poxBody("mobilesync/responseschema/2006", "jo@unserved.example"), "mobilesync"},
		{post, poxBody("evil/2026", "jo@example.org"), "other"},
		{post, "<evil/>", "invalid"},
		{"GET http://example.org/autodiscover/autodiscover.xml", "", "none"},
		{v2 + "ActiveSync", "", "v2-activesync"},
		{v2 + "AUTODISCOVERV1", "", "v2-autodiscoverv1"},
		{v2 + "Rest", "", "v2-rest"},
		{v2 + "evil%22%0A", "", "v2-other"},
		{v2, "", ""},
	} {
		count := func() string {
			for line := range strings.Lines(bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))) {
				if value, ok := strings.CutPrefix(line, `autoconfig_autodiscover_requests_total{schema="`+c.schema+`"} `); ok {
					return value
				}
			}
			return "0\n"
		}
		before := count()
		ask(t, s, c.line, c.body)
		if after := count(); c.schema != "" && after == before {
			t.Errorf("%s %.60s: %s is still %s", c.line, c.body, c.schema, after)
		}
	}
	metrics := bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))
	if strings.Contains(metrics, "evil") ||
		strings.Count(metrics, "autoconfig_autodiscover_requests_total{") != len(schemasAsked) {
		t.Error("the series are not the known ones")
	}
}

// The answers of v2 are put together out of ones made for another domain: the bytes are those that an encoder makes.
func TestV2Documents(t *testing.T) {
	for _, p := range []*provider.Provider{
		{ID: "both", ActiveSync: `https://eas.%EMAILDOMAIN%/x?a=1&b=<2>"ü`,
			EWS: "https://ews.example/%EMAILLOCALPART%/%EMAILDOMAIN%"},
		{ID: "ews", EWS: "https://ews.example/"},
		{ID: "none"},
	} {
		s := newTestServer(t, func(_ *Options, set *Settings) { set.Source = fixed{p} })
		for _, domain := range []string{"a.example", "xn--mller-kva.example"} {
			for _, protocol := range []string{"ActiveSync", "aUTODISCOVERv1", "Ews", "ews"} {
				for host, at := range map[string]string{"x.example": "autodiscover." + domain,
					"autoconfig.hoster.example": "autoconfig.hoster.example"} {
					name, to, ok := autodiscover.ProtocolURL(p.For(domain), protocol, at)
					want := "InvalidProtocol"
					if ok {
						want = string(autodiscover.EncodeJSON(name, to))
					}
					for range 2 { // made, and made of what is kept
						line := "GET http://" + host + "/autodiscover/autodiscover.json?Email=o'neil@" + domain + "&Protocol=" + protocol
						r := ask(t, s, line, "")
						if got := bodyOf(t, r); ok && got != want || !ok && (r.StatusCode != 400 || !strings.Contains(got, want)) {
							t.Errorf("%s of %s: %d %s, want %s", line, p.ID, r.StatusCode, got, want)
						}
					}
				}
			}
		}
	}
}
