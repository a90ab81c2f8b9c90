package check_test

import (
	"slices"
	"strings"
	"testing"

	"autoconfig/dnssrv/check"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/finding"
	"autoconfig/provider"
)

// Records as people enter them by mistake are named as such.
func TestCheckEnteredWrongly(t *testing.T) {
	t.Parallel()
	const imaps = "_imaps._tcp.example.test."
	for name, test := range map[string]struct {
		drop []string
		more []string
		id   string
		say  string
	}{
		"owner doubled": {[]string{imaps}, []string{"_imaps._tcp.example.test SRV 0 1 993 imap"},
			"dns-name-misplaced", "_imaps._tcp.example.test.example.test instead: the domain was entered twice"},
		"host name doubled": {[]string{"autoconfig.example.test."},
			[]string{"autoconfig.example.test CNAME autoconfig.hoster.example."}, "dns-name-misplaced", "entered twice"},
		"digest doubled": {[]string{"_ua-auto-config"},
			[]string{"_ua-auto-config.example.test TXT \"v=UAAC1; a=sha256; d=x\""}, "dns-name-misplaced", "entered twice"},
		"underscore behind": {[]string{imaps}, []string{"_imaps_.tcp SRV 0 1 993 imap"}, "dns-name-misplaced",
			"_imaps_.tcp.example.test instead: an underscore goes before"},
		"one underscore": {[]string{imaps}, []string{"_imaps.tcp SRV 0 1 993 imap"}, "dns-name-misplaced",
			"an underscore goes before"},
		"no underscore": {[]string{imaps}, []string{"imaps.tcp SRV 0 1 993 imap"}, "dns-name-misplaced",
			"an underscore goes before"},
		"another transport": {[]string{imaps}, []string{"_imap._tls SRV 0 1 993 imap"}, "dns-name-misplaced",
			"clients ask for _imaps._tcp"},
		"turned round": {[]string{imaps}, []string{"_tcp._imaps SRV 0 1 993 imap"}, "dns-name-misplaced",
			"clients ask for"},
		"smtps": {[]string{"_submissions._tcp.example.test."}, []string{"_smtps._tcp SRV 0 1 465 smtp"},
			"dns-name-misplaced", "_smtps._tcp.example.test instead"},
		"autodiscover's underscore": {[]string{"_autodiscover._tcp"}, []string{"autodiscover._tcp SRV 0 0 443 autoconfig.hoster.example."}, "dns-name-misplaced", "an underscore goes before"},
		"target without its dot": {[]string{imaps}, []string{"_imaps._tcp SRV 0 1 993 imap.example.test"},
			"dns-target-appended", "does not end with a dot"},
		"service host without dot": {[]string{"autoconfig.example.test."}, []string{"autoconfig CNAME autoconfig.hoster.example"}, "dns-target-appended", "autoconfig.hoster.example, which does not end with a dot"},
		"IPv4": {[]string{imaps}, []string{"_imaps._tcp SRV 0 1 993 192.0.2.1."}, "dns-target-number",
			"192.0.2.1 is an IP address"},
		"IPv4 without dot": {[]string{imaps}, []string{"_imaps._tcp SRV 0 1 993 192.0.2.1"}, "dns-target-number",
			"192.0.2.1 is an IP address"},
		"IPv6": {[]string{"_pop3s._tcp"}, []string{"_pop3s._tcp SRV 0 1 995 2001:db8::1."},
			"dns-target-number", "2001:db8::1 is an IP address"},
		"CNAME to an address": {[]string{"autoconfig.example.test."}, []string{"autoconfig CNAME 192.0.2.80."},
			"dns-target-number", "a CNAME record is a name"},
		"left at Microsoft, SRV": {[]string{"_autodiscover._tcp"},
			[]string{"_autodiscover._tcp SRV 0 0 443 autodiscover.outlook.com."}, "dns-autodiscover-microsoft", "Microsoft"},
		"left at Microsoft, CNAME": {[]string{"autodiscover.example.test."},
			[]string{"autodiscover CNAME autodiscover.outlook.com."}, "dns-autodiscover-microsoft", "Microsoft"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := checkZone(t, plannedZone(t, func(line string) bool {
				return slices.ContainsFunc(test.drop, func(d string) bool { return strings.HasPrefix(line, d) })
			}, test.more...))
			i := slices.IndexFunc(found, func(f finding.Finding) bool { return f.ID == test.id })
			if i < 0 {
				t.Fatalf("%v", bad(found))
			}
			f := found[i]
			if f.Level != finding.Fail || !strings.Contains(f.Cause, test.say) || len(f.Got) == 0 || len(f.Want) == 0 {
				t.Errorf("%+v", f)
			}
			if slices.ContainsFunc(found, func(f finding.Finding) bool { return f.ID == "dns-record-missing" }) {
				t.Errorf("missing as well: %v", bad(found))
			}
		})
	}
}

func TestCheckMicrosoftMX(t *testing.T) {
	t.Parallel()
	const rest = "@ TXT \"v=spf1 include:spf.protection.outlook.com -all\"\nautodiscover CNAME autodiscover.outlook.com.\n_dmarc TXT v=DMARC1\nk._domainkey TXT k\n"
	for mx, want := range map[string]string{
		"@ MX 32767 ms12345678.msv1.invalid.":                                          "warn dns-mx-verification",
		"@ MX 0 shop-co-uk.mail.protection.outlook.com.\n@ MX 32767 ms1.msv1.invalid.": "",
		"@ MX 0 shop.co.uk.mail.protection.outlook.com.":                               "fail dns-vendor-mx-name",
		"@ MX 0 shop-co.uk.mail.protection.outlook.com.":                               "fail dns-vendor-mx-name",
		"@ MX 0 shop-co-uk.mail.protection.outlook.com":                                "fail dns-target-appended",
	} {
		s := dnstest.Start(t, "$ORIGIN shop.co.uk.\n$TTL 3600\n"+dnstest.SOA+rest+mx+"\n",
			"$ORIGIN outlook.com.\n$TTL 3600\n"+dnstest.SOA+
				"autodiscover A 192.0.2.1\nshop-co-uk.mail.protection A 192.0.2.3\n", officeZone)
		found, _ := check.New(client(s), checkOptions()).Check(t.Context(),
			check.Subject{Domain: "shop.co.uk", Provider: provider.Builtin(provider.Microsoft365)})
		got := slices.DeleteFunc(bad(found), func(line string) bool { return !strings.Contains(line, " MX") })
		if want == "" && len(got) > 0 || want != "" &&
			!slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("%s: got %v, want %q", mx, got, want)
		}
	}
}
