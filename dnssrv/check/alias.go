package check

import (
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// reportAlias compares a host name that a client derives from the domain.
func (d *inspection) reportAlias(p dnssrv.Place, name string, want []dns.RR) {
	alias, got := d.host(name)
	if others := d.nextToCNAME(name); alias != nil && len(others) > 0 {
		d.note("dns-name-cname-beside", name, dns.TypeCNAME, statusConflict, want, append([]dns.RR{alias}, others...))
		return
	}
	switch {
	case alias != nil && d.reportMistyped(name, dns.TypeCNAME, want, got):
	case p.Label == dnssrv.AutodiscoverLabel && d.atMicrosoft(got):
		d.note("dns-autodiscover-microsoft", name, dns.TypeCNAME, statusDiffers, want, got)
	case len(want) == 0:
		d.observeAlias(p, name, alias, got)
	case alias != nil && dns.IsDuplicate(alias, want[0]):
		d.note("dns-record-ok", name, dns.TypeCNAME, statusOK, want, got)
		d.reportDangling(name, alias)
	case len(got) > 0 && alias == nil && d.sameAddresses(got, dnssrv.Target(want[0])):
		d.note("dns-host-address-ok", name, dns.TypeCNAME, statusOK, want, got)
	case len(got) > 0 && d.fromWildcard(name):
		f := d.compared("dns-host-wildcard", name, dns.TypeCNAME, statusDiffers, want, got)
		f.Level = finding.Fail // the plan is not followed
		d.add(f)
	case len(got) > 0:
		d.note("dns-record-differs", name, dns.TypeCNAME, statusDiffers, want, got)
	default:
		d.reportNoAlias(name, want)
	}
}

// host is what a host name has: a CNAME, or else addresses.
func (d *inspection) host(name string) (alias *dns.CNAME, got []dns.RR) {
	if alias = d.alias(name); alias != nil {
		return alias, []dns.RR{alias}
	}
	return nil, slices.Concat(d.seen.records(name, dns.TypeA), d.seen.records(name, dns.TypeAAAA))
}

// nextToCNAME are the records at a name that has a CNAME too.
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

func (d *inspection) reportNoAlias(name string, want []dns.RR) {
	other := slices.Concat(d.seen.records(name, dns.TypeMX), d.seen.records(name, dns.TypeTXT))
	if len(other) > 0 {
		d.note("dns-name-other-data", name, dns.TypeCNAME, statusConflict, want, other)
		return
	}
	if !d.reportMisplaced(name, want) {
		d.note("dns-record-missing", name, dns.TypeCNAME, statusMissing, want, nil)
	}
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

func (d *inspection) observeAlias(p dnssrv.Place, name string, alias *dns.CNAME, got []dns.RR) {
	vendor := d.vendor() != nil && p.Label == dnssrv.AutodiscoverLabel // reported with MX and SPF
	wild := d.fromWildcard(name)
	switch {
	case len(got) == 0 || vendor || wild && p.Label == dnssrv.PACCLabel: // without its TXT record no client asks there
		return
	case wild:
		d.note("dns-host-wildcard", name, dns.TypeCNAME, statusOK, nil, got)
	default:
		d.note("dns-record-published", name, got[0].Header().Rrtype, statusOK, nil, got)
	}
	if alias != nil {
		d.reportDangling(name, alias)
	}
}

func (d *inspection) reportDangling(name string, alias *dns.CNAME) {
	host := dnssrv.Target(alias)
	state := d.checker.host(d.ctx, host)
	switch {
	case len(state.addresses) > 0:
	case !state.outcome.Known():
		d.add(d.unknownTarget(name, dns.TypeCNAME, state, []dns.RR{alias}))
	default:
		want := d.wanted(name, dns.TypeCNAME)
		f := d.compared("dns-cname-dangling", name, dns.TypeCNAME, statusDiffers, want, []dns.RR{alias})
		f.RCode = string(state.outcome)
		d.add(f)
	}
}
