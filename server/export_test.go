package server

import (
	"strings"
	"testing"

	"autoconfig/provider"
)

// Every exported byte is a served byte, and what is not exported is not
// served.
func TestExport(t *testing.T) {
	s := newTestServer(t, nil)
	set := s.settings.Load()
	count := 0
	for _, domain := range []string{"example.org", "oauth.example", "live.co.uk"} {
		p, err := set.Source.Lookup(t.Context(), provider.Address{Domain: domain})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range Export(set, p, domain) {
			line := "GET http://" + f.Host + "/" + f.Path
			if f.Host == ExportISPDB {
				line = "GET http://192.0.2.1/" + f.Host + "/" + f.Path
			}
			r := ask(t, s, line, "")
			body := bodyOf(t, r)
			switch {
			case f.Body == nil && (r.StatusCode == 200 && !strings.Contains(body, "<Error")):
				t.Errorf("%s: %d is served, and nothing exported", line, r.StatusCode)
			case f.Body != nil && (r.StatusCode != 200 || body != string(f.Body)):
				t.Errorf("%s: %d\n%s\nexported:\n%s", line, r.StatusCode, body, f.Body)
			}
			count += b2n(f.Body != nil)
		}
	}
	if count < 12 {
		t.Errorf("only %d documents", count)
	}
	p := set.MXTable.ByHost("mx.hoster.example")
	if f := ExportISPDBName(set, p, "mx.hoster.example"); string(f.Body) != bodyOf(t,
		ask(t, s, "GET http://192.0.2.1/v1.1/mx.hoster.example", "")) {
		t.Errorf("a mail exchanger's name:\n%s", f.Body)
	}
}

func b2n(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestExportedBy(t *testing.T) {
	for host, want := range map[string][4]string{ // mail/, .well-known/autoconfig/, autodiscover/, .well-known/user-agent-…
		"example.org":                {"", "example.org", "example.org", ""},
		"autoconfig.example.org":     {"example.org", "autoconfig.example.org", "autoconfig.example.org", ""},
		"autodiscover.example.org":   {"", "autodiscover.example.org", "autodiscover.example.org example.org", ""},
		"ua-auto-config.example.org": {"", "ua-auto-config.example.org", "ua-auto-config.example.org", "example.org"},
	} {
		got := ExportedBy(host)
		for i, path := range []string{"mail/config-v1.1.xml", ".well-known/autoconfig/mail/config-v1.1.xml",
			"autodiscover/autodiscover.xml", ".well-known/user-agent-configuration.json"} {
			domains, known := got[path]
			if !known || strings.Join(domains, " ") != want[i] {
				t.Errorf("%s/%s: %v %v, want %q", host, path, domains, known, want[i])
			}
		}
	}
}
