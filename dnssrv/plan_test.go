package dnssrv_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/provider"
)

var update = flag.Bool("update", false, "write the golden files anew")

func imapOnly() *provider.Provider {
	return &provider.Provider{ID: "imap", Name: "Example Mail",
		Incoming: []provider.Server{dnstest.Mail(provider.IMAP, "mail.%EMAILDOMAIN%", 143, provider.Plain)},
		Outgoing: []provider.Server{dnstest.Mail(provider.SMTP, "mail.%EMAILDOMAIN%", 587, provider.STARTTLS)},
		CalDAV:   "https://mail.%EMAILDOMAIN%/.well-known/caldav", CardDAV: "https://mail.%EMAILDOMAIN%"}
}

// The documents are where the provider's own service host is; a host for all of them goes before it.
func TestPlanServiceHost(t *testing.T) {
	t.Parallel()
	reseller := imapOnly()
	reseller.ServiceHost = "mail.reseller.example"
	for _, test := range []struct {
		p    *provider.Provider
		o    dnssrv.PlanOptions
		want string
	}{
		{imapOnly(), dnssrv.PlanOptions{ServiceHost: "all.example.net"}, "all.example.net."},
		{reseller, dnssrv.PlanOptions{ServiceHost: "all.example.net"}, "mail.reseller.example."},
		{reseller, dnssrv.PlanOptions{}, "mail.reseller.example."},
		{reseller, dnssrv.PlanOptions{ServiceHost: "all.example.net", Instead: "new.example.net"}, "new.example.net."},
	} {
		test.o.PACC = dnstest.PACC
		records, err := dnssrv.Plan("customer.example", test.p, test.o)
		if err != nil {
			t.Fatal(err)
		}
		var targets []string
		for _, rr := range records {
			if c, ok := rr.(*dns.CNAME); ok {
				targets = append(targets, c.Target)
			}
			if s, ok := rr.(*dns.SRV); ok && strings.HasPrefix(s.Hdr.Name, "_autodiscover.") {
				targets = append(targets, s.Target)
			}
		}
		if !slices.Equal(targets, []string{test.want, test.want, test.want, test.want}) {
			t.Errorf("%+v: %v, want %s", test.o, targets, test.want)
		}
	}
}

// Each file in testdata/plan is the zone form of a plan.
func TestPlan(t *testing.T) {
	t.Parallel()
	all := dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost, PACC: dnstest.PACC}
	for name, test := range map[string]struct {
		domain string
		p      *provider.Provider
		o      dnssrv.PlanOptions
	}{
		"everything": {"example.test", dnstest.Everything(), all},
		"imap-only":  {"Example.Test.", imapOnly(), dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost, TTL: 300}},
		"microsoft365": {"shop.example", provider.Builtin(provider.Microsoft365),
			dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost}},
		"own-host": {"hoster.example", imapOnly(), dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost, PACC: dnstest.PACC}},
		"idn":      {"müller.example", imapOnly(), all},
		"only": {"example.test", dnstest.Everything(),
			dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost, Only: []string{"pop3", "caldav", "autoconfig", "negative"}}},
		"without": {"example.test", imapOnly(), dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost, PACC: dnstest.PACC,
			Without: []string{"negative", "autodiscover", "pacc"}}},
		"no-host": {"example.test", dnstest.Everything(), dnssrv.PlanOptions{Only: []string{"imap", "pop3", "submission"}}},
	} {
		records, err := dnssrv.Plan(test.domain, test.p, test.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var b bytes.Buffer
		if err := dnssrv.WriteFormat(&b, "zone", test.domain, records, dnssrv.FormatOptions{}); err != nil {
			t.Error(err)
		}
		path := filepath.Join("testdata", "plan", name+".zone")
		if *update {
			if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPlanRefusals(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(strings.Repeat("a", 60)+".", 4) + "test"
	for name, test := range map[string]struct {
		domain string
		o      dnssrv.PlanOptions
		want   error
	}{
		"consumer domain":    {"live.co.uk", dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost}, dnssrv.ErrVendorOwned},
		"unverified name":    {"hotmail.at", dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost}, dnssrv.ErrVendorOwned},
		"no service host":    {"example.test", dnssrv.PlanOptions{}, dnssrv.ErrServiceHost},
		"no name for a host": {"example.test", dnssrv.PlanOptions{ServiceHost: "192.0.2.1"}, dnssrv.ErrServiceHost},
		"unknown kind": {"example.test",
			dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost, Only: []string{"smtp"}}, dnssrv.ErrKind},
		"unknown kind, without": {"example.test", dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost, Without: []string{"mx"}}, dnssrv.ErrKind},
		"no domain":             {"localhost", dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost}, provider.ErrDomain},
		"name too long":         {long, dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost}, provider.ErrDomain},
	} {
		if records, err := dnssrv.Plan(test.domain, dnstest.Everything(), test.o); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, %d records, want %v", name, err, len(records), test.want)
		}
	}
}

// Every kind can be planned alone, every planned record has a kind, and the
// kinds together are the plan.
func TestKinds(t *testing.T) {
	t.Parallel()
	p := dnstest.Everything()
	p.Incoming = p.Incoming[:3] // so that something is not offered
	o := dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost, PACC: dnstest.PACC}
	all, err := dnssrv.Plan("example.test", p, o)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, kind := range dnssrv.Kinds() {
		o.Only = []string{kind}
		records, err := dnssrv.Plan("example.test", p, o)
		if err != nil || len(records) == 0 && kind != "pop3" {
			t.Errorf("%s: %d records, %v", kind, len(records), err)
		}
		for _, row := range dnssrv.SplitAll("example.test", records) {
			if row.Kind != kind {
				t.Errorf("%+v in the plan of %s", row, kind)
			}
		}
		parts = append(parts, sortedText(records)...)
	}
	slices.Sort(parts)
	if diff := cmp.Diff(sortedText(all), parts); diff != "" {
		t.Error(diff)
	}
	if kind := dnssrv.Kind(dnstest.RR(t, "example.test. MX 10 mx.example.test.")); kind != "" {
		t.Error("an MX is of the kind", kind)
	}
}

func sortedText(records []dns.RR) []string {
	var out []string
	for _, rr := range records {
		out = append(out, rr.String())
	}
	slices.Sort(out)
	return out
}

func TestOwnAddress(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"autoconfig.example.test": "autoconfig.example.test", "Autodiscover.example.test.": "autodiscover.example.test",
		"ua-auto-config.example.test": "ua-auto-config.example.test", "www.example.test": "", "autoconfig.other.test": "",
	} {
		if got := dnssrv.OwnAddress("example.test", host); got != want {
			t.Errorf("%s: %q", host, got)
		}
	}
}

func TestLongText(t *testing.T) {
	t.Parallel()
	p := dnstest.Everything()
	p.CalDAV = "https://dav.example.test/" + strings.Repeat("x", 300)
	records, err := dnssrv.Plan("example.test", p, dnssrv.PlanOptions{Only: []string{"caldav"}})
	if err != nil || len(records) != 2 {
		t.Fatal(records, err)
	}
	back, err := dns.NewRR(records[1].String())
	if err != nil || !dns.IsDuplicate(back, records[1]) || len(back.(*dns.TXT).Txt) != 2 {
		t.Error(records[1], err)
	}
}
