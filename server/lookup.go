package server

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"

	"autoconfig/apple"
	"autoconfig/provider"
)

// lookup is who asks, by which name, and for whose settings. It is made once for each request, before its handler.
type lookup struct {
	trusted   bool       // the peer is a proxy whose X-Forwarded-* headers count
	https     bool       // the client speaks https
	client    netip.Addr // to limit and log by: not the proxies in between
	limited   bool       // client counts; it does not when a trusted proxy asks for itself
	authority string     // the name that was asked for, as it was sent
	host      string     // the same as a domain name; empty when it is not one
	byHost    bool       // the host had a part in the answer
	found     match      // of the routes that say how to find it
}

// match is whose settings a request gets: a provider, and the address or bare domain they are for.
type match = apple.Account

// errLimited: the look-up would cost a DNS query, and the client has asked for too many.
var errLimited = errors.New("server: client over its limit")

// identify finds out who asks and by which name.
func (s *Server) identify(r *request) {
	req := r.Request()
	r.client, r.limited = peer(req.RemoteAddr)
	r.trusted = r.limited && contains(s.opts.TrustedProxies, r.client)
	r.https, r.authority = req.TLS != nil, req.Host
	if r.trusted {
		r.client, r.limited = forwardedFor(req.Header["X-Forwarded-For"], r.client, s.opts.TrustedProxies)
		if !r.https && first(req.Header["X-Forwarded-Proto"]) == "https" {
			r.https = true
			s.sawHTTPS.Store(true)
		}
		if name := first(req.Header["X-Forwarded-Host"]); name != "" && s.opts.ForwardedHost {
			r.authority, _, _ = strings.Cut(name, ",") // the first proxy's, when there are several
		}
	}
	r.host = provider.HostName(strings.TrimSpace(r.authority))
}

// first is the first of a header's lines, empty without one. Unlike [http.Header.Get] it does not put the key into its
// canonical form each time.
func first(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}

// forwardedFor is the client behind trusted proxies: the last address of X-Forwarded-For that is not a proxy's. What
// cannot be read is counted as the peer's, so that it does not evade the limits. Without the header, or with nothing
// but proxies in it, a proxy asks for itself and is not counted.
func forwardedFor(headers []string, peer netip.Addr, trusted []netip.Prefix) (client netip.Addr, counts bool) {
	for _, header := range slices.Backward(headers) {
		for rest := header; rest != ""; {
			comma := strings.LastIndexByte(rest, ',')
			hop := strings.TrimSpace(rest[comma+1:])
			rest = rest[:max(comma, 0)]
			if hop == "" {
				continue
			}
			addr, err := netip.ParseAddr(withoutPort(hop))
			if err != nil {
				return peer, true
			}
			if addr = addr.Unmap().WithZone(""); !contains(trusted, addr) {
				return addr, true
			}
		}
	}
	return peer, false
}

// withoutPort takes the port, brackets and quotes off an address: proxies write 192.0.2.1:4711 as well as
// [2001:db8::1]:4711.
func withoutPort(hop string) string {
	hop = strings.Trim(hop, `"`)
	if inner, ok := strings.CutPrefix(hop, "["); ok {
		hop, _, _ = strings.Cut(inner, "]")
	} else if strings.Count(hop, ":") == 1 {
		hop, _, _ = strings.Cut(hop, ":")
	}
	return hop
}

func contains(list []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func peer(remote string) (netip.Addr, bool) {
	ap, err := netip.ParseAddrPort(remote)
	return ap.Addr().Unmap().WithZone(""), err == nil
}

// find finds the provider of an address. A client has its share of what asks a database or DNS; a DNS query for a new
// name is charged as well.
func (s *Server) find(r *request, a provider.Address) (m match, err error) {
	m.Address = a
	if r.set.Quick != nil || r.working {
		s.away(r, func() { m.Provider, err = s.question(r, a) })
	} else {
		m.Provider, err = r.set.Source.Lookup(r.ctx(), a)
	}
	if errors.Is(err, provider.ErrNotFound) && r.set.MX != nil {
		s.away(r, func() { m.Provider, err = s.askMX(r, a) })
	}
	return r.atHost(m, err)
}

func (s *Server) askMX(r *request, a provider.Address) (*provider.Provider, error) {
	if r.limited && !r.set.MX.Cached(a.Domain) {
		q := question{r.site(), provider.Address{Domain: a.Domain}}
		if !s.allow(r, 1) || !s.mxShares.enter(q) {
			return nil, errLimited
		}
		defer s.mxShares.leave(q)
	}
	return r.set.MX.Lookup(r.ctx(), a)
}

// question finds what may take a question to a database.
func (s *Server) question(r *request, a provider.Address) (*provider.Provider, error) {
	if p, err := r.set.quick().Lookup(r.ctx(), a); err == nil || r.set.Quick == nil {
		return p, err
	}
	if r.limited {
		q := question{r.site(), a}
		if !s.shares.enter(q) {
			return nil, errLimited
		}
		defer s.shares.leave(q)
	}
	return r.set.Source.Lookup(r.ctx(), a)
}

// site is whom a share belongs to: an IPv4 address or IPv6 /48.
func (l *lookup) site() netip.Prefix {
	bits := 48
	if l.client.Is4() {
		bits = 32
	}
	p, _ := l.client.Prefix(bits) // the zero prefix for a peer without an address
	return p
}

// findByHost finds the provider of the Host: whole first, then without the name clients put before a domain. DNS is
// asked about the latter only, and a database about the whole name only when the latter is none of its own, or every
// autoconfig.DOMAIN would cost a look-up of its own.
func (s *Server) findByHost(r *request) (match, error) {
	r.byHost = true
	if r.host == "" {
		return match{}, provider.ErrNotFound
	}
	whole := provider.Address{Domain: r.host}
	domain, ok := provider.CutHostPrefix(r.host)
	if !ok || !strings.Contains(domain, ".") {
		return s.find(r, whole)
	}
	if p, err := r.set.quick().Lookup(r.ctx(), whole); err == nil {
		return r.atHost(match{Provider: p, Address: whole}, nil)
	}
	m, err := s.find(r, provider.Address{Domain: domain})
	if r.set.Quick == nil || !errors.Is(err, provider.ErrNotFound) {
		return m, err
	}
	p, werr := r.set.Source.Lookup(r.ctx(), whole)
	if errors.Is(werr, provider.ErrNotFound) {
		return m, err
	}
	return r.atHost(match{Provider: p, Address: whole}, werr)
}

// quick are the sources that cost little to ask.
func (set *Settings) quick() provider.Source {
	if set.Quick != nil {
		return set.Quick
	}
	return set.Source
}

// findByAddress finds the provider of the query's address, or of the Host when the address is missing or malformed.
func (s *Server) findByAddress(r *request) (match, error) {
	if a, ok := addressOf(r.Request().URL.RawQuery, "emailaddress"); ok {
		return s.find(r, a)
	}
	return s.findByHost(r)
}

// findByAddressOrMX adds the one case in which an address does not decide alone: a client whose domain's MX lies below
// X asks autoconfig.X with its own address (draft-ietf-mailmaint-autoconfig, "MX") and gets X's document.
func (s *Server) findByAddressOrMX(r *request) (match, error) {
	m, err := s.findByAddress(r)
	if !errors.Is(err, provider.ErrNotFound) || errors.Is(err, errOtherHost) {
		return m, err
	}
	r.byHost = true
	if x, ok := strings.CutPrefix(r.host, "autoconfig."); ok && strings.Contains(x, ".") {
		if byMX, err := s.find(r, provider.Address{Domain: x}); err == nil {
			return byMX, nil
		}
	}
	return m, err
}

// findByPath goes by the path's domain alone, as the ISPDB does. A provider's mail exchangers answer here too: that is
// what a client's MX step asks for.
func (s *Server) findByPath(r *request) (match, error) {
	domain, err := provider.ParseDomain(r.Param("domain"))
	if err != nil {
		return match{}, provider.ErrNotFound
	}
	m, err := s.find(r, provider.Address{Domain: domain})
	if errors.Is(err, provider.ErrNotFound) {
		if p := r.set.MXTable.ByHost(domain); p != nil {
			return r.atHost(match{Provider: p, Address: m.Address}, nil)
		}
	}
	return m, err
}

// publicHost is the host of links that leave a page: the one the page was asked by when it is the operator's own, else
// the provider's service host. A Host header alone proves nothing. Empty when there is none.
func (s *Server) publicHost(r *request, p *provider.Provider) string {
	if r.host != "" && (r.set.isServiceHost(r.host) || r.byName(r.set.Listed) != nil) {
		return r.host + port(r)
	}
	return p.ServedAt(r.set.ServiceHost)
}

// port is the port of an https request, with its colon, when it is not the usual one.
func port(r *request) string {
	if !r.https {
		return ""
	}
	_, port, err := net.SplitHostPort(r.authority)
	if n := provider.Port(port); err != nil || n == 0 || n == 443 {
		return ""
	}
	return ":" + port
}
