package check

import (
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

func (d *inspection) reportAlias(p dnssrv.Place, q query.Question) {
	want := d.want[q]
	alias, got := d.host(q.Name)
	others := d.nextToCNAME(q.Name)
	inTheWay := slices.Concat(d.seen.records(q.Name, dns.TypeMX), d.seen.records(q.Name, dns.TypeTXT))
	switch {
	case alias != nil && len(others) > 0:
		d.note("dns-name-cname-beside", q, append([]dns.RR{alias}, others...))
	case alias != nil && d.reportMistyped(q, got):
	case p.Label == dnssrv.AutodiscoverLabel && d.atMicrosoft(got):
		d.note("dns-autodiscover-microsoft", q, got)
	case len(want) == 0:
		d.observeAlias(p, q, alias, got)
	case alias != nil && dns.IsDuplicate(alias, want[0]):
		d.note("dns-record-ok", q, got)
		d.reportDangling(q, alias)
	case len(got) > 0 && alias == nil && d.sameAddresses(got, dnssrv.Target(want[0])):
		d.note("dns-host-address-ok", q, got)
	case len(got) > 0 && d.fromWildcard(q.Name):
		f := d.compared("dns-host-wildcard", q, got)
		f.Level = finding.Fail // the plan is not followed
		d.add(f)
	case len(got) > 0:
		d.note("dns-record-differs", q, got)
	case len(inTheWay) > 0:
		d.note("dns-name-other-data", q, inTheWay)
	case !d.reportMisplaced(q):
		d.note("dns-record-missing", q, nil)
	}
}

// host is what a host name has: a CNAME, or else addresses.
func (d *inspection) host(name string) (alias *dns.CNAME, got []dns.RR) {
	if alias = d.alias(name); alias != nil {
		return alias, []dns.RR{alias}
	}
	return nil, slices.Concat(d.seen.records(name, dns.TypeA), d.seen.records(name, dns.TypeAAAA))
}

func (d *inspection) nextToCNAME(name string) []dns.RR {
	var out []dns.RR
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeMX, dns.TypeTXT} {
		a := d.seen.get(name, qtype)
		if out = append(out, a.NextToCNAME...); len(a.CNAMEs) == 0 { // a server that does not follow the CNAME
			out = append(out, a.RRs...)
		}
	}
	return out
}

// sameAddresses reports whether every address is one of the host's: A and AAAA records serve as well as a CNAME.
func (d *inspection) sameAddresses(own []dns.RR, host string) bool {
	theirs, err := d.checker.client.LookupHost(d.ctx, host)
	if err != nil {
		return false
	}
	others := func(addr netip.Addr) bool { return !slices.Contains(theirs, addr) }
	return !slices.ContainsFunc(query.Addresses(own), others)
}

func (d *inspection) observeAlias(p dnssrv.Place, q query.Question, alias *dns.CNAME, got []dns.RR) {
	vendor := d.vendor() != nil && p.Label == dnssrv.AutodiscoverLabel // reported with MX and SPF
	wild := d.fromWildcard(q.Name)
	switch {
	case len(got) == 0 || vendor || wild && p.Label == dnssrv.PACCLabel: // without its TXT record no client asks there
		return
	case wild:
		f := d.compared("dns-host-wildcard", q, got)
		f.Status = "ok"
		d.add(f)
	default:
		d.note("dns-record-published", query.Question{Name: q.Name, Type: got[0].Header().Rrtype}, got)
	}
	if alias != nil {
		d.reportDangling(q, alias)
	}
}

func (d *inspection) reportDangling(q query.Question, alias *dns.CNAME) {
	host := dnssrv.Target(alias)
	state := d.checker.host(d.ctx, host)
	switch {
	case len(state.addresses) > 0:
	case !state.outcome.Known():
		d.add(d.unknownTarget(q, state, []dns.RR{alias}))
	default:
		f := d.compared("dns-cname-dangling", q, []dns.RR{alias})
		f.RCode = string(state.outcome)
		d.add(f)
	}
}
