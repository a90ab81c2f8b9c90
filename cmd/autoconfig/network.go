package main

import (
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/dnssrv/query"
	"autoconfig/service"
)

// network holds the flags of the commands that ask other machines.
type network struct {
	resolvers []string
	caFile    string
	connectTo []string
}

func (n *network) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&serverFlag{list: &n.resolvers}, "resolver", "ask the DNS resolver at `HOST[:PORT]` (repeatable; default: dns.resolver of the configuration, then the system's)")
	f.StringVar(&n.caFile, "ca", "", "trust the authorities in the PEM `file` too")
	f.StringArrayVar(&n.connectTo, "connect-to", nil, "for HOST:PORT connect to another host and port, as curl does: `HOST:PORT:HOST:PORT` (repeatable)")
}

// dnsClient asks the resolvers of the flags, else the configuration's, else
// the system's, at most perSecond questions a second each (0: no limit).
func (n *network) dnsClient(cfg *config.Config, perSecond float64) (*query.Client, error) {
	resolvers := n.resolvers
	if len(resolvers) == 0 && cfg != nil {
		resolvers = cfg.DNS.Resolver.Addresses(query.SystemResolvers)
	}
	if len(resolvers) == 0 {
		resolvers = query.SystemResolvers()
	}
	connect, err := n.connect()
	if err != nil {
		return nil, err
	}
	return query.New(query.Options{Resolvers: resolvers, PerSecond: perSecond, ConnectTo: connect.to}), nil
}

// roots are the system's authorities and those of --ca; nil means the
// system's alone.
func (n *network) roots() (*x509.CertPool, error) {
	pool, err := service.Roots(n.caFile)
	if err != nil {
		return nil, usagef("--ca: %w", err)
	}
	return pool, nil
}

// connections are the --connect-to flags: from HOST:PORT to HOST:PORT.
type connections map[string]string

var errConnectTo = errors.New("write HOST:PORT:HOST:PORT, for example mail.example.org:993:127.0.0.1:10993")

// connect reads the --connect-to flags. An empty first host or port stands for
// any, as with curl.
func (n *network) connect() (connections, error) {
	out := connections{}
	for _, flag := range n.connectTo {
		parts, err := splitConnectTo(flag)
		if err != nil {
			return nil, usagef("--connect-to %q: %w", flag, err)
		}
		out[strings.ToLower(parts[0])+":"+parts[1]] = net.JoinHostPort(parts[2], parts[3])
	}
	return out, nil
}

// splitConnectTo cuts at colons outside of brackets, which it takes off.
func splitConnectTo(s string) ([]string, error) {
	var parts []string
	for rest, more := s, true; more; {
		if strings.HasPrefix(rest, "[") {
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, errConnectTo
			}
			parts = append(parts, rest[1:end])
			rest, more = strings.CutPrefix(rest[end+1:], ":")
			continue
		}
		var part string
		part, rest, more = strings.Cut(rest, ":")
		parts = append(parts, part)
	}
	if len(parts) != 4 || slices.Contains(parts[2:], "") {
		return nil, errConnectTo
	}
	return parts, nil
}

// to is where to connect for host:port: another place, or the same text.
func (c connections) to(hostPort string) string {
	if len(c) == 0 {
		return hostPort
	}
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return hostPort
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, from := range []string{host + ":" + port, host + ":", ":" + port, ":"} {
		if target, ok := c[from]; ok {
			return target
		}
	}
	return hostPort
}

// replaced reports whether host:port is connected elsewhere: such a target
// was named by the operator, so it counts as allowed.
func (c connections) replaced(hostPort string) bool { return c.to(hostPort) != hostPort }

// serverFlag is a flag that names DNS servers as HOST or HOST:PORT, checked as
// it is read; the port is 53 where none is given.
type serverFlag struct {
	list *[]string
	one  bool // the last counts
}

func (f *serverFlag) Set(s string) error {
	at, err := config.HostPort(s, "53")
	if err != nil {
		return errors.New("write HOST or HOST:PORT, for example 127.0.0.1:53")
	}
	if f.one {
		*f.list = nil
	}
	*f.list = append(*f.list, at)
	return nil
}

func (f *serverFlag) String() string { return "" }
func (f *serverFlag) Type() string   { return "HOST[:PORT]" }
