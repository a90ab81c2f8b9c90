package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/discover"
	"autoconfig/dnssrv/query"
	"autoconfig/service"
)

// network holds the flags of the commands that ask other machines.
type network struct {
	resolvers []string
	roots     *x509.CertPool // nil: the system's alone
	connect   connections

	allowPrivate bool
	ispdb        string
}

func (n *network) flags(cmd *cobra.Command) {
	n.connect = connections{}
	f := cmd.Flags()
	f.Var(listFlag(&n.resolvers, nameServer), "resolver",
		"ask the DNS resolver at `HOST[:PORT]` (repeatable; default: dns.resolver of the configuration, then the system's)")
	f.Var(parsedFlag(&n.roots, service.Roots), "ca", "trust the authorities in the PEM `file` too")
	f.Var(&flagValue{set: n.connect.add}, "connect-to",
		"for HOST:PORT connect to another host and port, as curl does: `HOST:PORT:HOST:PORT` (repeatable)")
}

// privateFlag is for commands that go where documents of strangers lead.
func (n *network) privateFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&n.allowPrivate, "allow-private", false, "connect to private and local addresses too")
}

// discoveryFlags are those of the commands that look for settings as mail programs do.
func (n *network) discoveryFlags(cmd *cobra.Command) {
	n.flags(cmd)
	n.privateFlag(cmd)
	n.ispdb = discover.ISPDB
	cmd.Flags().Var(&flagValue{shown: n.ispdb, set: func(s string) error {
		if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return errors.New("write a URL, for example " + discover.ISPDB)
		}
		n.ispdb = strings.TrimSuffix(s, "/") + "/"
		return nil
	}}, "ispdb", "base `URL` of Thunderbird's database of providers")
}

func (n *network) environment(cfg *config.Config) *discover.Env { return n.asking(n.dnsClient(cfg, 0)) }

func (n *network) asking(client *query.Client) *discover.Env {
	env := discover.NewEnv(client)
	env.Roots, env.ConnectTo, env.AllowPrivate, env.ISPDB = n.roots, n.connect.to, n.allowPrivate, n.ispdb
	return env
}

// dnsClient asks the resolvers of the flags, else the configuration's, else the system's, at most perSecond questions a
// second each (0: no limit).
func (n *network) dnsClient(cfg *config.Config, perSecond float64) *query.Client {
	o := query.Options{Resolvers: n.resolvers, PerSecond: perSecond, ConnectTo: n.connect.to}
	if len(n.resolvers) == 0 {
		o.ResolversNow = service.Resolvers(cfg)
	}
	return query.New(o)
}

// transport makes requests of HTTP with the authorities and places of the flags.
func (n *network) transport() *http.Transport {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: publishedAtOnce, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute,
		TLSClientConfig: &tls.Config{RootCAs: n.roots, MinVersion: tls.VersionTLS12}}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, n.connect.to(address))
	}
	return t
}

// connections are the --connect-to flags: from HOST:PORT to HOST:PORT.
type connections map[string]string

// connectTo is HOST:PORT:HOST:PORT, the hosts perhaps in brackets.
var connectTo = regexp.MustCompile(`^(?:\[([^]]*)\]|([^:[]*)):([^:]*):(?:\[([^]]+)\]|([^:[]+)):([^:]+)$`)

// add reads a --connect-to flag. An empty first host or port is any, as with curl.
func (c connections) add(flag string) error {
	m := connectTo.FindStringSubmatch(flag)
	if m == nil {
		return errors.New("write HOST:PORT:HOST:PORT, for example mail.example.org:993:127.0.0.1:10993")
	}
	c[strings.ToLower(m[1]+m[2])+":"+m[3]] = net.JoinHostPort(m[4]+m[5], m[6])
	return nil
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

// nameServer reads HOST or HOST:PORT; the port is 53 where none is given.
func nameServer(s string) (string, error) {
	at, err := config.HostPort(s, "53")
	if err != nil {
		err = errors.New("write HOST or HOST:PORT, for example 127.0.0.1:53")
	}
	return at, err
}
