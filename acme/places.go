package acme

import (
	"net"
	"net/netip"
	"sync"
)

// places bounds the orders under way, in all and for each client: an IPv4
// address, an IPv6 /64, and an IPv6 /48.
type places struct {
	shared func(netip.Addr) bool

	mu    sync.Mutex
	taken int
	by    map[netip.Prefix]int
}

// The places for orders, from the question to DNS to the certificate. A client's
// share leaves the rest to others; whoever waits for an order of somebody else's
// needs none.
const (
	placesInAll  = 256
	placesOfHost = 8 // of an IPv4 address or an IPv6 /64
	placesOfSite = 16
)

// take finds a place, which free gives back. Without a place, why is the id of
// the finding. A client that is not valid, or
// that many are behind, has no share of its own.
func (p *places) take(client netip.Addr) (free func(), why string) {
	shares := map[netip.Prefix]int{}
	if p.shared(client) {
		client = netip.Addr{}
	}
	switch client = client.Unmap().WithZone(""); {
	case client.Is4():
		shares[netip.PrefixFrom(client, 32)] = placesOfHost
	case client.Is6():
		for bits, share := range map[int]int{64: placesOfHost, 48: placesOfSite} {
			prefix, _ := client.Prefix(bits) // an IPv6 address has them
			shares[prefix] = share
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= placesInAll {
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
