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
func (d *inspection) reportPath(name string, want []dns.RR, a query.Answer) {
	got := withText(a.RRs, func(text string) bool { return strings.HasPrefix(strings.ToLower(text), "path=") })
	switch {
	case len(want) == 0 && len(got) > 0:
		d.note("dns-record-published", name, dns.TypeTXT, statusOK, nil, got)
	case len(want) == 0:
	case len(got) == 0:
		d.reportMissing("dns-record-missing", name, want)
	case slices.Equal(dnssrv.Texts(got), dnssrv.Texts(want)):
		d.note("dns-record-ok", name, dns.TypeTXT, statusOK, want, got)
	default:
		d.note("dns-record-differs", name, dns.TypeTXT, statusDiffers, want, got)
	}
}

// reportPACC compares the digest of the PACC document. Of several records any may match, so that an old and a new one
// can be there together; text of another kind, as a wildcard makes it, does not count.
func (d *inspection) reportPACC(name string, want []dns.RR, a query.Answer) {
	got := withText(a.RRs, func(text string) bool { return strings.Contains(strings.ToUpper(text), "UAAC") })
	if len(got) == 0 {
		if len(want) > 0 {
			d.reportMissing("dns-record-missing", name, want)
		}
		return
	}
	digests, reason := d.digests(got)
	planned, _ := d.digests(want)
	switch {
	case len(digests) == 0:
		f := d.compared("dns-pacc-malformed", name, dns.TypeTXT, statusDiffers, want, got)
		d.add(f.Because("%s (%s)", f.Cause, reason))
	case len(a.CNAMEs) > 0:
		d.note("dns-pacc-cname", name, dns.TypeTXT, statusDiffers, want, append([]dns.RR{a.CNAMEs[0]}, got...))
	case len(want) == 0:
		d.note("dns-record-published", name, dns.TypeTXT, statusOK, nil, got)
	case slices.ContainsFunc(planned, func(d [sha256.Size]byte) bool { return slices.Contains(digests, d) }):
		d.note("dns-record-ok", name, dns.TypeTXT, statusOK, want, got)
		if len(digests) > len(planned) {
			d.note("dns-pacc-rollover", name, dns.TypeTXT, statusOK, want, got)
		}
	case d.OldPACC != "" && slices.Contains(dnssrv.Texts(got), d.OldPACC):
		d.note("dns-pacc-previous", name, dns.TypeTXT, statusDiffers, want, got)
	default:
		d.note("dns-pacc-stale", name, dns.TypeTXT, statusDiffers, want, got)
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
	return dnssrv.Tagged(d.seen.get(d.name(""), dns.TypeTXT).RRs, "v=spf1")
}

// reportSPF notes the sender policy (RFC 7208); two of them make it void (§4.5).
func (d *inspection) reportSPF(takesMail bool) {
	a := d.seen.get(d.name(""), dns.TypeTXT)
	got := d.spf()
	switch {
	case !a.Outcome.Known():
		f := d.failed(a)
		f.Level = finding.Warn
		d.add(f)
	case len(got) > 1:
		d.note("dns-spf-multiple", d.name(""), dns.TypeTXT, statusDiffers, nil, got)
	case len(got) == 1:
		d.note("dns-spf-published", d.name(""), dns.TypeTXT, statusOK, nil, got)
	case takesMail:
		d.note("dns-spf-missing", d.name(""), dns.TypeTXT, statusMissing, nil, nil)
	}
}

// reportDMARC notes the DMARC policy (RFC 7489 §6.1). A domain below another has that one's (§6.6.3).
func (d *inspection) reportDMARC(takesMail bool) {
	name := d.name(dmarcLabel)
	a := d.seen.get(name, dns.TypeTXT)
	got := dnssrv.Tagged(a.RRs, "v=dmarc1")
	switch {
	case len(got) > 0:
		d.note("dns-dmarc-published", name, dns.TypeTXT, statusOK, nil, got)
	case takesMail && a.Outcome.Known() && provider.Registrable(d.Domain) == d.Domain:
		d.note("dns-dmarc-missing", name, dns.TypeTXT, statusMissing, nil, nil)
	}
}

// reportDKIM notes whether there are DKIM keys at all: their names are not known outside, but without any the name
// above them does not exist (RFC 8020 §2).
func (d *inspection) reportDKIM(takesMail bool) {
	name := d.name(dkimLabel)
	switch a := d.seen.get(name, dns.TypeTXT); {
	case a.Outcome == query.NXDOMAIN && takesMail:
		d.add(d.about("dns-dkim-missing", name, dns.TypeTXT, statusMissing))
	case a.Outcome.Known() && a.Outcome != query.NXDOMAIN:
		d.add(d.about("dns-dkim-published", name, dns.TypeTXT, statusOK))
	}
}
