package probe

import (
	"context"
	"crypto/tls"
	"net/netip"
	"strings"
	"sync"
	"time"

	"autoconfig/discover"
	"autoconfig/discover/probe/probetest"
	"autoconfig/finding"
	"autoconfig/provider"
)

// host is the server's name in the settings under test.
const host = "mail.example.org"

var authority = sync.OnceValue(probetest.NewAuthority)

// mailServer is a server of the settings under test.
func mailServer(p provider.Protocol, port uint16, sec provider.Security, auth ...provider.Auth) provider.Server {
	s := provider.Server{Protocol: p, Host: host, Port: port, Security: sec, Auth: auth}
	s.SetDefaults()
	return s
}

func smtp587() provider.Server { return mailServer(provider.SMTP, 587, provider.STARTTLS) }
func imap993() provider.Server { return mailServer(provider.IMAP, 993, provider.TLS) }

// tlsOf is a good server's side of TLS, but for the fault named.
func tlsOf(fault string) *tls.Config {
	const good = 90 * probetest.Day
	switch fault {
	case "expired":
		return authority().TLS(-probetest.Day, host)
	case "expiring":
		return authority().TLS(probetest.Day, host)
	case "foreign":
		return authority().TLS(good, "other.example.net")
	case "self-signed":
		var nobody *probetest.Authority
		return nobody.TLS(good, host)
	}
	c := authority().TLS(good, host)
	switch fault {
	case "TLS 1.0 only":
		c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
	case "TLS 1.0 too":
		c.MinVersion = tls.VersionTLS10
	}
	return c
}

// options reach the server s by the name and port of any settings.
func options(s *probetest.Server) Options {
	return Options{Step: 5 * time.Second, Total: 15 * time.Second, Env: &discover.Env{Roots: authority().Pool,
		ConnectTo: func(string) string { return s.Addr },
		Host:      func(context.Context, string) ([]netip.Addr, error) { return nil, provider.ErrNotFound }}}
}

func login(password string) *Login {
	return &Login{Address: provider.Address{Local: "jo", Domain: "example.org"}, Password: password}
}

func ids(list []finding.Finding) string {
	var out []string
	for _, f := range list {
		out = append(out, f.ID)
	}
	return strings.Join(out, " ")
}
