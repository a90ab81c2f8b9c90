package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"autoconfig/provider"
)

// ErrPrivate is a connection that is not made, as its address is not public.
var ErrPrivate = errors.New("a private address; --allow-private permits it")

// ErrUnresolved is a host that has no address.
var ErrUnresolved = errors.New("the host has no address")

var errDNS = errors.New("DNS did not answer")

// Connect connects to host:port: to what ConnectTo names, else to the addresses
// that DNS gives, one after the other.
func (e *Env) Connect(ctx context.Context, network, hostPort string) (net.Conn, error) {
	if e.ConnectTo != nil {
		if to := e.ConnectTo(hostPort); to != hostPort {
			return new(net.Dialer).DialContext(ctx, network, to)
		}
	}
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	addrs, err := e.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	var first error
	for i, addr := range addrs {
		conn, err := e.dialAddr(ctx, network, net.JoinHostPort(addr.String(), port), len(addrs)-i)
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func (e *Env) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	addrs, err := e.Host(ctx, host)
	switch {
	case errors.Is(err, provider.ErrNotFound), err == nil && len(addrs) == 0:
		return nil, fmt.Errorf("%s: %w", host, ErrUnresolved)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errDNS, err)
	}
	return addrs[:min(len(addrs), maxAddresses)], nil
}

// dialAddr tries one address of several left, and leaves time for the others.
func (e *Env) dialAddr(ctx context.Context, network, address string, left int) (net.Conn, error) {
	if end, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
		defer cancel()
	}
	if e.Dial != nil {
		if err := Guard(e.AllowPrivate)(network, address, nil); err != nil {
			return nil, err
		}
		return e.Dial(ctx, network, address)
	}
	d := net.Dialer{Control: Guard(e.AllowPrivate)}
	return d.DialContext(ctx, network, address)
}

// Guard is the Control of a [net.Dialer] for addresses that strangers name. It
// looks at the very address a connection goes to, so a name that resolves to
// something else the second time gains nothing, and fails with [ErrPrivate].
func Guard(allowPrivate bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err == nil && !allowPrivate && !Public(ap.Addr()) {
			err = fmt.Errorf("%s: %w", ap.Addr(), ErrPrivate)
		}
		return err
	}
}

// notPublic are the networks that no mail provider's server is in (IANA
// special-purpose registries, RFC 6890), apart from those that [netip.Addr] knows.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),      // this network
	netip.MustParsePrefix("100.64.0.0/10"),  // carrier-grade NAT (RFC 6598)
	netip.MustParsePrefix("192.0.0.0/24"),   // IETF protocol assignments
	netip.MustParsePrefix("198.18.0.0/15"),  // benchmarks (RFC 2544)
	netip.MustParsePrefix("240.0.0.0/4"),    // reserved, and the broadcast address
	netip.MustParsePrefix("fec0::/10"),      // site-local, retired (RFC 3879)
	netip.MustParsePrefix("64:ff9b:1::/48"), // local NAT64 (RFC 8215)
	netip.MustParsePrefix("2001::/32"),      // Teredo carries IPv4 (RFC 4380)
	netip.MustParsePrefix("::/96"),          // IPv4-compatible, retired (RFC 4291 §2.5.5.1)
}

// Networks that carry an IPv4 address, and the octet where it begins.
var (
	nat64    = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052 §2.1
	sixToIV4 = netip.MustParsePrefix("2002::/16")    // RFC 3056 §2
)

// Public reports whether an address belongs to the public Internet.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() || a.IsMulticast() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	b := a.As16()
	switch {
	case nat64.Contains(a):
		return Public(netip.AddrFrom4([4]byte(b[12:])))
	case sixToIV4.Contains(a):
		return Public(netip.AddrFrom4([4]byte(b[2:6])))
	}
	return true
}
