package dnssrv_test

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"autoconfig/dnssrv"
)

// TestBeside: each field that differs shows what is there and what should be.
func TestBeside(t *testing.T) {
	t.Parallel()
	list := []dnssrv.Comparison{
		{Want: []string{"_imaps._tcp.a.test. 3600 IN SRV 0 1 993 mail.a.test."},
			Got: []string{"_IMAPS._tcp.a.test. 60 IN SRV 0 1 993 MAIL.a.test."}, Fine: true},
		{Want: []string{"_submission._tcp.a.test. 3600 IN SRV 0 1 587 x.test.",
			"_submission._tcp.a.test. 3600 IN SRV 10 1 587 y.test."},
			Got: []string{"_submission._tcp.a.test. 300 IN SRV 5 1 25 z.test.",
				"_submission._tcp.a.test. 300 IN SRV 0 1 587 x.test.", "_submission._tcp.a.test. 300 IN SRV 7 0 25 old.test."}},
		{Want: []string{"_pop3._tcp.a.test. 3600 IN SRV 0 0 0 ."}},
		{Want: []string{`_ua-auto-config.a.test. 3600 IN TXT "v=1; d=x"`}, Unknown: true},
		{Want: []string{"autoconfig.a.test. 3600 IN CNAME host.test."},
			Got: []string{"autoconfig.a.test. 3600 IN A 192.0.2.1"}},
		{Got: []string{"_jmap._tcp.a.test. 3600 IN SRV 0 1 443 j.test."}, Fine: true},
		{Got: []string{"not a record: at all"}},
	}
	for ttl, want := range map[bool]string{false: `STATUS   TYPE       HOST              PRIORITY  WEIGHT  PORT      TARGET OR VALUE  TTL
ok       SRV        _imaps._tcp       0         1       993       mail.a.test      3600
ok       SRV        _submission._tcp  0         1       587       x.test           3600
differs  SRV        _submission._tcp  5 → 10    1       25 → 587  z.test → y.test  3600
extra    SRV        _submission._tcp  7         0       25        old.test         300
missing  SRV        _pop3._tcp        0         0       0         .                3600
unknown  TXT        _ua-auto-config                               v=1; d=x         3600
differs  A → CNAME  autoconfig                                    192.0.2.1 → host.test  3600
there    SRV        _jmap._tcp        0         1       443       j.test           3600
`, true: ""} {
		var b bytes.Buffer
		if err := dnssrv.WriteComparison(&b, "a.test", list, ttl); err != nil {
			t.Fatal(err)
		}
		if ttl {
			if !bytes.Contains(b.Bytes(), []byte("300 → 3600")) {
				t.Errorf("%s", b.String())
			}
			continue
		}
		if diff := cmp.Diff(squeezed(want), squeezed(b.String())); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

// squeezed is a table with its cells one blank apart.
func squeezed(table string) string { return regexp.MustCompile(` +`).ReplaceAllString(table, " ") }
