package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"

	"autoconfig/discover"
	"autoconfig/finding"
	"autoconfig/provider"
)

// dial connects to a server, or says why it cannot.
func (p *Prober) dial(ctx context.Context, s provider.Server) (*conn, *finding.Finding) {
	raw, err := p.connect(ctx, s)
	if err == nil {
		return newConn(ctx, raw, p.o.Step), nil
	}
	f := finding.New(unreached(err), Subject(s))
	if f.ID == "connect-name-unknown" || f.ID == "connect-name-unanswered" {
		f.Got = []string{clean(err.Error())}
	}
	return nil, &f
}

// unreached is the finding for a connection that did not come about.
func unreached(err error) string {
	_, dns := errors.AsType[*nameError](err)
	switch {
	case dns && errors.Is(err, provider.ErrNotFound):
		return "connect-name-unknown"
	case dns:
		return "connect-name-unanswered"
	case errors.Is(err, discover.ErrPrivate):
		return "connect-address-private"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connect-port-refused"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return "connect-network-unreachable"
	}
	return "connect-port-timeout"
}

// nameError is a name that could not be found.
type nameError struct{ err error }

func (e *nameError) Error() string { return e.err.Error() }
func (e *nameError) Unwrap() error { return e.err }

// connect makes the TCP connection: to where --connect-to says, else to the
// first address of each family at once, the first answer wins.
func (p *Prober) connect(ctx context.Context, s provider.Server) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Step)
	defer cancel()
	from := hostPort(s)
	if to := p.o.ConnectTo(from); to != from {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", to)
	}
	if ip, err := netip.ParseAddr(s.Host); err == nil {
		return p.race(ctx, []netip.Addr{ip}, s.Port)
	}
	addrs, err := p.o.LookupHost(ctx, s.Host)
	if err == nil && len(addrs) == 0 {
		err = provider.ErrNotFound
	}
	if err != nil {
		return nil, &nameError{err}
	}
	return p.race(ctx, perFamily(addrs), s.Port)
}

// perFamily is the first IPv4 and the first IPv6 address.
func perFamily(addrs []netip.Addr) []netip.Addr {
	var out []netip.Addr
	for _, four := range []bool{true, false} {
		if i := slices.IndexFunc(addrs, func(a netip.Addr) bool { return a.Unmap().Is4() == four }); i >= 0 {
			out = append(out, addrs[i])
		}
	}
	return out
}

// race dials all addresses; the most telling error counts when all fail: a
// refusal says more than silence, and silence more than a missing route.
func (p *Prober) race(ctx context.Context, addrs []netip.Addr, port uint16) (net.Conn, error) {
	type result struct {
		c   net.Conn
		err error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan result, len(addrs))
	for _, a := range addrs {
		go func() {
			d := net.Dialer{Control: discover.Guard(p.o.AllowPrivate)}
			c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(a.String(), strconv.Itoa(int(port))))
			results <- result{c, err}
		}()
	}
	var won net.Conn
	var worst error
	for range addrs {
		r := <-results
		switch {
		case r.err != nil:
			if won == nil && (worst == nil || telling(r.err) > telling(worst)) {
				worst = r.err
			}
		case won == nil:
			won = r.c
			cancel() // the others need not go on
		default:
			_ = r.c.Close()
		}
	}
	if won != nil {
		return won, nil
	}
	return nil, worst
}

func telling(err error) int {
	switch unreached(err) {
	case "connect-port-refused":
		return 3
	case "connect-port-timeout":
		return 2
	case "connect-address-private":
		return 1
	}
	return 0
}

// speaksTLS reports whether a port completes a TLS handshake from the first byte.
func (p *Prober) speaksTLS(ctx context.Context, s provider.Server) bool {
	c, fault := p.dial(ctx, s)
	if fault != nil {
		return false
	}
	defer c.close()
	_, err := c.startTLS(ctx, s.Host, tls.VersionTLS13)
	return err == nil
}

// takesOldTLS reports whether a server also takes TLS 1.0 or 1.1, on a
// connection of its own.
func (p *Prober) takesOldTLS(ctx context.Context, s provider.Server) bool {
	c, fault := p.dial(ctx, s)
	if fault != nil {
		return false
	}
	defer c.close()
	if s.Security == provider.STARTTLS {
		d := dialectOf(s.Protocol)
		if _, offered, err := d.hello(c); err != nil || !offered.starttls {
			return false
		}
		if err := d.begin(c); err != nil || c.buffered() {
			return false
		}
	}
	_, err := c.startTLS(ctx, s.Host, tls.VersionTLS11)
	return err == nil
}
