package query

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
)

// Whatever a server sends, an answer is consistent in itself, and is judged
// without harm.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{"a.test. A 192.0.2.1", "a.test. CNAME b.test.\nb.test. A 192.0.2.1",
		"a.test. CNAME a.test.", "a.test. CNAME b.test.\na.test. A 192.0.2.1\nb.test. CNAME a.test.",
		"a.test. SRV 0 0 0 .", "a.test. TXT \"v=UAAC1; a=sha256; d=\" \"x\"", "a.test. MX 0 ."} {
		m := new(dns.Msg).SetQuestion("a.test.", dns.TypeA)
		m.Response = true
		for line := range strings.SplitSeq(text, "\n") {
			rr, err := dns.NewRR(line)
			if err != nil {
				f.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		raw, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, uint16(dns.TypeA))
		f.Add(raw, uint16(dns.TypeSRV))
		f.Add(raw, uint16(dns.TypeTXT))
	}
	f.Fuzz(func(t *testing.T, raw []byte, qtype uint16) {
		m := new(dns.Msg)
		if m.Unpack(raw) != nil {
			return
		}
		a := Answer{Name: "a.test.", Type: qtype}
		a.read(m)
		if (a.Outcome == NOERROR) != (len(a.RRs) > 0) && m.Rcode == dns.RcodeSuccess {
			t.Errorf("%s with %d records", a.Outcome, len(a.RRs))
		}
		if a.Outcome == NOERROR != (a.Error() == nil) {
			t.Errorf("%s is the error %v", a.Outcome, a.Error())
		}
		for _, rr := range append(a.RRs, a.NextToCNAME...) {
			if rr.Header().Rrtype != qtype {
				t.Errorf("%s in the answer for type %d", rr, qtype)
			}
		}
		if len(a.NextToCNAME) > 0 && len(a.CNAMEs) == 0 {
			t.Error("records beside no CNAME")
		}
		BestMX(a.RRs)
		Addresses(a.RRs)
		_ = dnssrv.SplitAll("a.test", a.RRs)
	})
}
