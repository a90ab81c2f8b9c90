package service

import (
	"context"
	"time"

	"autoconfig/config"
	"autoconfig/dnssrv/query"
	"autoconfig/provider"
	"autoconfig/source"
)

// mxSource is the MX source across reloads: what DNS said outlives settings.
type mxSource struct{ cache *source.MXCache }

// newMXSource is nil, and serves nothing, without a configured resolver.
func newMXSource(cfg *config.Config) *mxSource {
	if len(cfg.DNS.Resolver) == 0 {
		return nil
	}
	client := query.New(query.Options{Resolvers: cfg.DNS.Resolver.Addresses(query.SystemResolvers), Timeout: 400 * time.Millisecond, Tries: 2})
	return &mxSource{source.NewMXCache(source.MXCacheOptions(), client.LookupMX)}
}

// MXSource is the MX source of a configuration; nil without a resolver.
func MXSource(cfg *config.Config, providers []*provider.Provider) *source.MX {
	return newMXSource(cfg).with(providers)
}

// watch looks whether resolvers that are down are back, until ctx ends.
func (m *mxSource) watch(ctx context.Context) {
	if m == nil {
		return
	}
	for tick := time.NewTicker(checkEvery); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			m.cache.Check(ctx)
		}
	}
}

// with is the source for these providers.
func (m *mxSource) with(providers []*provider.Provider) *source.MX {
	if m == nil {
		return nil
	}
	return source.NewMX(providers, m.cache)
}
