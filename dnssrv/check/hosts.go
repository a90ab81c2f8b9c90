package check

import (
	"context"
	"net/netip"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
)

// hostState is what is known of a host that records point to.
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
