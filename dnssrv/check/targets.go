package check

import (
	"context"
	"net/netip"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
)

// reportTargets checks that the hosts of SRV and MX records have an address and no alias (RFC 2782, RFC 2181 §10.3).
func (d *inspection) reportTargets() {
	var services []dns.RR
	for _, p := range dnssrv.Places() {
		if p.Type == dns.TypeSRV {
			services = append(services, d.seen[d.at(p.Label, p.Type)].RRs...)
		}
	}
	d.reportHosts("dns-srv-target-", services)
	d.reportHosts("dns-mx-target-", d.seen[d.at("", dns.TypeMX)].RRs)
}

// reportHosts reports each faulty host once, with the records that point to it.
func (d *inspection) reportHosts(prefix string, records []dns.RR) {
	var order []string
	pointers := map[string][]dns.RR{}
	for _, rr := range records {
		host := dnssrv.Target(rr)
		if host == "." || host == "" || provider.Below(host, verification) || numeric(host, d.Domain) {
			continue
		}
		if pointers[host] == nil {
			order = append(order, host)
		}
		pointers[host] = append(pointers[host], rr)
	}
	for _, host := range order {
		state, rrs := d.checker.host(d.ctx, host), pointers[host]
		q, id := question(rrs[0]), ""
		switch {
		case !state.outcome.Known():
			d.add(d.unknownTarget(q, state, rrs))
			continue
		case state.outcome == query.NXDOMAIN:
			id = "missing"
		case len(state.addresses) == 0:
			id = "address"
		case state.alias != "":
			id = "cname"
		default:
			continue
		}
		f := d.compared(prefix+id, q, rrs)
		f.Subject, f.RCode = host, string(state.outcome)
		d.add(f)
	}
}

// unknownTarget is a host whose addresses are not known: not a fault of the records unless its own zone is broken.
func (d *inspection) unknownTarget(q query.Question, state hostState, rrs []dns.RR) finding.Finding {
	f := d.compared("dns-target-unknown", q, rrs)
	f.Subject, f.RCode, f.Want = dnssrv.Target(rrs[0]), string(state.outcome), nil
	if state.outcome == query.SERVFAIL && d.Want != nil {
		f.Level = finding.Fail
	}
	return f
}

type hostState struct {
	outcome   query.Outcome // of the question for addresses
	alias     string        // where its CNAME leads, "" if it has none
	addresses []netip.Addr
}

// host asks the resolvers for a host's addresses, once: thousands of domains share a few hosts.
func (k *Checker) host(ctx context.Context, name string) hostState {
	state, _ := k.hosts.Get(name, func() (hostState, error) {
		a := k.client.Ask(ctx, name, dns.TypeA)
		if a.Outcome == query.NODATA {
			a = k.client.Ask(ctx, name, dns.TypeAAAA)
		}
		s := hostState{outcome: a.Outcome, addresses: query.Addresses(a.RRs)}
		if len(a.CNAMEs) > 0 {
			s.alias = dnssrv.Target(a.CNAMEs[0])
		}
		if a.Outcome == query.TIMEOUT { // one lost moment must not count for all domains
			return s, a.Error()
		}
		return s, nil
	})
	return state
}
