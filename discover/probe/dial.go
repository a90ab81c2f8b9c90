package probe

import (
	"context"
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

// speaksTLS reports whether a new connection gets TLS of version most or older: at once, or after STARTTLS.
func (p *Prober) speaksTLS(ctx context.Context, s provider.Server, security provider.Security, most uint16) bool {
	c, err := p.dial(ctx, s)
	if err != nil {
		return false
	}
	defer c.close()
	if security == provider.STARTTLS {
		d := dialectOf(s.Protocol)
		if _, offered, err := d.hello(c); err != nil || !offered.starttls {
			return false
		}
		if err := d.begin(c); err != nil || c.buffered() {
			return false
		}
	}
	_, err = c.startTLS(ctx, s.Host, most)
	return err == nil
}
