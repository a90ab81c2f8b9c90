package check

import (
	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
)

// judgeTargets looks at the hosts that published SRV and MX records point to:
// each must have an address and not be an alias (RFC 2782, "Target"; RFC 2181
// §10.3).
func (l *look) judgeTargets() {
	var services []dns.RR
	for _, p := range dnssrv.Places() {
		if p.Type == dns.TypeSRV {
			services = append(services, l.seen.get(l.name(p.Label), p.Type).RRs...)
		}
	}
	l.judgeHosts("dns-srv-target-", services)
	l.judgeHosts("dns-mx-target-", l.seen.get(l.name(""), dns.TypeMX).RRs)
}

// judgeHosts reports each faulty host once, with the records that point to it.
func (l *look) judgeHosts(prefix string, records []dns.RR) {
	var order []string
	pointers := map[string][]dns.RR{}
	for _, rr := range records {
		host := dnssrv.Target(rr)
		if host == "." || host == "" || provider.Below(host, verification) || numeric(host, l.Domain) {
			continue
		}
		if pointers[host] == nil {
			order = append(order, host)
		}
		pointers[host] = append(pointers[host], rr)
	}
	for _, host := range order {
		state, rrs := l.k.host(l.ctx, host), pointers[host]
		name, qtype, id := dns.CanonicalName(rrs[0].Header().Name), rrs[0].Header().Rrtype, ""
		switch {
		case !state.outcome.Known():
			l.add(l.unknownTarget(name, qtype, state, rrs))
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
		f := l.compared(prefix+id, name, qtype, statusDiffers, l.wanted(name, qtype), rrs)
		f.Subject, f.RCode = host, string(state.outcome)
		l.add(f)
	}
}

// unknownTarget is a host whose addresses are not known: that is not a fault of
// the records unless the host's own zone is broken.
func (l *look) unknownTarget(name string, qtype uint16, state hostState, rrs []dns.RR) finding.Finding {
	f := l.compared("dns-target-unknown", name, qtype, statusError, nil, rrs)
	f.Subject, f.RCode = dnssrv.Target(rrs[0]), string(state.outcome)
	if state.outcome == query.SERVFAIL && l.Want != nil {
		f.Level = finding.Fail
	}
	return f
}
