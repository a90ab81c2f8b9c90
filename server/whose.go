package server

import (
	"errors"
	"strings"

	"autoconfig/apple"
	"autoconfig/provider"
)

// match is whose settings a request gets: a provider, and the address or bare
// domain they are for.
type match = apple.Account

// errLimited: the look-up would cost a DNS query, and the client has asked
// for too many.
var errLimited = errors.New("server: client over its limit")

// lookup finds the provider of an address. Only the MX source costs something
// for every new name, so only it is limited.
func (s *Server) lookup(r *request, a provider.Address) (match, error) {
	p, err := r.set.Source.Lookup(r.ctx(), a)
	if errors.Is(err, provider.ErrNotFound) && r.set.MX != nil {
		p, err = s.lookupMX(r, a)
	}
	return match{Provider: p, Address: a}, err
}

func (s *Server) lookupMX(r *request, a provider.Address) (*provider.Provider, error) {
	if !r.set.MX.Cached(a.Domain) && !s.allow(r) {
		return nil, errLimited
	}
	return r.set.MX.Lookup(r.ctx(), a)
}

// hostPrefixes are the names clients put before a domain.
var hostPrefixes = []string{"autoconfig.", "autodiscover.", "ua-auto-config."}

// byHost finds the provider of the Host: whole first, then without the name
// clients put before a domain. DNS is asked about the latter only, and a
// database about the whole name only when the latter is none of its own, or
// every autoconfig.DOMAIN would cost a look-up of its own.
func (s *Server) byHost(r *request) (match, error) {
	host := s.host(r)
	if host == "" {
		return match{}, provider.ErrNotFound
	}
	whole := provider.Address{Domain: host}
	for _, prefix := range hostPrefixes {
		if domain, ok := strings.CutPrefix(host, prefix); ok && strings.Contains(domain, ".") {
			if p, err := r.set.quick().Lookup(r.ctx(), whole); err == nil {
				return match{Provider: p, Address: whole}, nil
			}
			m, err := s.lookup(r, provider.Address{Domain: domain})
			if r.set.Quick == nil || !errors.Is(err, provider.ErrNotFound) {
				return m, err
			}
			p, werr := r.set.Source.Lookup(r.ctx(), whole)
			if errors.Is(werr, provider.ErrNotFound) {
				return m, err
			}
			return match{Provider: p, Address: whole}, werr
		}
	}
	return s.lookup(r, whole)
}

// quick are the sources that cost nothing to ask.
func (set *Settings) quick() provider.Source {
	if set.Quick != nil {
		return set.Quick
	}
	return set.Source
}

// byAddress finds the provider of a query's address, or of the Host when
// there is no sound address.
func (s *Server) byAddress(r *request, key string) (match, error) {
	raw, found, ok := query(r.Request().URL.RawQuery, key)
	if !ok || !found {
		return s.byHost(r)
	}
	a, err := provider.ParseAddress(plus(raw))
	if err != nil {
		return s.byHost(r)
	}
	return s.lookup(r, a)
}
