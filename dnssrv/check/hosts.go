package check

import (
	"context"
	"net/netip"
	"sync"

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

// hostCache remembers hosts; thousands of domains share a few.
type hostCache struct {
	mu   sync.Mutex
	seen map[string]*hostEntry
}

type hostEntry struct {
	done  chan struct{}
	state hostState
}

// mostHosts bounds the memory of the cache.
const mostHosts = 4096

// host asks the resolvers for a host's addresses, once.
func (k *Checker) host(ctx context.Context, name string) hostState {
	k.hosts.mu.Lock()
	e, ok := k.hosts.seen[name]
	if !ok {
		if len(k.hosts.seen) >= mostHosts || k.hosts.seen == nil {
			k.hosts.seen = map[string]*hostEntry{}
		}
		e = &hostEntry{done: make(chan struct{})}
		k.hosts.seen[name] = e
	}
	k.hosts.mu.Unlock()
	if !ok {
		e.state = lookHost(ctx, k.client, name)
		close(e.done)
		if e.state.outcome == query.TIMEOUT { // one lost moment is not to count for all domains
			k.hosts.mu.Lock()
			delete(k.hosts.seen, name)
			k.hosts.mu.Unlock()
		}
	}
	<-e.done
	return e.state
}

func lookHost(ctx context.Context, c *query.Client, name string) hostState {
	a := c.Ask(ctx, name, dns.TypeA)
	if a.Outcome == query.NODATA {
		a = c.Ask(ctx, name, dns.TypeAAAA)
	}
	s := hostState{outcome: a.Outcome, addresses: query.Addresses(a.RRs)}
	if len(a.CNAMEs) > 0 {
		s.alias = dnssrv.Plain(a.CNAMEs[0].Target)
	}
	return s
}
