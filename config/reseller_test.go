package config

import (
	"strings"
	"testing"

	"autoconfig/provider"
)

const resellers = `service_host: autoconfig.hoster.example
pages: {public: true, records: true}
providers:
  - {id: a, domains: [a.example], service_host: Mail.Reseller-A.example, incoming: [imaps://mail.a.example], outgoing: [submissions://mail.a.example]}
  - {id: b, domains: [b.example], service_host: autoconfig.b.example, pages: {public: false}, incoming: [imaps://mail.b.example], outgoing: [submissions://mail.b.example]}
  - {id: c, domains: [c.example], pages: {records: false}, incoming: [imaps://mail.c.example], outgoing: [submissions://mail.c.example]}
`

// A provider has the service host and the pages of the whole configuration, unless it says otherwise; a built-in that
// the file does not name has none.
func TestResellers(t *testing.T) {
	c, found := parse("autoconfig.yaml", []byte(resellers))
	if len(found) > 0 {
		t.Fatal(lines(found))
	}
	data, found := c.Data()
	if len(found) > 0 {
		t.Fatal(lines(found))
	}
	for domain, want := range map[string]struct {
		host            string
		public, records bool
	}{
		"a.example": {"mail.reseller-a.example", true, true},
		"b.example": {"autoconfig.b.example", false, true},
		"c.example": {"autoconfig.hoster.example", true, false},
	} {
		p, err := data.Listed.Lookup(t.Context(), provider.Address{Domain: domain})
		if err != nil {
			t.Fatal(err)
		}
		if p.ServiceHost != want.host || *p.Pages.Public != want.public || *p.Pages.Records != want.records {
			t.Errorf("%s: %s %v %v, want %+v", domain, p.ServiceHost, *p.Pages.Public, *p.Pages.Records, want)
		}
	}
	p, err := data.Builtin.Lookup(t.Context(), provider.Address{Domain: "live.co.uk"})
	if err != nil || p.ServiceHost != "" || p.ServedAt(c.ServiceHost) != c.ServiceHost {
		t.Errorf("live.co.uk: %v %v", p, err)
	}

	shown, err := c.Show()
	if err != nil {
		t.Fatal(err)
	}
	for text, times := range map[string]int{"service_host:": 3, "    service_host: mail.reseller-a.example\n": 1,
		"    pages:\n      public: false\n": 1, "    pages:\n      records: false\n": 1} {
		if n := strings.Count(string(shown), text); n != times {
			t.Errorf("%q is shown %d times, want %d:\n%s", text, n, times, shown)
		}
	}
	if again, found := parse("show.yaml", shown); len(found) > 0 ||
		again.Providers[0].ServiceHost != "mail.reseller-a.example" {
		t.Error(lines(found), again.Providers[0].ServiceHost)
	}
}

// Records need a host to lead to, whether it is the service's or every provider's own.
func TestHostMissing(t *testing.T) {
	without := strings.TrimPrefix(resellers, "service_host: autoconfig.hoster.example\n")
	for text, missing := range map[string]bool{
		resellers: false, without: true, "{}": true,
		strings.Replace(without, "pages: {records: false}", "service_host: c.host.example", 1): false,
	} {
		c, found := parse("autoconfig.yaml", []byte(text))
		if c.HostMissing() != missing || Failed(found) != (missing && text != "{}") {
			t.Errorf("%v %s of\n%s", c.HostMissing(), lines(found), text)
		}
	}
}
