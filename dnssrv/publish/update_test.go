package publish_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"autoconfig/dnssrv/publish"
	"autoconfig/dnssrv/query"
)

func records(t testing.TB, lines ...string) []dns.RR {
	t.Helper()
	var out []dns.RR
	for _, line := range lines {
		rr, err := dns.NewRR("$ORIGIN example.test.\n$TTL 3600\n" + line)
		if err != nil || rr == nil {
			t.Fatalf("%q: %v", line, err)
		}
		out = append(out, rr)
	}
	return out
}

// saw is an answer with the records given as the server has them at the name.
func saw(t testing.TB, name, qtype string, outcome query.Outcome, lines ...string) query.Answer {
	t.Helper()
	a := query.Answer{Name: dns.CanonicalName(name + ".example.test"), Type: dns.StringToType[qtype], Outcome: outcome,
		AA: true}
	for _, rr := range records(t, lines...) {
		if c, ok := rr.(*dns.CNAME); ok && qtype != "CNAME" {
			a.CNAMEs = append(a.CNAMEs, c)
		} else {
			a.RRs = append(a.RRs, rr)
		}
	}
	return a
}

// message describes an update, one line a record: what is required, what goes
// and what comes.
func message(m *dns.Msg) []string {
	if m == nil {
		return nil
	}
	classes := map[uint16]string{dns.ClassANY: "ANY", dns.ClassNONE: "NONE", dns.ClassINET: "IN"}
	var out []string
	for section, rrs := range [][]dns.RR{m.Answer, m.Ns} {
		for _, rr := range rrs {
			h := rr.Header()
			data := strings.TrimPrefix(rr.String(), h.String())
			out = append(out,
				strings.TrimSpace(fmt.Sprintf("%s %s %d %s %s %s", []string{"if", "do"}[section],
					strings.TrimSuffix(h.Name, ".example.test."), h.Ttl, classes[h.Class], dns.TypeToString[h.Rrtype], data)))
		}
	}
	return out
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	const alias = "autoconfig CNAME host.test."
	for _, test := range []struct {
		name    string
		want    []string
		seen    []query.Answer
		lines   []string
		message []string
		finding string
	}{
		{
			name: "nothing there", want: []string{"_imaps._tcp SRV 0 1 993 imap", alias},
			seen: []query.Answer{saw(t, "_imaps._tcp", "SRV", query.NXDOMAIN), saw(t, "autoconfig", "CNAME", query.NXDOMAIN)},
			lines: []string{"+ _imaps._tcp.example.test. 3600 IN SRV 0 1 993 imap.example.test.",
				"+ autoconfig.example.test. 3600 IN CNAME host.test."},
			message: []string{"if _imaps._tcp 0 NONE ANY", "if autoconfig 0 NONE ANY",
				"do _imaps._tcp 3600 IN SRV 0 1 993 imap.example.test.", "do autoconfig 3600 IN CNAME host.test."},
		},
		{
			name: "all there", want: []string{"_imaps._tcp SRV 0 1 993 imap", alias},
			seen: []query.Answer{saw(t, "_imaps._tcp", "SRV", query.NOERROR, "_IMAPS._tcp SRV 0 1 993 IMAP"),
				saw(t, "autoconfig", "CNAME", query.NOERROR, alias)},
		},
		{
			name: "one replaced, one kept, one gone",
			want: []string{"_imaps._tcp SRV 0 1 993 imap", "_imaps._tcp SRV 10 1 993 imap2"},
			seen: []query.Answer{saw(t, "_imaps._tcp", "SRV", query.NOERROR, "_imaps._tcp SRV 0 1 993 imap",
				"_imaps._tcp SRV 0 0 993 old")},
			lines: []string{"- _imaps._tcp.example.test. 3600 IN SRV 0 0 993 old.example.test.",
				"+ _imaps._tcp.example.test. 3600 IN SRV 10 1 993 imap2.example.test."},
			message: []string{"if _imaps._tcp 0 IN SRV 0 1 993 imap.example.test.",
				"if _imaps._tcp 0 IN SRV 0 0 993 old.example.test.",
				"do _imaps._tcp 0 NONE SRV 0 0 993 old.example.test.", "do _imaps._tcp 3600 IN SRV 10 1 993 imap2.example.test."},
		},
		{
			name: "what is unchanged is required too", want: []string{"_imaps._tcp SRV 0 1 993 imap", alias},
			seen: []query.Answer{saw(t, "_imaps._tcp", "SRV", query.NOERROR, "_imaps._tcp SRV 0 1 993 imap"),
				saw(t, "autoconfig", "CNAME", query.NXDOMAIN)},
			lines: []string{"+ autoconfig.example.test. 3600 IN CNAME host.test."},
			message: []string{"if _imaps._tcp 0 IN SRV 0 1 993 imap.example.test.", "if autoconfig 0 NONE ANY",
				"do autoconfig 3600 IN CNAME host.test."},
		},
		{
			name: "TTL alone", want: []string{alias},
			seen: []query.Answer{saw(t, "autoconfig", "CNAME", query.NOERROR, "autoconfig 60 CNAME host.test.")},
			lines: []string{"- autoconfig.example.test. 60 IN CNAME host.test.",
				"+ autoconfig.example.test. 3600 IN CNAME host.test."},
			message: []string{"if autoconfig 0 IN CNAME host.test.", "do autoconfig 0 NONE CNAME host.test.",
				"do autoconfig 3600 IN CNAME host.test."},
		},
		{
			name: "another CNAME", want: []string{alias},
			seen: []query.Answer{saw(t, "autoconfig", "CNAME", query.NOERROR, "autoconfig CNAME old.test.")},
			lines: []string{"- autoconfig.example.test. 3600 IN CNAME old.test.",
				"+ autoconfig.example.test. 3600 IN CNAME host.test."},
			message: []string{"if autoconfig 0 IN CNAME old.test.", "do autoconfig 0 NONE CNAME old.test.",
				"do autoconfig 3600 IN CNAME host.test."},
		},
		{
			name: "names that exist with other types",
			want: []string{"_caldavs._tcp SRV 0 1 443 dav", `_caldavs._tcp TXT "path=/"`},
			seen: []query.Answer{saw(t, "_caldavs._tcp", "SRV", query.NODATA),
				saw(t, "_caldavs._tcp", "TXT", query.NOERROR, `_caldavs._tcp TXT "path=/dav"`)},
			lines: []string{"+ _caldavs._tcp.example.test. 3600 IN SRV 0 1 443 dav.example.test.",
				`- _caldavs._tcp.example.test. 3600 IN TXT "path=/dav"`, `+ _caldavs._tcp.example.test. 3600 IN TXT "path=/"`},
			message: []string{"if _caldavs._tcp 0 NONE SRV", "if _caldavs._tcp 0 NONE CNAME",
				`if _caldavs._tcp 0 IN TXT "path=/dav"`,
				"do _caldavs._tcp 3600 IN SRV 0 1 443 dav.example.test.", `do _caldavs._tcp 0 NONE TXT "path=/dav"`,
				`do _caldavs._tcp 3600 IN TXT "path=/"`},
		},
		{
			name: "an empty name for a CNAME", want: []string{alias},
			seen:    []query.Answer{saw(t, "autoconfig", "CNAME", query.NODATA), saw(t, "autoconfig", "A", query.NODATA)},
			lines:   []string{"+ autoconfig.example.test. 3600 IN CNAME host.test."},
			message: []string{"if autoconfig 0 NONE ANY", "do autoconfig 3600 IN CNAME host.test."},
		},
		{
			name: "address where a CNAME belongs", want: []string{alias, "_imaps._tcp SRV 0 1 993 imap"},
			seen: []query.Answer{saw(t, "autoconfig", "CNAME", query.NODATA),
				saw(t, "autoconfig", "A", query.NOERROR, "autoconfig A 192.0.2.1"),
				saw(t, "_imaps._tcp", "SRV", query.NXDOMAIN)},
			lines:   []string{"+ _imaps._tcp.example.test. 3600 IN SRV 0 1 993 imap.example.test."},
			finding: "dns-publish-conflict autoconfig.example.test CNAME [autoconfig.example.test. 3600 IN A 192.0.2.1]",
		},
		{
			name: "CNAME where a service belongs", want: []string{"_imaps._tcp SRV 0 1 993 imap"},
			seen:    []query.Answer{saw(t, "_imaps._tcp", "SRV", query.NXDOMAIN, "_imaps._tcp CNAME nowhere")},
			finding: "dns-publish-conflict _imaps._tcp.example.test SRV [_imaps._tcp.example.test. 3600 IN CNAME nowhere.example.test.]",
		},
		{
			name: "SPF where a text belongs", want: []string{`_ua-auto-config TXT "v=UAAC1; a=sha256; d=x"`},
			seen:    []query.Answer{saw(t, "_ua-auto-config", "TXT", query.NOERROR, `_ua-auto-config TXT "v=spf1 -all"`)},
			finding: `dns-publish-conflict _ua-auto-config.example.test TXT [_ua-auto-config.example.test. 3600 IN TXT "v=spf1 -all"]`,
		},
		{
			name: "made by a wildcard", want: []string{alias, "_imaps._tcp SRV 0 1 993 imap"},
			seen: []query.Answer{saw(t, "autoconfig", "CNAME", query.NODATA),
				saw(t, "autoconfig", "A", query.NOERROR, "autoconfig A 192.0.2.1"),
				saw(t, "_imaps._tcp", "SRV", query.NODATA), saw(t, "*", "A", query.NOERROR, "* A 192.0.2.1")},
			lines: []string{"+ autoconfig.example.test. 3600 IN CNAME host.test.",
				"+ _imaps._tcp.example.test. 3600 IN SRV 0 1 993 imap.example.test."},
			message: []string{"if autoconfig 0 NONE ANY", "if _imaps._tcp 0 NONE SRV", "if _imaps._tcp 0 NONE CNAME",
				"do autoconfig 3600 IN CNAME host.test.", "do _imaps._tcp 3600 IN SRV 0 1 993 imap.example.test."},
		},
		{
			name: "served by a wildcard", want: []string{alias, "_imaps._tcp SRV 0 1 993 imap"},
			seen: []query.Answer{saw(t, "autoconfig", "CNAME", query.NOERROR, "autoconfig 60 CNAME host.test."),
				saw(t, "*", "CNAME", query.NOERROR, "* 60 CNAME host.test."),
				saw(t, "_imaps._tcp", "SRV", query.NOERROR, "_imaps._tcp CNAME host.test.")},
			lines: []string{"+ _imaps._tcp.example.test. 3600 IN SRV 0 1 993 imap.example.test."},
			message: []string{"if _imaps._tcp 0 NONE SRV", "if _imaps._tcp 0 NONE CNAME",
				"do _imaps._tcp 3600 IN SRV 0 1 993 imap.example.test."},
		},
	} {
		want := records(t, test.want...)
		u, err := publish.Update("Example.Test", want, test.seen)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var lines, found []string
		for _, c := range u.Changes {
			lines = append(lines, c.Lines()...)
		}
		for _, f := range u.Findings {
			found = append(found, f.ID+" "+f.Subject+" "+fmt.Sprint(f.Got))
		}
		if diff := cmp.Diff(test.lines, lines); diff != "" {
			t.Errorf("%s: changes (-want +got)\n%s", test.name, diff)
		}
		if diff := cmp.Diff(test.message, message(u.Message())); diff != "" {
			t.Errorf("%s: message (-want +got)\n%s", test.name, diff)
		}
		if got := strings.Join(found, ", "); got != test.finding {
			t.Errorf("%s: finding %q, want %q", test.name, got, test.finding)
		}
		if len(lines) != u.Count() {
			t.Errorf("%s: counts %d", test.name, u.Count())
		}
		if again := records(t, test.want...); !slices.EqualFunc(want, again,
			func(a, b dns.RR) bool { return a.String() == b.String() }) {
			t.Errorf("%s: the plan's records were written into: %v", test.name, want)
		}
	}
}

// TestUpdateRefuses: what no update may be made from.
func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	referral := saw(t, "sub.autoconfig", "CNAME", query.NODATA)
	referral.AA, referral.NS = false, records(t, "sub.autoconfig NS ns.elsewhere.")
	for _, test := range []struct {
		want string
		seen query.Answer
		err  string
	}{
		{"@ MX 0 evil", saw(t, "mx", "MX", query.NXDOMAIN), "is not a record that is published"},
		{"@ NS evil", saw(t, "mx", "NS", query.NXDOMAIN), "is not a record that is published"},
		{"@ SOA a b 1 2 3 4 5", saw(t, "mx", "SOA", query.NXDOMAIN), "is not a record that is published"},
		{"@ TXT x", saw(t, "mx", "TXT", query.NXDOMAIN), "text at the top"},
		{`sub TXT "v=spf1 -all"`, saw(t, "sub", "TXT", query.NXDOMAIN), "text at the top"},
		{`sub TXT "V=SPF1 -all"`, saw(t, "sub", "TXT", query.NXDOMAIN), "text at the top"},
		{"autoconfig CNAME x", saw(t, "other", "CNAME", query.NXDOMAIN), "planned and not asked"},
		{"autoconfig CNAME x", saw(t, "autoconfig", "A", query.NODATA), "planned and not asked"},
		{"autoconfig CNAME x", saw(t, "autoconfig", "CNAME", query.SERVFAIL), "SERVFAIL"},
		{"autoconfig CNAME x", saw(t, "autoconfig", "CNAME", query.TIMEOUT), "TIMEOUT"},
		{"autoconfig.elsewhere.test. CNAME x", saw(t, "autoconfig", "CNAME", query.NXDOMAIN),
			"does not lie in the zone example.test"},
		{"sub.autoconfig CNAME x", referral, "is delegated: it lies in the zone sub.autoconfig.example.test"},
	} {
		u, err := publish.Update("example.test.", records(t, test.want), []query.Answer{test.seen})
		if err == nil || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %v, %v", test.want, u, err)
		}
	}
}

func TestUpdateTooLarge(t *testing.T) {
	t.Parallel()
	var lines []string
	var seen []query.Answer
	for i := range 1000 {
		name := fmt.Sprintf("_imaps._tcp.customer-with-a-long-name-%d", i)
		lines = append(lines, name+" SRV 0 1 993 imap.hoster.example.")
		seen = append(seen, saw(t, name, "SRV", query.NXDOMAIN))
	}
	u, err := publish.Update("example.test", records(t, lines...), seen)
	if err != nil || u.Message() != nil || len(u.Findings) != 1 || u.Findings[0].ID != "dns-publish-too-large" {
		t.Errorf("%v %v", u.Findings, err)
	}
}
