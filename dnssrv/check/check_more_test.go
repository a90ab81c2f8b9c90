package check_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv/check"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
)

// A customer of Microsoft 365 keeps its own MX, SPF and autodiscover.
func TestCheckMicrosoft365(t *testing.T) {
	t.Parallel()
	p := provider.Builtin(provider.Microsoft365)
	good := []string{"@ MX 0 shop-example.mail.protection.outlook.com.",
		"@ TXT \"v=spf1 include:spf.protection.outlook.com -all\"", "autodiscover CNAME autodiscover.outlook.com.",
		"_dmarc TXT v=DMARC1", "selector1._domainkey CNAME selector1-shop-example._domainkey.shop.onmicrosoft.com."}
	for name, test := range map[string]struct {
		replace map[int]string
		more    []string
		want    []string
	}{
		"good":            {nil, nil, nil},
		"new exchangers":  {map[int]string{0: "@ MX 0 shop-example.o-v1.mx.microsoft."}, nil, nil},
		"behind a filter": {map[int]string{0: "@ MX 5 filter\nfilter A 192.0.2.9"}, nil, nil},
		"only spf tells": {map[int]string{0: "@ MX 5 filter\nfilter A 192.0.2.9", 2: ""}, nil,
			[]string{"fail dns-vendor-autodiscover autodiscover.shop.example CNAME missing"}},
		"mail elsewhere": {map[int]string{0: "@ MX 5 filter\nfilter A 192.0.2.9", 1: "@ TXT \"v=spf1 -all\"", 2: ""}, nil,
			[]string{
				"fail dns-vendor-mx shop.example MX differs",
				"fail dns-vendor-autodiscover autodiscover.shop.example CNAME missing",
				"warn dns-vendor-spf shop.example TXT differs"}},
		"pointed at us": {map[int]string{2: "autodiscover CNAME " + dnstest.ServiceHost + "."}, nil,
			[]string{"fail dns-vendor-autodiscover autodiscover.shop.example CNAME differs"}},
		"srv beside": {nil, []string{"_autodiscover._tcp SRV 0 0 443 " + dnstest.ServiceHost + "."},
			[]string{"warn dns-vendor-srv _autodiscover._tcp.shop.example SRV differs"}},
		"cpanel": {nil, []string{"_autodiscover._tcp SRV 0 0 443 cpanelemaildiscovery.cpanel.net."},
			[]string{"fail dns-srv-cpanel _autodiscover._tcp.shop.example SRV differs",
				"warn dns-target-unknown _autodiscover._tcp.shop.example SRV error"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := planFor(t, "shop.example", p)
			lines := slices.Clone(good)
			for i, line := range test.replace {
				lines[i] = line
			}
			for _, rr := range want {
				lines = append(lines, rr.String())
			}
			text := "$ORIGIN shop.example.\n$TTL 3600\n" + dnstest.SOA + strings.Join(append(lines, test.more...), "\n") + "\n"
			s := dnstest.Start(t, text, vendorZone, moxZone, officeZone, hosterZone)
			found, _ := check.New(client(s), checkOptions()).Check(t.Context(),
				check.Subject{Domain: "shop.example", Provider: p, Want: want})
			expect(t, found, test.want...)
		})
	}
}

// connectTo stands for the network: ns1 and ns2 are two loopback servers.
func connectTo(to map[string]string) func(string) string {
	return func(hostPort string) string {
		if at, ok := to[hostPort]; ok {
			return at
		}
		return hostPort
	}
}

func authoritative(t testing.TB, resolver, ns1, ns2 *dnstest.Server) []finding.Finding {
	t.Helper()
	c := query.New(query.Options{Resolvers: []string{resolver.Addr()}, Timeout: 700 * time.Millisecond, Tries: 2,
		Backoff:   time.Millisecond,
		ConnectTo: connectTo(map[string]string{"ns1.example.test:53": ns1.Addr(), "ns2.example.test:53": ns2.Addr()})})
	o := checkOptions()
	o.Authoritative = true
	found, _ := check.New(c, o).Check(t.Context(), served(t))
	return found
}

func TestCheckAuthoritative(t *testing.T) {
	t.Parallel()
	good := plannedZone(t, dropping("\x00"))
	older := plannedZone(t, dropping("_jmap._tcp", "autoconfig.example"), "autoconfig CNAME old.hoster.example.")
	resolver := dnstest.Start(t, good, hosterZone)
	fresh := func(text string) *dnstest.Server { return dnstest.Start(t, text) }

	ns1, ns2 := fresh(good), fresh(good)
	expect(t, authoritative(t, resolver, ns1, ns2))
	for _, s := range []*dnstest.Server{ns1, ns2} {
		if s.Asked("_jmap._tcp.example.test", dns.TypeSRV) != 1 {
			t.Error("a name server was not asked")
		}
	}
	found := authoritative(t, resolver, fresh(good), fresh(strings.Replace(older, "hostmaster 1 ", "hostmaster 7 ", 1)))
	expect(t, found,
		"warn dns-server-serial example.test SOA conflict",
		"fail dns-server-disagree _jmap._tcp.example.test SRV conflict",
		"fail dns-server-disagree autoconfig.example.test A conflict",
		"fail dns-server-disagree autoconfig.example.test CNAME conflict")
	for _, f := range found {
		if f.ID == "dns-server-disagree" && f.Type == "SRV" &&
			!slices.Equal(f.Got, []string{"ns1.example.test: 0 1 443 jmap.example.test.", "ns2.example.test: NXDOMAIN"}) {
			t.Errorf("got %q", f.Got)
		}
	}
	busy := fresh(good)
	busy.Drop("_jmap._tcp.example.test") // a lost answer is no other opinion
	expect(t, authoritative(t, resolver, fresh(good), busy))
	lame, silent := fresh(good), fresh(good)
	lame.Lame(true)
	silent.Drop("")
	expect(t, authoritative(t, resolver, fresh(good), lame), "fail dns-server-lame example.test NS error")
	expect(t, authoritative(t, resolver, fresh(good), fresh(hosterZone)), "fail dns-server-lame example.test NS error")
	expect(t, authoritative(t, resolver, fresh(good), silent), "warn dns-server-silent example.test NS error")
	// A name server is found by its address too, where no other place is given for its name.
	c := query.New(query.Options{Resolvers: []string{resolver.Addr()},
		ConnectTo: connectTo(map[string]string{"127.0.0.1:53": ns1.Addr()})})
	o := checkOptions()
	o.Authoritative = true
	found, _ = check.New(c, o).Check(t.Context(), served(t))
	expect(t, found)
	expect(t, authoritative(t, resolver, lame, silent), "fail dns-server-lame example.test NS error",
		"warn dns-server-silent example.test NS error", "fail dns-server-none example.test NS error")
}

// A resolver counts TTLs down, so a short one says nothing there.
func TestCheckShortTTLOfResolver(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, plannedZone(t, dropping("_jmap._tcp"), "_jmap._tcp 5 SRV 0 1 443 jmap"), hosterZone)
	k := check.New(client(s), checkOptions())
	found, _ := k.Check(t.Context(), served(t))
	expect(t, found, "warn dns-ttl-low _jmap._tcp.example.test SRV differs")
	s.Lame(true) // no authority, as a resolver
	found, _ = k.Check(t.Context(), served(t))
	expect(t, found)
}
