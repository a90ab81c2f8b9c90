package check_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/check"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/pacc"
	"autoconfig/provider"
	"autoconfig/source"
)

// hosterZone has the service host; outlookZone the hosts of the built-ins.
const (
	hosterZone = "$ORIGIN hoster.example.\n$TTL 3600\n" + dnstest.SOA +
		"autoconfig A 192.0.2.80\nautoconfig AAAA 2001:db8::80\n"
	vendorZone = "$ORIGIN outlook.com.\n$TTL 3600\n" + dnstest.SOA + `autodiscover A 192.0.2.1
eur.olc.protection A 192.0.2.2
shop-example.mail.protection A 192.0.2.3
`
	officeZone = "$ORIGIN office365.com.\n$TTL 3600\n" + dnstest.SOA + "outlook A 192.0.2.4\nsmtp A 192.0.2.5\n"
	moxZone    = "$ORIGIN mx.microsoft.\n$TTL 3600\n" + dnstest.SOA + "shop-example.o-v1 AAAA 2001:db8::25\n"
)

// mailRecords are what a good zone of example.test has beside its plan.
var mailRecords = []string{"@ NS ns1", "@ NS ns2", "@ MX 10 mx", "ns1 A 127.0.0.1", "ns2 A 127.0.0.1",
	"mx A 192.0.2.25", "imap A 192.0.2.1", "imap2 AAAA 2001:db8::2",
	"pop A 192.0.2.3", "smtp A 192.0.2.4", "sieve A 192.0.2.5", "jmap A 192.0.2.6", "dav A 192.0.2.7",
	"@ TXT \"v=spf1 mx -all\"", "_dmarc TXT \"v=DMARC1; p=reject\"", "s1._domainkey TXT \"v=DKIM1; p=\""}

func planFor(t testing.TB, domain string, p *provider.Provider) []dns.RR {
	t.Helper()
	o := dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost}
	if p.Vendor == nil {
		o.PACC = dnstest.PACC
	}
	records, err := dnssrv.Plan(domain, p, o)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// plannedZone is a zone of example.test with its plan, but for the lines that
// drop matches, and with more records.
func plannedZone(t testing.TB, drop func(line string) bool, more ...string) string {
	t.Helper()
	var b bytes.Buffer
	if err := dnssrv.WriteFormat(&b, "zone", "example.test", planFor(t, "example.test", dnstest.Everything()),
		dnssrv.FormatOptions{}); err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(b.String()), "\n")[1:], drop)
	return dnstest.Zone(slices.Concat(mailRecords, lines, more)...)
}

func dropping(words ...string) func(string) bool {
	return func(line string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(line, w) })
	}
}

func checkOptions() check.Options {
	return check.Options{ByMX: source.NewMXTable(provider.Builtins()).ByHosts, Digest: pacc.ParseTXT}
}

// checkZone compares example.test, as the zone text has it, with its plan.
func checkZone(t testing.TB, zoneText string) []finding.Finding {
	t.Helper()
	s := dnstest.Start(t, zoneText, hosterZone)
	found, _ := check.New(client(s), checkOptions()).Check(t.Context(), served(t))
	return found
}

func served(t testing.TB) check.Subject {
	return check.Subject{Domain: "example.test", Provider: dnstest.Everything(),
		Want: planFor(t, "example.test", dnstest.Everything())}
}

// bad are the findings that are not fine, as "level id name type status".
func bad(found []finding.Finding) []string {
	var out []string
	for _, f := range found {
		if f.Level == finding.Fail || f.Level == finding.Warn {
			out = append(out, strings.Join([]string{string(f.Level), f.ID, f.Name, f.Type, f.Status}, " "))
		}
	}
	return out
}

func expect(t testing.TB, found []finding.Finding, want ...string) {
	t.Helper()
	got := bad(found)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	for _, f := range found {
		if f.Cause == "" || f.Level != finding.OK && f.Fix == "" {
			t.Errorf("%s: no cause or fix", f.ID)
		}
		if (f.Status == "missing" || f.Status == "differs") && f.Level == finding.Fail && strings.Contains(f.ID, "record") &&
			len(f.Want) == 0 {
			t.Errorf("%s %s: no record to publish", f.ID, f.Subject)
		}
	}
}

func TestCheckGoodZone(t *testing.T) {
	t.Parallel()
	found := checkZone(t, plannedZone(t, dropping("\x00")))
	expect(t, found)
	planned := 0
	for _, f := range found {
		if f.ID == "dns-record-ok" {
			planned++
			if f.Status != "ok" || f.RCode != "NOERROR" || len(f.Want) == 0 || len(f.Got) == 0 {
				t.Errorf("%+v", f)
			}
		}
	}
	if planned != 17 { // record sets
		t.Errorf("%d record sets as planned", planned)
	}
	for _, id := range []string{"dns-mx-published", "dns-spf-published", "dns-dmarc-published", "dns-dkim-published",
		"dns-dnssec-unvalidated"} {
		if !slices.ContainsFunc(found, func(f finding.Finding) bool { return f.ID == id }) {
			t.Errorf("no %s", id)
		}
	}
}

// Ten faults in one zone, and each is named.
func TestCheckTenFaults(t *testing.T) {
	t.Parallel()
	found := checkZone(t, plannedZone(t,
		dropping("_submissions._tcp", "_pop3s._tcp", "_jmap._tcp", "_autodiscover._tcp", "autodiscover.example",
			"autoconfig.example", "_ua-auto-config", "_caldavs._tcp.example.test.\t3600\tIN\tTXT"),
		"_pop3s._tcp SRV 10 1 995 pop.old-host.test.",      // 1 another value, 2 whose target is nowhere
		"_jmap._tcp SRV 0 1 443 alias", "alias CNAME jmap", // 3 differs, 4 and is an alias
		"_autodiscover._tcp SRV 0 0 443 cpanelemaildiscovery.cpanel.net.",         // 5 left over
		"autodiscover CNAME "+dnstest.ServiceHost+".", "autodiscover A 192.0.2.9", // 6 a CNAME beside an address
		"*.example.test. CNAME www", "www A 192.0.2.10", // 7 a wildcard catches autoconfig
		"_ua-auto-config TXT \"v=UAAC1; a=sha256\"",              // 8 malformed
		"_caldavs._tcp 60 TXT path=/old/",                        // 9 another path, 10 a short TTL
		"_carddavs._tcp 60 SRV 0 1 8443 dav", "@ MX 20 nowhere")) // 11 an MX that does not exist: the wildcard makes it one
	expect(t, found,
		"fail dns-record-missing _submissions._tcp.example.test SRV missing",
		"fail dns-record-differs _pop3s._tcp.example.test SRV differs",
		"warn dns-target-unknown _pop3s._tcp.example.test SRV error",
		"fail dns-record-differs _jmap._tcp.example.test SRV differs",
		"fail dns-srv-target-cname _jmap._tcp.example.test SRV differs",
		"fail dns-srv-cpanel _autodiscover._tcp.example.test SRV differs",
		"warn dns-target-unknown _autodiscover._tcp.example.test SRV error",
		"fail dns-name-cname-beside autodiscover.example.test CNAME conflict",
		"fail dns-host-wildcard autoconfig.example.test CNAME differs",
		"fail dns-pacc-malformed _ua-auto-config.example.test TXT differs",
		"fail dns-record-differs _caldavs._tcp.example.test TXT differs",
		"fail dns-mx-target-cname example.test MX differs",
		"warn dns-ttl-low _caldavs._tcp.example.test TXT differs",
	)
}

// Each fault alone: what is changed in the good zone, and all that is said.
func TestCheckFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		drop []string
		more []string
		want []string
	}{
		"another server more": {nil, []string{"_imaps._tcp SRV 20 1 993 mx"},
			[]string{"fail dns-srv-leftover _imaps._tcp.example.test SRV differs"}},
		"said not offered": {[]string{"_jmap._tcp"}, []string{"_jmap._tcp SRV 0 0 0 ."},
			[]string{"fail dns-srv-denied _jmap._tcp.example.test SRV differs"}},
		"both": {nil, []string{"_jmap._tcp SRV 0 0 0 ."},
			[]string{"fail dns-srv-mixed _jmap._tcp.example.test SRV differs"}},
		"other priority": {[]string{"_jmap._tcp"}, []string{"_jmap._tcp SRV 5 0 443 JMAP"},
			[]string{"warn dns-srv-priority _jmap._tcp.example.test SRV differs"}},
		"target without address": {[]string{"jmap A"}, []string{"jmap TXT here"},
			[]string{"fail dns-srv-target-address _jmap._tcp.example.test SRV differs"}},
		"target missing": {[]string{"sieve A"}, nil, []string{"fail dns-srv-target-missing _sieve._tcp.example.test SRV differs"}},
		"mx without address": {[]string{"mx A"}, []string{"mx TXT here"},
			[]string{"fail dns-mx-target-address example.test MX differs"}},
		"mx missing": {[]string{"mx A"}, nil, []string{"fail dns-mx-target-missing example.test MX differs"}},
		"no mx":      {[]string{"@ MX"}, nil, []string{"warn dns-mx-missing example.test MX missing"}},
		"null mx":    {[]string{"@ MX"}, []string{"@ MX 0 ."}, []string{"warn dns-mx-null example.test MX ok"}},
		"nothing about mail": {[]string{"@ TXT", "_dmarc", "s1._domainkey"}, nil,
			[]string{"warn dns-spf-missing example.test TXT missing", "warn dns-dmarc-missing _dmarc.example.test TXT missing",
				"warn dns-dkim-missing _domainkey.example.test TXT missing"}},
		"two spf": {nil, []string{"@ TXT \"v=spf1 -all\"", "@ TXT v=spf1x"},
			[]string{"warn dns-spf-multiple example.test TXT differs"}},
		"long ttl": {[]string{"_jmap._tcp"}, []string{"_jmap._tcp 604800 SRV 0 1 443 jmap"},
			[]string{"warn dns-ttl-high _jmap._tcp.example.test SRV differs"}},
		"addresses": {[]string{"autoconfig.example"},
			[]string{"autoconfig A 192.0.2.80", "autoconfig AAAA 2001:db8::80"}, nil},
		"other addresses": {[]string{"autoconfig.example"}, []string{"autoconfig A 192.0.2.81"},
			[]string{"fail dns-record-differs autoconfig.example.test CNAME differs"}},
		"only ipv6 elsewhere": {[]string{"autoconfig.example"}, []string{"autoconfig A 192.0.2.80",
			"autoconfig AAAA 2001:db8::81"}, []string{"fail dns-record-differs autoconfig.example.test CNAME differs"}},
		"other data": {[]string{"autoconfig.example"}, []string{"autoconfig TXT here"},
			[]string{"fail dns-name-other-data autoconfig.example.test CNAME conflict"}},
		"cname at srv": {[]string{"_jmap._tcp"}, []string{"_jmap._tcp CNAME mx"},
			[]string{"fail dns-name-cname _jmap._tcp.example.test SRV conflict"}},
		"cname at apex": {[]string{"@ MX", "@ TXT"}, []string{"@ CNAME web", "web MX 10 mx", "web TXT \"v=spf1 -all\""},
			[]string{"fail dns-name-cname-apex example.test CNAME conflict"}},
		"stale digest": {[]string{"_ua-auto-config"}, []string{"_ua-auto-config TXT \"v=UAAC1; a=sha256; d=" + strings.Repeat("A", 43) + "=\""}, []string{"fail dns-pacc-stale _ua-auto-config.example.test TXT differs"}},
		"two digests": {nil, []string{"_ua-auto-config TXT \"a=sha256;v=UAAC1;d=" + strings.Repeat("A", 43) + "=;\""},
			nil},
		"digest elsewhere": {[]string{"_ua-auto-config"}, []string{"_ua-auto-config CNAME digest",
			"digest TXT \"" + dnstest.PACC + "\""}, []string{"warn dns-pacc-cname _ua-auto-config.example.test TXT differs"}},
		"other text": {[]string{"_ua-auto-config"}, []string{"_ua-auto-config TXT \"v=spf1 -all\""},
			[]string{"fail dns-record-missing _ua-auto-config.example.test TXT missing"}},
		"wildcard text":       {nil, []string{"*.example.test. TXT \"v=spf1 -all\""}, nil},
		"wildcard as planned": {[]string{"autoconfig.example"}, []string{"*.example.test. CNAME " + dnstest.ServiceHost + "."}, nil},
		"wildcard address": {[]string{"autoconfig.example"}, []string{"*.example.test. A 192.0.2.9"},
			[]string{"fail dns-host-wildcard autoconfig.example.test CNAME differs"}},
		"wildcard below srv": {[]string{"_jmap._tcp"}, []string{"*.example.test. CNAME mx", "*._tcp.example.test. CNAME mx"},
			[]string{"fail dns-record-missing _jmap._tcp.example.test SRV missing"}},
		"mail at microsoft": {[]string{"@ MX"}, []string{"@ MX 0 eur.olc.protection.outlook.com."},
			[]string{"warn dns-autoconfig-mx example.test MX differs", "warn dns-target-unknown example.test MX error"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			drop := test.drop
			text := plannedZone(t, dropping(append(drop, "\x00")...), test.more...)
			for _, d := range drop { // the records beside the plan too
				text = strings.Join(slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool {
					return strings.HasPrefix(line, d+" ") && !slices.Contains(test.more, line)
				}), "\n")
			}
			expect(t, checkZone(t, text), test.want...)
		})
	}
}

func TestCheckOutcomes(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, plannedZone(t, dropping("\x00")), hosterZone)
	s.Fail("_imaps._tcp.example.test", dns.RcodeServerFailure)
	s.Fail("_jmap._tcp.example.test", dns.RcodeRefused)
	s.Drop("autoconfig.example.test")
	s.Truncate("_sieve._tcp.example.test")
	s.Garble("_submissions._tcp.example.test")
	s.Slow("_pop3._tcp.example.test", 20*time.Millisecond)
	found, seen := check.New(client(s), checkOptions()).Check(t.Context(), served(t))
	expect(t, found,
		"fail dns-question-servfail _imaps._tcp.example.test SRV error",
		"fail dns-question-refused _jmap._tcp.example.test SRV error",
		"fail dns-question-timeout autoconfig.example.test CNAME error")
	for _, f := range found {
		if f.Status == "error" && (len(f.Want) == 0 || f.RCode == "" || !strings.Contains(f.Cause, s.Addr())) {
			t.Errorf("%+v", f)
		}
	}
	for name, want := range map[string]query.Outcome{"_imaps._tcp.example.test.": query.SERVFAIL,
		"_jmap._tcp.EXAMPLE.test": query.REFUSED, "_sieve._tcp.example.test": query.NOERROR} {
		if a, ok := seen[query.Question{Name: dns.CanonicalName(name), Type: dns.TypeSRV}]; !ok || a.Outcome != want {
			t.Errorf("seen %s: %s, want %s", name, a.Outcome, want)
		}
	}
	if _, ok := seen[query.Question{Name: "www.example.test.", Type: dns.TypeA}]; ok {
		t.Error("an answer to a question nobody asked")
	}
}

// A domain that cannot be looked at at all costs one finding.
func TestCheckDomainGone(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, "$ORIGIN test.\n$TTL 3600\n"+dnstest.SOA)
	k := check.New(client(s), checkOptions())
	found, _ := k.Check(t.Context(), served(t))
	expect(t, found, "fail dns-domain-missing example.test SOA missing")
	if s.Queries() != 1 {
		t.Errorf("%d questions", s.Queries())
	}
	found, _ = k.Check(t.Context(), check.Subject{Domain: "other.test"})
	expect(t, found, "warn dns-domain-missing other.test SOA missing")
	found, _ = k.Check(t.Context(), check.Subject{Domain: "refused.invalid"})
	expect(t, found, "fail dns-question-refused refused.invalid SOA error")
	s.Drop("")
	found, _ = k.Check(t.Context(), served(t))
	expect(t, found, "fail dns-question-timeout example.test SOA error")
}

func TestCheckValidated(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, plannedZone(t, dropping("\x00")), hosterZone)
	s.AD(true)
	found, _ := check.New(client(s), checkOptions()).Check(t.Context(), served(t))
	expect(t, found)
	if !slices.ContainsFunc(found, func(f finding.Finding) bool { return f.ID == "dns-dnssec-validated" }) {
		t.Error("AD is not reported")
	}
}

// Every domain in the world can be looked at.
func TestObserve(t *testing.T) {
	t.Parallel()
	live, err := os.ReadFile("testdata/live.co.uk.zone")
	if err != nil {
		t.Fatal(err)
	}
	shop := "$ORIGIN shop.example.\n$TTL 3600\n" + dnstest.SOA
	m365 := shop +
		"@ MX 0 shop-example.mail.protection.outlook.com.\n@ TXT \"v=spf1 include:spf.protection.outlook.com -all\"\nautodiscover CNAME autodiscover.outlook.com.\n_dmarc TXT v=DMARC1\nk._domainkey TXT k\n"
	for name, test := range map[string]struct {
		zone   string
		domain string
		want   []string
		ok     string // an id that must be there
	}{
		"live.co.uk": {string(live), "live.co.uk", nil, "dns-mx-provider"},
		"moved away": {string(live) + "@ 300 IN MX 1 mx.elsewhere.invalid.\n_imaps._tcp SRV 0 1 993 imap.elsewhere.invalid.\n@ TXT v=spf1\n_dmarc TXT v=DMARC1\nk._domainkey TXT k\n", "live.co.uk", []string{
			"warn dns-mx-provider-differs live.co.uk MX differs", "warn dns-srv-provider _imaps._tcp.live.co.uk SRV differs",
			"warn dns-target-unknown _imaps._tcp.live.co.uk SRV error", "warn dns-target-unknown live.co.uk MX error"},
			"dns-spf-published"},
		"at microsoft": {m365 + "_autodiscover._tcp SRV 0 0 443 cpanelemaildiscovery.cpanel.net.\n", "shop.example", []string{
			"warn dns-srv-cpanel _autodiscover._tcp.shop.example SRV differs",
			"warn dns-target-unknown _autodiscover._tcp.shop.example SRV error"}, "dns-mx-provider"},
		"at microsoft, incomplete": {shop + "@ MX 0 shop-example.o-v1.mx.microsoft.\n_dmarc TXT v=DMARC1\nk._domainkey TXT k\n@ TXT v=spf1\n", "shop.example", []string{
			"warn dns-vendor-autodiscover autodiscover.shop.example CNAME missing",
			"warn dns-vendor-spf shop.example TXT differs"}, "dns-mx-provider"},
		"unknown host": {shop + "@ MX 5 mx\nmx A 192.0.2.1\n@ TXT v=spf1\n_dmarc TXT v=DMARC1\nk._domainkey TXT k\n_imap._tcp SRV 0 0 0 .\n_imaps._tcp SRV 0 1 993 mx\nautoconfig A 192.0.2.1\n", "shop.example", nil, "dns-record-published"},
		"left behind": {shop + "@ MX 5 mx.one.invalid.\nautoconfig CNAME settings.two.invalid.\n@ TXT v=spf1\n_dmarc TXT v=DMARC1\nk._domainkey TXT k\n", "shop.example", []string{
			"warn dns-autoconfig-mx autoconfig.shop.example CNAME differs", "warn dns-target-unknown shop.example MX error",
			"warn dns-target-unknown autoconfig.shop.example CNAME error"}, "dns-mx-published"},
		"broken": {shop + "@ MX 5 mx\n_imaps._tcp SRV 0 1 993 mx\n_imaps._tcp SRV 0 0 0 .\n_ua-auto-config TXT \"v=UAAC1;\"\nautoconfig CNAME gone\n", "shop.example", []string{
			"fail dns-mx-target-missing shop.example MX differs", "fail dns-srv-mixed _imaps._tcp.shop.example SRV differs",
			"fail dns-srv-target-missing _imaps._tcp.shop.example SRV differs",
			"fail dns-pacc-malformed _ua-auto-config.shop.example TXT differs",
			"fail dns-cname-dangling autoconfig.shop.example CNAME differs",
			"warn dns-spf-missing shop.example TXT missing", "warn dns-dmarc-missing _dmarc.shop.example TXT missing",
			"warn dns-dkim-missing _domainkey.shop.example TXT missing"}, "dns-dnssec-unvalidated"},
		"wildcard": {shop + "@ MX 5 mx\nmx A 192.0.2.1\n*.shop.example. A 192.0.2.1\n@ TXT v=spf1\n", "shop.example",
			[]string{
				"warn dns-host-wildcard autoconfig.shop.example CNAME ok",
				"warn dns-host-wildcard autodiscover.shop.example CNAME ok",
				"warn dns-dmarc-missing _dmarc.shop.example TXT missing"}, "dns-mx-published"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dnstest.Start(t, test.zone, vendorZone, moxZone, hosterZone)
			subject := check.Subject{Domain: test.domain}
			if provider.VendorOwned(test.domain) != "" {
				subject.Provider = provider.Builtin(provider.Outlook)
			}
			found, _ := check.New(client(s), checkOptions()).Check(t.Context(), subject)
			expect(t, found, test.want...)
			if !slices.ContainsFunc(found, func(f finding.Finding) bool { return f.ID == test.ok }) {
				t.Errorf("no %s in %+v", test.ok, found)
			}
		})
	}
}

// What is not offered is said so, and nothing else may be.
func TestCheckNegative(t *testing.T) {
	t.Parallel()
	p := dnstest.Everything()
	p.Incoming = p.Incoming[:1]
	want := planFor(t, "example.test", p)
	var lines []string
	for _, rr := range want {
		if !strings.HasPrefix(rr.Header().Name, "_pop3") {
			lines = append(lines, rr.String())
		}
	}
	s := dnstest.Start(t, dnstest.Zone(slices.Concat(mailRecords, lines, []string{"_pop3s._tcp SRV 0 1 995 pop"})...),
		hosterZone)
	k := check.New(client(s), checkOptions())
	found, _ := k.Check(t.Context(), check.Subject{Domain: "example.test", Provider: p, Want: want})
	expect(t, found, "warn dns-negative-missing _pop3._tcp.example.test SRV missing",
		"fail dns-srv-leftover _pop3s._tcp.example.test SRV differs")
}

func client(servers ...*dnstest.Server) *query.Client {
	var addrs []string
	for _, s := range servers {
		addrs = append(addrs, s.Addr())
	}
	return query.New(query.Options{Resolvers: addrs, Timeout: 700 * time.Millisecond, Tries: 2, Backoff: time.Millisecond})
}
