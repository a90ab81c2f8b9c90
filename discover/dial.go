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

// Why a connection is not made, apart from the network itself.
var (
	ErrPrivate    = failure{FaultPrivate, "a private address; --allow-private permits it"}
	ErrUnresolved = failure{FaultUnresolved, "the host has no address"}
	ErrDNS        = failure{FaultDNS, "DNS did not answer"}
)

// headStart is how long an address is waited for before the next one is tried as well (RFC 8305 §5).
const headStart = 250 * time.Millisecond

// Connect connects to host:port: to what ConnectTo names, else to the addresses that DNS gives, the first that answers.
// It checks the very address that it connects to, so a name that resolves differently the second time gains nothing.
// When all fail, the error is the most telling one.
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
	return e.race(ctx, network, addrs, provider.Port(port))
}

func (e *Env) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	addrs, err := e.Host(ctx, host)
	switch {
	case errors.Is(err, provider.ErrNotFound), err == nil && len(addrs) == 0:
		return nil, fmt.Errorf("%s: %w", host, ErrUnresolved)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrDNS, err)
	}
	return addrs[:min(len(addrs), maxAddresses)], nil
}

// race dials the addresses one after the other, without waiting for one that is slow.
func (e *Env) race(ctx context.Context, network string, addrs []netip.Addr, port uint16) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // the others need not go on
	results := make(chan result)
	var worst error
	for pending := 0; len(addrs) > 0 || pending > 0; {
		var late <-chan time.Time
		if len(addrs) > 0 {
			addr := netip.AddrPortFrom(addrs[0], port)
			addrs, pending, late = addrs[1:], pending+1, time.After(headStart)
			go func() {
				conn, err := e.dial(ctx, network, addr)
				select {
				case results <- result{conn, err}:
				case <-ctx.Done():
					if conn != nil {
						_ = conn.Close() // too late
					}
				}
			}()
		}
		select {
		case r := <-results:
			if r.err == nil {
				return r.conn, nil
			}
			pending--
			if worst == nil || telling(r.err) > telling(worst) {
				worst = r.err
			}
		case <-late:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, worst
}

// telling ranks errors: a refusal says more than silence, and silence more than a missing route.
func telling(err error) int {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return 3
	case errors.Is(err, ErrPrivate):
		return 1
	case NoRoute(err):
		return 0
	}
	return 2
}

// NoRoute reports that an address cannot be reached from this network at all.
func NoRoute(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) ||
		errors.Is(err, syscall.EADDRNOTAVAIL)
}

func (e *Env) dial(ctx context.Context, network string, to netip.AddrPort) (net.Conn, error) {
	switch {
	case !e.AllowPrivate && !Public(to.Addr()):
		return nil, fmt.Errorf("%s: %w", to.Addr(), ErrPrivate)
	case e.Dial != nil:
		return e.Dial(ctx, network, to.String())
	}
	return new(net.Dialer).DialContext(ctx, network, to.String())
}

// notPublic are networks without public servers (IANA, RFC 6890), apart from those that [netip.Addr] knows.
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
