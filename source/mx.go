package source

import (
	"context"
	"strings"
	"time"

	"autoconfig/provider"
)

// MX finds the provider of a domain nobody listed by its best mail exchangers
// (RFC 5321 §5.1). Such a domain never counts as the operator's own.
type MX struct {
	*MXCache
	table MXTable
}

// NewMX makes the source; nil without a cache. The cache outlives it, so that a reload keeps what DNS answered.
func NewMX(providers []*provider.Provider, cache *MXCache) *MX {
	if cache == nil {
		return nil
	}
	return &MX{cache, NewMXTable(providers)}
}

// Lookup finds the provider that all of the domain's best exchangers belong to.
func (m *MX) Lookup(ctx context.Context, a provider.Address) (*provider.Provider, error) {
	hosts, err := m.get(ctx, a.Domain)
	if err != nil {
		return nil, err
	}
	if p := m.table.ByHosts(hosts); p != nil {
		return p, nil
	}
	return nil, provider.ErrNotFound
}

// MXCache remembers the best mail exchangers of domains.
type MXCache struct{ *cache[[]string] }

// MXCacheOptions are the bounds of the MX source: a client waits less than a
// second, and strangers can make 32 questions wait for DNS at once.
func MXCacheOptions() CacheOptions {
	return CacheOptions{TTL: time.Hour, NegativeTTL: 10 * time.Minute, Stale: 24 * time.Hour, Retry: 5 * time.Second,
		Entries: 100_000, InFlight: 32, Timeout: 900 * time.Millisecond}
}

// NewMXCache makes a cache over lookup, which returns the exchangers of lowest preference as lower-case names without a
// trailing dot, or an error that wraps [provider.ErrNotFound] when there are none.
func NewMXCache(o CacheOptions, lookup func(ctx context.Context, domain string) ([]string, error)) *MXCache {
	return &MXCache{newCache(o, lookup)}
}

// Forget is [Backend.Forget].
func (m *MXCache) Forget(domain string) { m.forget(domain) }

// Down reports whether the last check failed. A domain that cannot be resolved
// does not count: strangers can ask for as many of those as they like.
func (m *MXCache) Down() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.broken
}

// Check asks the resolvers about the root, once a question has failed and until
// they answer. It has no exchangers; every resolver knows that.
func (m *MXCache) Check(ctx context.Context) {
	if m.cache.Down() {
		m.mu.Lock()
		m.unanswered = "" // a stranger's domain may never have an answer
		m.mu.Unlock()
		_ = m.probe(ctx, ".") // it is noted
	}
}

// MXTable maps mail exchangers to providers.
type MXTable map[string]*provider.Provider

// NewMXTable takes the mx names of the providers; of two that claim one name the first counts.
func NewMXTable(providers []*provider.Provider) MXTable {
	t := MXTable{}
	for _, p := range providers {
		for _, name := range p.MX {
			if _, taken := t[name]; !taken {
				t[name] = p
			}
		}
	}
	return t
}

// ByHost is the provider whose mx name the host is or lies below, on a label
// boundary, the longest name first; nil when there is none.
func (t MXTable) ByHost(host string) *provider.Provider {
	for host != "" {
		if p := t[host]; p != nil {
			return p
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return nil
}

// ByHosts is the provider that every host belongs to. Exchangers of equal preference that disagree belong to nobody.
func (t MXTable) ByHosts(hosts []string) *provider.Provider {
	var found *provider.Provider
	for _, host := range hosts {
		p := t.ByHost(host)
		if p == nil || found != nil && p != found {
			return nil
		}
		found = p
	}
	return found
}
