package check

import (
	"net/netip"
	"slices"

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
	soa := a.Zone()
	if soa == nil && l.k.o.Authoritative { // the answer is about another zone
		soa, _ = query.FindZone(l.ctx, l.k.client.Ask, query.Parent(a.Name))
	}
	if l.zone = a.Name; soa != nil {
		l.zone = dns.CanonicalName(soa.Hdr.Name)
	}
	if !l.k.o.Authoritative {
		return nil, true
	}
	l.findServers()
	if len(l.servers) == 0 {
		return append(l.early, l.about("dns-server-none", l.zone, dns.TypeNS, statusError)), false
	}
	return nil, true
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
