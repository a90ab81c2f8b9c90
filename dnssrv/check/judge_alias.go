package check

import (
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// judgeAlias compares a host name that a client derives from the domain.
func (l *look) judgeAlias(p dnssrv.Place, name string, want []dns.RR) {
	alias, got := l.host(name)
	if beside := l.beside(name); alias != nil && len(beside) > 0 {
		l.add(l.compared("dns-name-cname-beside", name, dns.TypeCNAME, statusConflict, want, append([]dns.RR{alias}, beside...)))
		return
	}
	switch {
	case alias != nil && l.judgeEntry(name, dns.TypeCNAME, want, got):
	case p.Label == dnssrv.AutodiscoverLabel && l.atMicrosoft(got):
		l.add(l.compared("dns-autodiscover-microsoft", name, dns.TypeCNAME, statusDiffers, want, got))
	case len(want) == 0:
		l.observeAlias(p, name, alias, got)
	case alias != nil && dns.IsDuplicate(alias, want[0]):
		l.add(l.compared("dns-record-ok", name, dns.TypeCNAME, statusOK, want, got))
		l.judgeDangling(name, alias)
	case len(got) > 0 && alias == nil && l.sameAddresses(got, dnssrv.Target(want[0])):
		l.add(l.compared("dns-host-address-ok", name, dns.TypeCNAME, statusOK, want, got))
	case len(got) > 0 && l.wildcardMade(name):
		f := l.compared("dns-host-wildcard", name, dns.TypeCNAME, statusDiffers, want, got)
		f.Level = finding.Fail // the plan is not followed
		l.add(f)
	case len(got) > 0:
		l.add(l.compared("dns-record-differs", name, dns.TypeCNAME, statusDiffers, want, got))
	default:
		l.judgeNoAlias(name, want)
	}
}

// host is what a host name has: a CNAME, or else addresses.
func (l *look) host(name string) (alias *dns.CNAME, got []dns.RR) {
	if alias = l.alias(name); alias != nil {
		return alias, []dns.RR{alias}
	}
	return nil, slices.Concat(l.seen.records(name, dns.TypeA), l.seen.records(name, dns.TypeAAAA))
}

// beside are the records at a name that has a CNAME too.
func (l *look) beside(name string) []dns.RR {
	var out []dns.RR
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeMX, dns.TypeTXT} {
		a := l.seen.get(name, qtype)
		if out = append(out, a.Beside...); len(a.CNAMEs) == 0 { // a server that does not follow the CNAME
			out = append(out, a.RRs...)
		}
	}
	return out
}

// judgeNoAlias reports a missing CNAME, and what is in its way.
func (l *look) judgeNoAlias(name string, want []dns.RR) {
	other := slices.Concat(l.seen.records(name, dns.TypeMX), l.seen.records(name, dns.TypeTXT))
	if len(other) > 0 {
		l.add(l.compared("dns-name-other-data", name, dns.TypeCNAME, statusConflict, want, other))
		return
	}
	if !l.judgeMisplaced(name, want) {
		l.add(l.compared("dns-record-missing", name, dns.TypeCNAME, statusMissing, want, nil))
	}
}

// sameAddresses reports whether every address is one of the host's: A and AAAA
// records serve as well as a CNAME.
func (l *look) sameAddresses(own []dns.RR, host string) bool {
	theirs, err := l.k.client.LookupHost(l.ctx, host)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(query.Addresses(own), func(addr netip.Addr) bool { return !slices.Contains(theirs, addr) })
}

// observeAlias looks at a host name without a plan.
func (l *look) observeAlias(p dnssrv.Place, name string, alias *dns.CNAME, got []dns.RR) {
	vendor := l.Provider != nil && l.Provider.Vendor != nil && p.Label == dnssrv.AutodiscoverLabel // judged with MX and SPF
	wild := l.wildcardMade(name)
	switch {
	case len(got) == 0 || vendor || wild && p.Label == dnssrv.PACCLabel: // without its TXT record nobody asks there
		return
	case wild:
		l.add(l.compared("dns-host-wildcard", name, dns.TypeCNAME, statusOK, nil, got))
	default:
		l.published(name, got[0].Header().Rrtype, got)
	}
	if alias != nil {
		l.judgeDangling(name, alias)
	}
}

// judgeDangling reports a CNAME that leads to no address.
func (l *look) judgeDangling(name string, alias *dns.CNAME) {
	host := dnssrv.Target(alias)
	state := l.k.host(l.ctx, host)
	switch {
	case len(state.addresses) > 0:
	case !state.outcome.Known():
		l.add(l.unknownTarget(name, dns.TypeCNAME, state, []dns.RR{alias}))
	default:
		f := l.compared("dns-cname-dangling", name, dns.TypeCNAME, statusDiffers, l.wanted(name, dns.TypeCNAME), []dns.RR{alias})
		f.RCode = string(state.outcome)
		l.add(f)
	}
}
