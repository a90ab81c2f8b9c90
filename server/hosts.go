package server

import (
	"context"
	"fmt"

	"autoconfig/provider"
)

// errOtherHost: the domain is served, and not at the service host that was asked.
var errOtherHost = fmt.Errorf("%w at this service host", provider.ErrNotFound)

// atHost is what was found, unless the request came by the service host of another provider. Such a host answers for
// the domains of its provider, and for what everybody knows: the built-in providers' own.
func (r *request) atHost(m match, err error) (match, error) {
	if !r.atOwnHost() || err != nil || m.Provider.ServiceHost == "" || m.Provider.ServiceHost == r.host ||
		builtinDomain(m.Address.Domain) {
		return m, err
	}
	return match{Address: m.Address}, errOtherHost
}

// atOwnHost reports whether the request came by the service host of one provider alone.
func (r *request) atOwnHost() bool {
	_, own := r.set.Hosts[r.host]
	return own
}

// isServiceHost reports whether a host is the operator's service host, or a provider's own.
func (set *Settings) isServiceHost(host string) bool {
	_, own := set.Hosts[host]
	return own || host != "" && host == set.ServiceHost
}

// serviceHost is the service host that the request came by, or that of the domain it came by as far as that costs
// nothing to find out, else the operator's.
func (r *request) serviceHost() string {
	if r.set.isServiceHost(r.host) {
		return r.host
	}
	if len(r.set.Hosts) > 0 {
		if p := r.byName(r.set.quick()); p != nil {
			return p.ServedAt(r.set.ServiceHost)
		}
	}
	return r.set.ServiceHost
}

// byName is the provider that a source has for the host, or for the domain behind a name that clients put before it.
func (r *request) byName(of provider.Source) *provider.Provider {
	for _, domain := range []string{r.host, bareHost(r.host)} {
		if p, err := of.Lookup(r.ctx(), provider.Address{Domain: domain}); err == nil {
			return p
		}
	}
	return nil
}

// base is what absolute links at a host begin with; empty without one.
func base(host string) string {
	if host == "" {
		return ""
	}
	return "https://" + host
}

// servicesOf are the service hosts that a name may lead to: of the domain behind it, and the operator's.
func (set *Settings) servicesOf(ctx context.Context, host string) (out []string) {
	if set.isServiceHost(host) {
		return []string{host}
	}
	if set.ServiceHost != "" {
		out = append(out, set.ServiceHost)
	}
	domain, _ := provider.CutHostPrefix(host)
	p, err := set.Listed.Lookup(ctx, provider.Address{Domain: domain})
	if err == nil && p.ServiceHost != "" && p.ServiceHost != set.ServiceHost {
		out = append(out, p.ServiceHost)
	}
	return out
}
