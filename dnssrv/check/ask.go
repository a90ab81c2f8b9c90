package check

import (
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// open asks for the zone, so that a domain that is not there costs one question; ok is false when that is all.
func (d *inspection) open() (found []finding.Finding, ok bool) {
	a := d.checker.client.Ask(d.ctx, d.Domain, dns.TypeSOA)
	d.seen.put(a)
	switch {
	case a.Outcome == query.NXDOMAIN && len(a.CNAMEs) == 0:
		f := d.about("dns-domain-missing", d.at("", dns.TypeSOA))
		if d.Want == nil {
			f.Level = finding.Warn // nothing is published, so nothing published is broken
		}
		return []finding.Finding{f}, false
	case !a.Outcome.Known():
		return []finding.Finding{d.failed(a)}, false
	}
	soa := a.Zone()
	if soa == nil && d.checker.o.Authoritative { // the answer is about another zone
		soa, _ = query.FindZone(d.ctx, d.checker.client.Ask, query.Parent(a.Name))
	}
	if d.zone = a.Name; soa != nil {
		d.zone = dns.CanonicalName(soa.Hdr.Name)
	}
	if !d.checker.o.Authoritative {
		return nil, true
	}
	d.findServers()
	if len(d.servers) == 0 {
		return append(d.zoneFindings, d.about("dns-server-none", query.Question{Name: d.zone, Type: dns.TypeNS})), false
	}
	return nil, true
}

func (d *inspection) askAll(questions []query.Question) {
	for _, a := range query.All(questions, d.ask) {
		d.seen.put(a)
	}
}

func (d *inspection) ask(q query.Question) query.Answer {
	if len(d.servers) > 0 && dns.IsSubDomain(d.zone, q.Name) {
		if a, ok := d.askServers(q); ok {
			return a
		}
	}
	return d.checker.client.Ask(d.ctx, q.Name, q.Type)
}

// wildcard is what any name below the domain answers (RFC 4592).
type wildcard struct {
	target    string       // of its CNAME
	addresses []netip.Addr // when it has none
}

// findWildcard asks for a name that does not exist, when an answer may come from a wildcard.
func (d *inspection) findWildcard() {
	suspect := slices.ContainsFunc(dnssrv.Places(), func(p dnssrv.Place) bool {
		a, host := d.seen[d.at(p.Label, p.Type)], d.seen[d.at(p.Label, dns.TypeA)]
		return len(a.CNAMEs) > 0 || p.Type == dns.TypeCNAME && len(a.RRs) > 0 || len(host.RRs) > 0
	})
	if !suspect {
		return
	}
	a := d.ask(d.at(wildcardName, dns.TypeA))
	d.seen.put(a)
	if len(a.CNAMEs) > 0 {
		d.wildcard.target = dnssrv.Plain(a.CNAMEs[0].Target)
		return
	}
	d.wildcard.addresses = sortedAddresses(a.RRs)
}

func (d *inspection) fromWildcard(name string) bool {
	if alias := d.alias(name); alias != nil {
		return d.wildcard.target != "" && dnssrv.Plain(alias.Target) == d.wildcard.target
	}
	own := sortedAddresses(d.seen.records(name, dns.TypeA))
	return len(own) > 0 && slices.Equal(own, d.wildcard.addresses)
}

func (d *inspection) alias(name string) *dns.CNAME {
	if own := dnssrv.Records[*dns.CNAME](d.seen.get(name, dns.TypeCNAME).RRs); len(own) > 0 {
		return own[0]
	}
	for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV, dns.TypeTXT, dns.TypeMX} {
		if a := d.seen.get(name, qtype); len(a.CNAMEs) > 0 {
			return a.CNAMEs[0]
		}
	}
	return nil
}

func sortedAddresses(rrs []dns.RR) []netip.Addr {
	return slices.SortedFunc(slices.Values(query.Addresses(rrs)), netip.Addr.Compare)
}
