package check_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"autoconfig/dnssrv/check"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/finding"
)

const goodPolicy = "version: STSv1\r\nmode: enforce\r\nmx: *.example.test\r\nmax_age: 86400\r\n"

// TestNeighbours: what is next to the planned records is seen and explained, and
// never among the records to publish.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	const sts, pin = `_mta-sts TXT "v=STSv1; id=20260101T1"`,
		"_25._tcp.mx TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for name, test := range map[string]struct {
		more   []string
		policy string // "": it cannot be read
		ad     bool
		cas    []string
		want   string // ids, those that are fine too
	}{
		"nothing": {},
		"MTA-STS": {more: []string{sts}, policy: goodPolicy, want: "dns-mta-sts-published"},
		"by name": {more: []string{sts},
			policy: strings.Replace(goodPolicy, "*.example.test", "MX.example.test", 1), want: "dns-mta-sts-published"},
		"two labels": {more: []string{sts}, policy: strings.Replace(goodPolicy, "*.example.test", "*.test", 1),
			want: "dns-mta-sts-broken"},
		"another exchanger": {more: []string{sts}, policy: strings.Replace(goodPolicy, "*.example.test", "mx.old.test", 1),
			want: "dns-mta-sts-broken"},
		"mode none": {more: []string{sts}, policy: "version: STSv1\nmode: none\nmax_age: 1\n",
			want: "dns-mta-sts-published"},
		"no policy":  {more: []string{sts}, want: "dns-mta-sts-broken"},
		"a web page": {more: []string{sts}, policy: "<html>", want: "dns-mta-sts-broken"},
		"no id": {more: []string{`_mta-sts TXT "v=STSv1; id=2026-01-01"`}, policy: goodPolicy,
			want: "dns-mta-sts-broken"},
		"two records": {more: []string{sts, `_mta-sts TXT "v=STSv1; id=2"`}, policy: goodPolicy,
			want: "dns-mta-sts-broken"},
		"TLSRPT": {more: []string{`_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@example.test"`},
			want: "dns-tlsrpt-published"},
		"TLSRPT to nobody": {more: []string{`_smtp._tls TXT "v=TLSRPTv1; rua=tls@example.test"`},
			want: "dns-tlsrpt-malformed"},
		"DANE":                 {more: []string{pin}, ad: true, want: "dns-dane-published"},
		"DANE, nobody vouches": {more: []string{pin}, want: "dns-dane-published"}, // a resolver that does not validate cannot tell
		"DANE of the web": {more: []string{strings.Replace(pin, "3 1 1", "1 1 1", 1)}, ad: true,
			want: "dns-dane-unusable"},
		"CAA": {more: []string{`@ CAA 0 issue "letsencrypt.org; validationmethods=http-01"`},
			cas: []string{"letsencrypt.org"}, want: "dns-caa-allows"},
		"CAA for another": {more: []string{`@ CAA 0 issue "ca.test"`, `@ CAA 0 issuewild "letsencrypt.org"`},
			cas: []string{"letsencrypt.org"}, want: "dns-caa-denies"},
		"CAA for nobody": {more: []string{`@ CAA 0 issue ";"`}, cas: []string{"letsencrypt.org"}, want: "dns-caa-denies"},
		"CAA without issue": {more: []string{`@ CAA 0 iodef "mailto:x@example.test"`}, cas: []string{"letsencrypt.org"},
			want: "dns-caa-allows"},
		"CAA, none ordered": {more: []string{`@ CAA 0 issue "ca.test"`}},
	} {
		s := dnstest.Start(t, plannedZone(t, dropping("nothing at all"), test.more...), hosterZone,
			"$ORIGIN .\n$TTL 60\n"+dnstest.SOA)
		s.AD(test.ad)
		o := checkOptions()
		o.Neighbours = &check.Neighbours{CAs: test.cas, Fetch: func(_ context.Context, url string) ([]byte, error) {
			if url != "https://mta-sts.example.test/.well-known/mta-sts.txt" || test.policy == "" {
				return nil, errors.New("status 404")
			}
			return []byte(test.policy), nil
		}}
		found, _ := check.New(client(s), o).Check(t.Context(), served(t))
		var got []string
		for _, f := range found {
			if slices.ContainsFunc([]string{"dns-mta", "dns-tls", "dns-dane", "dns-caa"},
				func(p string) bool { return strings.HasPrefix(f.ID, p) }) {
				got = append(got, f.ID)
				if len(f.Want) > 0 || f.Cause == "" || f.Level != finding.OK && f.Fix == "" {
					t.Errorf("%s: %+v", name, f)
				}
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v, want %q", name, got, test.want)
		}
	}
}

// TestDANEWithoutDNSSEC: a resolver that validates, as its answer for the root shows, does not vouch for the pins, so no
// sender uses them. Only the zone of the pins decides.
func TestDANEWithoutDNSSEC(t *testing.T) {
	t.Parallel()
	const pins = "_25._tcp.mx.example.test"
	for _, test := range []struct{ unsigned, want string }{
		{pins, "dns-dane-insecure"},
		{"www.example.test", "dns-dane-published"},
		{".", "dns-dane-published"}, // it vouches for the pins, whatever it says of the root
	} {
		s := dnstest.Start(t, plannedZone(t, dropping("nothing at all"), pins+". TLSA 3 1 1 "+strings.Repeat("0f", 32)),
			hosterZone, "$ORIGIN .\n$TTL 60\n"+dnstest.SOA)
		s.AD(true)
		s.Unsigned(test.unsigned)
		o := checkOptions()
		o.Neighbours = &check.Neighbours{}
		found, _ := check.New(client(s), o).Check(t.Context(), served(t))
		found = slices.DeleteFunc(found, func(f finding.Finding) bool { return f.Type != "TLSA" })
		if len(found) != 1 || found[0].ID != test.want || found[0].Name != pins || len(found[0].Got) != 1 {
			t.Errorf("%s unsigned: %+v, want %s", test.unsigned, found, test.want)
		}
		if test.want == "dns-dane-insecure" && (found[0].Level == finding.OK || found[0].Cause == "" || found[0].Fix == "") {
			t.Errorf("%+v", found[0])
		}
	}
}

func TestCAAName(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{"acme-v02.api.letsencrypt.org": "letsencrypt.org", "acme.zerossl.com": "sectigo.com",
		"dv.acme-v02.api.pki.goog": "pki.goog", "letsencrypt.org.evil.test": "", "127.0.0.1": ""} {
		if got := check.CAAName(host); got != want {
			t.Errorf("%s: %q", host, got)
		}
	}
}
