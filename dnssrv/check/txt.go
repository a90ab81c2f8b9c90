package check

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
)

// reportPath compares the path of a DAV service (RFC 6764 §4). Other text may be at the name.
func (d *inspection) reportPath(q query.Question, a query.Answer) {
	want := d.want[q]
	got := withText(a.RRs, func(text string) bool { return strings.HasPrefix(strings.ToLower(text), "path=") })
	switch {
	case len(want) == 0 && len(got) > 0:
		d.note("dns-record-published", q, got)
	case len(want) == 0:
	case len(got) == 0:
		d.reportMissing("dns-record-missing", q)
	case slices.Equal(dnssrv.Texts(got), dnssrv.Texts(want)):
		d.note("dns-record-ok", q, got)
	default:
		d.note("dns-record-differs", q, got)
	}
}

// reportPACC compares the digest of the PACC document. Of several records any may match, so that an old and a new one
// can be there together; text of another kind, as a wildcard makes it, does not count.
func (d *inspection) reportPACC(q query.Question, a query.Answer) {
	got := withText(a.RRs, func(text string) bool { return strings.Contains(strings.ToUpper(text), "UAAC") })
	digests, reason := d.digests(got)
	planned, _ := d.digests(d.want[q])
	switch {
	case len(got)+len(d.want[q]) == 0:
	case len(got) == 0:
		d.reportMissing("dns-record-missing", q)
	case len(digests) == 0:
		f := d.compared("dns-pacc-malformed", q, got)
		d.add(f.Because("%s (%s)", f.Cause, reason))
	case len(a.CNAMEs) > 0:
		d.note("dns-pacc-cname", q, append([]dns.RR{a.CNAMEs[0]}, got...))
	case len(d.want[q]) == 0:
		d.note("dns-record-published", q, got)
	case slices.ContainsFunc(planned, func(d [sha256.Size]byte) bool { return slices.Contains(digests, d) }):
		d.note("dns-record-ok", q, got)
		if len(digests) > len(planned) {
			d.note("dns-pacc-rollover", q, got)
		}
	case d.OldPACC != "" && slices.Contains(dnssrv.Texts(got), d.OldPACC):
		d.note("dns-pacc-previous", q, got)
	default:
		d.note("dns-pacc-stale", q, got)
	}
}

// digests are those that the records hold, and what is wrong with the first record that holds none.
func (d *inspection) digests(rrs []dns.RR) (list [][sha256.Size]byte, reason string) {
	for _, text := range dnssrv.Texts(rrs) {
		digest, err := d.checker.o.Digest(text)
		switch {
		case err == nil:
			list = append(list, digest)
		case reason == "":
			reason = err.Error()
		}
	}
	return list, reason
}

func withText(rrs []dns.RR, is func(text string) bool) []dns.RR {
	others := func(rr dns.RR) bool { return !slices.ContainsFunc(dnssrv.Texts([]dns.RR{rr}), is) }
	return slices.DeleteFunc(slices.Clone(rrs), others)
}

func (d *inspection) spf() []dns.RR {
	return dnssrv.Tagged(d.seen[d.at("", dns.TypeTXT)].RRs, "v=spf1")
}

// reportSPF notes the sender policy (RFC 7208); two of them make it void (§4.5).
func (d *inspection) reportSPF(takesMail bool) {
	q, got := d.at("", dns.TypeTXT), d.spf()
	switch {
	case !d.seen[q].Outcome.Known():
		f := d.failed(d.seen[q])
		f.Level = finding.Warn
		d.add(f)
	case len(got) > 1:
		d.note("dns-spf-multiple", q, got)
	case len(got) == 1:
		d.note("dns-spf-published", q, got)
	case takesMail:
		d.note("dns-spf-missing", q, nil)
	}
}

// reportDMARC notes the DMARC policy (RFC 7489 §6.1). A domain below another has that one's (§6.6.3).
func (d *inspection) reportDMARC(takesMail bool) {
	q := d.at(dmarcLabel, dns.TypeTXT)
	switch got := dnssrv.Tagged(d.seen[q].RRs, "v=dmarc1"); {
	case len(got) > 0:
		d.note("dns-dmarc-published", q, got)
	case takesMail && d.seen[q].Outcome.Known() && provider.Registrable(d.Domain) == d.Domain:
		d.note("dns-dmarc-missing", q, nil)
	}
}

// reportDKIM notes whether there are DKIM keys: without any the name above them does not exist (RFC 8020 §2).
func (d *inspection) reportDKIM(takesMail bool) {
	q := d.at(dkimLabel, dns.TypeTXT)
	switch outcome := d.seen[q].Outcome; {
	case outcome == query.NXDOMAIN && takesMail:
		d.note("dns-dkim-missing", q, nil)
	case outcome.Known() && outcome != query.NXDOMAIN:
		d.note("dns-dkim-published", q, nil)
	}
}
