package query

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/provider"
)

// SRV is a service record (RFC 2782). Target is lower case without trailing dot, "." where nothing is offered.
type SRV struct {
	Priority uint16 `json:"priority"`
	Weight   uint16 `json:"weight"`
	Port     uint16 `json:"port"`
	Target   string `json:"target"`
}

// Order sorts service records by priority, and within a priority the most likely first: where RFC 2782 has a client
// draw by weight the heavier always wins, so that the order is the same every time.
func Order(list []SRV) []SRV {
	return slices.SortedStableFunc(slices.Values(list), func(a, b SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.Weight, a.Weight))
	})
}

// LookupSRV finds the service records of a name such as _imaps._tcp.example.org.
func (c *Client) LookupSRV(ctx context.Context, name string) ([]SRV, error) {
	a := c.Ask(ctx, name, dns.TypeSRV)
	return provider.Map(dnssrv.Records[*dns.SRV](a.RRs), func(srv *dns.SRV) SRV {
		return SRV{srv.Priority, srv.Weight, srv.Port, dnssrv.Target(srv)}
	}), a.Error()
}

// LookupMX finds the best mail exchangers of a domain: those that share the lowest preference (RFC 5321 §5.1). A domain
// that takes no mail at all (RFC 7505) is not found.
func (c *Client) LookupMX(ctx context.Context, domain string) ([]string, error) {
	a := c.Ask(ctx, domain, dns.TypeMX)
	if err := a.Error(); err != nil {
		return nil, err
	}
	best := BestMX(a.RRs)
	if slices.Contains(best, ".") {
		return nil, fmt.Errorf("%s takes no mail (null MX): %w", domain, provider.ErrNotFound)
	}
	return best, nil
}

// BestMX are the exchangers of the lowest preference, sorted.
func BestMX(rrs []dns.RR) []string {
	least, best := uint16(0), []string(nil)
	for _, mx := range dnssrv.Records[*dns.MX](rrs) {
		if len(best) == 0 || mx.Preference < least {
			least, best = mx.Preference, nil
		}
		if mx.Preference == least {
			best = append(best, dnssrv.Target(mx))
		}
	}
	slices.Sort(best)
	return slices.Compact(best)
}

// LookupHost finds the IPv4 and then the IPv6 addresses of a host.
func (c *Client) LookupHost(ctx context.Context, host string) ([]netip.Addr, error) {
	answers := Together([]uint16{dns.TypeA, dns.TypeAAAA}, func(qtype uint16) Answer { return c.Ask(ctx, host, qtype) })
	v4, v6 := answers[0], answers[1]
	switch out := slices.Concat(Addresses(v4.RRs), Addresses(v6.RRs)); {
	case len(out) > 0:
		return out, nil
	case !v6.Outcome.Known():
		return nil, v6.Error()
	}
	return nil, v4.Error()
}

// Addresses are those of A and AAAA records, in order.
func Addresses(rrs []dns.RR) []netip.Addr {
	var out []netip.Addr
	for _, rr := range rrs {
		var ip []byte
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if addr, ok := netip.AddrFromSlice(ip); ok {
			out = append(out, addr.Unmap())
		}
	}
	return out
}

// LookupTXT finds the text records of a name, the strings of each joined (RFC 7208 §3.3 and most other users of TXT).
func (c *Client) LookupTXT(ctx context.Context, name string) ([]string, error) {
	a := c.Ask(ctx, name, dns.TypeTXT)
	return dnssrv.Texts(a.RRs), a.Error()
}

// LookupNS finds the name servers of a domain.
func (c *Client) LookupNS(ctx context.Context, domain string) ([]string, error) {
	a := c.Ask(ctx, domain, dns.TypeNS)
	return provider.Map(a.RRs, dnssrv.Target), a.Error()
}
