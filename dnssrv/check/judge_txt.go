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

// judgePath compares the path of a DAV service (RFC 6764 §4). Other text may
// be at the name.
func (l *look) judgePath(name string, want []dns.RR, a query.Answer) {
	got := withText(a.RRs, func(text string) bool { return strings.HasPrefix(strings.ToLower(text), "path=") })
	switch {
	case len(want) == 0 && len(got) > 0:
		l.published(name, dns.TypeTXT, got)
	case len(want) == 0:
	case len(got) == 0:
		l.judgeMissing("dns-record-missing", name, want)
	case slices.Equal(dnssrv.Texts(got), dnssrv.Texts(want)):
		l.add(l.compared("dns-record-ok", name, dns.TypeTXT, statusOK, want, got))
	default:
		l.add(l.compared("dns-record-differs", name, dns.TypeTXT, statusDiffers, want, got))
	}
}

// judgePACC compares the digest of the PACC document. Of several records any
// may match, so that an old and a new one can be there together; text of
// another kind, as a wildcard makes it, does not count.
func (l *look) judgePACC(name string, want []dns.RR, a query.Answer) {
	got := withText(a.RRs, func(text string) bool { return strings.Contains(strings.ToUpper(text), "UAAC") })
	if len(got) == 0 {
		if len(want) > 0 {
			l.judgeMissing("dns-record-missing", name, want)
		}
		return
	}
	digests, reason := l.digests(got)
	planned, _ := l.digests(want)
	switch {
	case len(digests) == 0:
		f := l.compared("dns-pacc-malformed", name, dns.TypeTXT, statusDiffers, want, got)
		l.add(f.Because("%s (%s)", f.Cause, reason))
	case len(a.CNAMEs) > 0:
		l.add(l.compared("dns-pacc-cname", name, dns.TypeTXT, statusDiffers, want, append([]dns.RR{a.CNAMEs[0]}, got...)))
	case len(want) == 0:
		l.published(name, dns.TypeTXT, got)
	case slices.ContainsFunc(planned, func(d [sha256.Size]byte) bool { return slices.Contains(digests, d) }):
		l.add(l.compared("dns-record-ok", name, dns.TypeTXT, statusOK, want, got))
		if len(digests) > len(planned) {
			l.add(l.compared("dns-pacc-rollover", name, dns.TypeTXT, statusOK, want, got))
		}
	case l.OldPACC != "" && slices.Contains(dnssrv.Texts(got), l.OldPACC):
		l.add(l.compared("dns-pacc-previous", name, dns.TypeTXT, statusDiffers, want, got))
	default:
		l.add(l.compared("dns-pacc-stale", name, dns.TypeTXT, statusDiffers, want, got))
	}
}

// digests are those that the records hold, and what is wrong with the first
// record that holds none.
func (l *look) digests(rrs []dns.RR) (list [][sha256.Size]byte, reason string) {
	for _, text := range dnssrv.Texts(rrs) {
		digest, err := l.k.o.Digest(text)
		switch {
		case err == nil:
			list = append(list, digest)
		case reason == "":
			reason = err.Error()
		}
	}
	return list, reason
}

// withText are the TXT records whose text is of a kind.
func withText(rrs []dns.RR, is func(text string) bool) []dns.RR {
	return slices.DeleteFunc(slices.Clone(rrs), func(rr dns.RR) bool { return !slices.ContainsFunc(dnssrv.Texts([]dns.RR{rr}), is) })
}

// tagged are the TXT records that begin with a version tag such as v=spf1, on a
// word boundary (RFC 7208 §4.5).
func tagged(rrs []dns.RR, tag string) []dns.RR {
	return withText(rrs, func(text string) bool {
		rest, ok := strings.CutPrefix(strings.ToLower(text), tag)
		return ok && (rest == "" || strings.ContainsAny(rest[:1], " \t;"))
	})
}

// spf are the domain's sender policies.
func (l *look) spf() []dns.RR {
	return tagged(l.seen.get(l.name(""), dns.TypeTXT).RRs, "v=spf1")
}

// judgeSPF notes the sender policy (RFC 7208); two of them make it void (§4.5).
func (l *look) judgeSPF(takesMail bool) {
	a := l.seen.get(l.name(""), dns.TypeTXT)
	got := l.spf()
	switch {
	case !a.Outcome.Known():
		f := l.failed(a)
		f.Level = finding.Warn
		l.add(f)
	case len(got) > 1:
		l.add(l.compared("dns-spf-multiple", l.name(""), dns.TypeTXT, statusDiffers, nil, got))
	case len(got) == 1:
		l.add(l.compared("dns-spf-published", l.name(""), dns.TypeTXT, statusOK, nil, got))
	case takesMail:
		l.add(l.compared("dns-spf-missing", l.name(""), dns.TypeTXT, statusMissing, nil, nil))
	}
}

// judgeDMARC notes the DMARC policy (RFC 7489 §6.1). A domain below another has
// that one's (§6.6.3).
func (l *look) judgeDMARC(takesMail bool) {
	name := l.name(dmarcLabel)
	a := l.seen.get(name, dns.TypeTXT)
	got := tagged(a.RRs, "v=dmarc1")
	switch {
	case len(got) > 0:
		l.add(l.compared("dns-dmarc-published", name, dns.TypeTXT, statusOK, nil, got))
	case takesMail && a.Outcome.Known() && provider.Registrable(l.Domain) == l.Domain:
		l.add(l.compared("dns-dmarc-missing", name, dns.TypeTXT, statusMissing, nil, nil))
	}
}

// judgeDKIM notes whether there are DKIM keys at all: their names are not
// known outside, but without any the name above them does not exist (RFC
// 8020 §2).
func (l *look) judgeDKIM(takesMail bool) {
	name := l.name(dkimLabel)
	switch a := l.seen.get(name, dns.TypeTXT); {
	case a.Outcome == query.NXDOMAIN && takesMail:
		l.add(l.about("dns-dkim-missing", name, dns.TypeTXT, statusMissing))
	case a.Outcome.Known() && a.Outcome != query.NXDOMAIN:
		l.add(l.about("dns-dkim-published", name, dns.TypeTXT, statusOK))
	}
}
