package acme

import (
	"net"
	"net/netip"
	"sync"
)

// places bounds what goes on at once, in all and for each client: an IPv4 address, an IPv6 /64, and an IPv6 /48. A
// client's share leaves the rest to others.
type places struct {
	bounds
	shared func(netip.Addr) bool // [Options.Shared]

	mu    sync.Mutex
	taken int
	by    map[netip.Prefix]int
}

// bounds are places in all, of an IPv4 address or an IPv6 /64, and of an IPv6 /48.
type bounds struct{ all, host, site int }

var (
	// from the question to DNS to the certificate
	orderPlaces = bounds{256, 8, 16}
	// fewer than the connections to a database, of which certificates need some
	proofPlaces = bounds{connections / 2, 2, 2}
)

func newPlaces(b bounds, shared func(netip.Addr) bool) places {
	return places{bounds: b, shared: shared, by: map[netip.Prefix]int{}}
}

// take finds a place, which free gives back. Without a place, why is the id of the finding. A client that is not valid
// or is shared has no share of its own.
func (p *places) take(client netip.Addr) (free func(), why string) {
	shares := map[netip.Prefix]int{}
	if p.shared(client) {
		client = netip.Addr{}
	}
	switch client = client.Unmap().WithZone(""); {
	case client.Is4():
		shares[netip.PrefixFrom(client, 32)] = p.host
	case client.Is6():
		for bits, share := range map[int]int{64: p.host, 48: p.site} {
			prefix, _ := client.Prefix(bits) // an IPv6 address has them
			shares[prefix] = share
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= p.all {
		return nil, "acme-orders-busy"
	}
	for prefix, share := range shares {
		if p.by[prefix] >= share {
			return nil, "acme-client-share"
		}
	}
	p.add(shares, 1)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.add(shares, -1)
	}, ""
}

func (p *places) add(shares map[netip.Prefix]int, n int) {
	p.taken += n
	for prefix := range shares {
		if p.by[prefix] += n; p.by[prefix] == 0 {
			delete(p.by, prefix)
		}
	}
}

// clientOf is the address a connection comes from; not valid when it has none.
func clientOf(conn net.Conn) netip.Addr {
	if conn == nil || conn.RemoteAddr() == nil {
		return netip.Addr{}
	}
	at, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	return at.Addr()
}
