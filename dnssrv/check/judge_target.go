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
	sets := [][]dns.RR{}
	for _, p := range dnssrv.Places() {
		if a, _ := l.seen.get(l.name(p.Label), p.Type); p.Type == dns.TypeSRV {
			sets = append(sets, a.RRs)
		}
	}
	l.judgeHosts("dns-srv-target-", sets)
	mx, _ := l.seen.get(l.name(""), dns.TypeMX)
	l.judgeHosts("dns-mx-target-", [][]dns.RR{mx.RRs})
}

// judgeHosts reports each faulty host once, with the records that point to it.
func (l *look) judgeHosts(prefix string, sets [][]dns.RR) {
	var order []string
	pointers := map[string][]dns.RR{}
	for _, set := range sets {
		for _, rr := range set {
			host := dnssrv.Target(rr)
			if host == "." || host == "" || provider.Below(host, verification) || numeric(host, l.Domain) {
				continue
			}
			if pointers[host] == nil {
				order = append(order, host)
			}
			pointers[host] = append(pointers[host], rr)
		}
	}
	for _, host := range order {
		state, rrs := l.k.host(l.ctx, host), pointers[host]
		h := rrs[0].Header()
		id := ""
		switch {
		case !state.outcome.Known():
			l.add(l.unknownTarget(dns.CanonicalName(h.Name), h.Rrtype, state, rrs))
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
		f := l.compared(prefix+id, dns.CanonicalName(h.Name), h.Rrtype, statusDiffers, l.wanted(dns.CanonicalName(h.Name), h.Rrtype), rrs)
		f.Subject, f.RCode = host, string(state.outcome)
		l.add(f)
	}
}

// unknownTarget is a host whose addresses cannot be told: that is no fault of
// the records unless the host's own zone is broken.
func (l *look) unknownTarget(name string, qtype uint16, state hostState, rrs []dns.RR) finding.Finding {
	f := l.compared("dns-target-unknown", name, qtype, statusError, nil, rrs)
	f.Subject, f.RCode = dnssrv.Target(rrs[0]), string(state.outcome)
	if state.outcome == query.SERVFAIL && l.Want != nil {
		f.Level = finding.Fail
	}
	return f
}
