package service

import (
	"context"
	"time"

	"autoconfig/acme"
	"autoconfig/config"
	"autoconfig/dnssrv/query"
	"autoconfig/provider"
	"autoconfig/source"
)

// Resolvers are those of a configuration, which may be nil, else the system's, at the time of each call.
func Resolvers(cfg *config.Config) func() []string {
	system := query.NewSystem(query.SystemFile).Resolvers
	if cfg == nil || len(cfg.DNS.Resolver) == 0 {
		return system
	}
	return func() []string { return cfg.DNS.Resolver.Addresses(system) }
}

// leads finds out which names lead to this server, if it orders certificates or a proxy may ask /ask, which
// service_host leads to.
func leads(cfg *config.Config, listen string) *acme.Leads {
	o := acme.LeadsOptions{Listen: listen, Now: time.Now}
	if a := cfg.TLS.ACME; a != nil {
		o.Addresses = a.Addresses
	} else if len(cfg.ServiceHosts()) == 0 {
		return nil
	}
	o.Lookup = query.New(query.Options{ResolversNow: Resolvers(cfg), Timeout: time.Second, Tries: 2}).LookupHost
	return acme.NewLeads(o)
}

// newMXCache is nil, and nothing is found by MX, without a configured resolver.
func newMXCache(cfg *config.Config) *source.MXCache {
	if len(cfg.DNS.Resolver) == 0 {
		return nil
	}
	client := query.New(query.Options{ResolversNow: Resolvers(cfg), Timeout: 400 * time.Millisecond, Tries: 2})
	return source.NewMXCache(source.MXCacheOptions(), client.LookupMX)
}

// MXSource is the MX source of a configuration; nil without a resolver.
func MXSource(cfg *config.Config, providers []*provider.Provider) *source.MX {
	return source.NewMX(providers, newMXCache(cfg))
}

// repeat waits and calls do, which says how long to wait for the next time, until ctx ends.
func repeat(ctx context.Context, wait time.Duration, do func() time.Duration) {
	for ; ; wait = do() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
