package check

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// open asks for the zone, so that a domain that is not there, or cannot be
// looked at, costs one question. ok is false when the findings are all there is.
func (l *look) open() (found []finding.Finding, ok bool) {
	a := l.k.client.Ask(l.ctx, l.Domain, dns.TypeSOA)
	l.seen.put(a)
	switch {
	case a.Outcome == query.NXDOMAIN && len(a.CNAMEs) == 0:
		f := l.about("dns-domain-missing", l.name(""), dns.TypeSOA, statusMissing)
		if l.Want == nil {
			f.Level = finding.Warn // nothing is published, so nothing published is broken
		}
		return []finding.Finding{f}, false
	case !a.Outcome.Known():
		return []finding.Finding{l.failed(a)}, false
	}
	l.zone = zoneOf(a)
	if !l.k.o.Authoritative {
		return nil, true
	}
	for len(a.CNAMEs) > 0 && strings.Contains(dnssrv.Plain(a.Name), ".") { // the answer is about another zone
		_, parent, _ := strings.Cut(a.Name, ".")
		a = l.k.client.Ask(l.ctx, parent, dns.TypeSOA)
		l.zone = zoneOf(a)
	}
	l.findServers()
	if len(l.servers) == 0 {
		return append(l.early, l.about("dns-server-none", l.zone, dns.TypeNS, statusError)), false
	}
	return nil, true
}

// zoneOf is the apex of the zone that answered a question for SOA.
func zoneOf(a query.Answer) string {
	if len(a.RRs) > 0 && len(a.CNAMEs) == 0 {
		return a.Name
	}
	if a.SOA != nil && dns.IsSubDomain(a.SOA.Hdr.Name, a.Name) {
		return dns.CanonicalName(a.SOA.Hdr.Name)
	}
	return a.Name
}

// askAll asks questions and keeps the answers.
func (l *look) askAll(questions []query.Question) {
	for _, a := range query.All(questions, l.ask) {
		l.seen.put(a)
	}
}

func (l *look) ask(q query.Question) query.Answer {
	if len(l.servers) > 0 && dns.IsSubDomain(l.zone, q.Name) {
		if a, ok := l.askServers(q); ok {
			return a
		}
	}
	return l.k.client.Ask(l.ctx, q.Name, q.Type)
}

// wildcard is what any name below the domain answers (RFC 4592).
type wildcard struct {
	target    string       // of its CNAME
	addresses []netip.Addr // when it has none
}

// findWildcard asks for a name nobody has made, when some answer may stem from
// a wildcard.
func (l *look) findWildcard() {
	suspect := slices.ContainsFunc(dnssrv.Places(), func(p dnssrv.Place) bool {
		a := l.seen.get(l.name(p.Label), p.Type)
		return len(a.CNAMEs) > 0 || p.Type == dns.TypeCNAME && len(a.RRs) > 0 || len(l.seen.get(l.name(p.Label), dns.TypeA).RRs) > 0
	})
	if !suspect {
		return
	}
	a := l.ask(query.Question{Name: l.name(wildcardName), Type: dns.TypeA})
	l.seen.put(a)
	if len(a.CNAMEs) > 0 {
		l.wild.target = dnssrv.Plain(a.CNAMEs[0].Target)
		return
	}
	l.wild.addresses = sortedAddresses(a.RRs)
}

// wildcardMade reports whether an answer is the wildcard's.
func (l *look) wildcardMade(name string) bool {
	if alias := l.alias(name); alias != nil {
		return l.wild.target != "" && dnssrv.Plain(alias.Target) == l.wild.target
	}
	own := sortedAddresses(l.seen.records(name, dns.TypeA))
	return len(own) > 0 && slices.Equal(own, l.wild.addresses)
}

// alias is the CNAME at a name, nil if there is none.
func (l *look) alias(name string) *dns.CNAME {
	for _, rr := range l.seen.get(name, dns.TypeCNAME).RRs {
		if c, ok := rr.(*dns.CNAME); ok {
			return c
		}
	}
	for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV, dns.TypeTXT, dns.TypeMX} {
		if a := l.seen.get(name, qtype); len(a.CNAMEs) > 0 {
			return a.CNAMEs[0]
		}
	}
	return nil
}

func sortedAddresses(rrs []dns.RR) []netip.Addr {
	return slices.SortedFunc(slices.Values(query.Addresses(rrs)), netip.Addr.Compare)
}
