package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"syscall"

	"autoconfig/discover"
	"autoconfig/finding"
	"autoconfig/provider"
)

// dial connects to a server; its error is [broken].
func (p *Prober) dial(ctx context.Context, s provider.Server) (*conn, error) {
	within, cancel := context.WithTimeout(ctx, p.o.Step)
	defer cancel()
	raw, err := p.o.Env.Connect(within, "tcp", hostPort(s))
	if err == nil {
		return newConn(ctx, raw, p.o.Step), nil
	}
	f := finding.New(unreached(err), Subject(s))
	if strings.HasPrefix(f.ID, "connect-name-") {
		f = got(f, err.Error())
	}
	return nil, broken{f}
}

// unreached is the finding for a connection that did not come about.
func unreached(err error) string {
	switch {
	case errors.Is(err, discover.ErrUnresolved):
		return "connect-name-unknown"
	case errors.Is(err, discover.ErrDNS):
		return "connect-name-unanswered"
	case errors.Is(err, discover.ErrPrivate):
		return "connect-address-private"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connect-port-refused"
	case discover.NoRoute(err):
		return "connect-network-unreachable"
	}
	return "connect-port-timeout"
}

// speaksTLS reports whether a port completes a TLS handshake from the first byte.
func (p *Prober) speaksTLS(ctx context.Context, s provider.Server) bool {
	c, err := p.dial(ctx, s)
	if err != nil {
		return false
	}
	defer c.close()
	_, err = c.startTLS(ctx, s.Host, tls.VersionTLS13)
	return err == nil
}

// takesOldTLS reports whether a server also takes TLS 1.0 or 1.1, on a connection of its own.
func (p *Prober) takesOldTLS(ctx context.Context, s provider.Server) bool {
	c, err := p.dial(ctx, s)
	if err != nil {
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
	_, err = c.startTLS(ctx, s.Host, tls.VersionTLS11)
	return err == nil
}
