package source

import (
	"hash/maphash"
	"strings"
	"time"

	"autoconfig/provider"
)

type hash [2]uint64

// entry is what is remembered of a key.
type entry[V any] struct {
	value  V
	until  time.Duration // fresh
	stale  time.Duration // until when a found value may be used while the backend is down
	domain uint32        // of the key, hashed, so that all of a domain can be forgotten
	state  state
	used   bool // since evict last passed
}

// state is what the backend answered: nothing ([provider.ErrUnavailable]), a
// value, or that there is none ([provider.ErrNotFound]).
type state byte

const (
	failed state = iota
	found
	missing
)

func (e *entry[V]) answer() (V, error) {
	return e.value, [...]error{failed: provider.ErrUnavailable, found: nil, missing: provider.ErrNotFound}[e.state]
}

func (e *entry[V]) set(s state, value V, until, stale time.Duration) {
	e.state, e.value, e.until, e.stale = s, value, until, stale
}

// place is the entry of a key, made if there is none.
func (c *cache[V]) place(key string) *entry[V] {
	e := c.entry(key)
	if e == nil {
		if len(c.entries) >= c.o.Entries {
			c.evict()
		}
		e = &entry[V]{domain: c.domainOf(key)}
		c.entries[c.hash(key)] = e
	}
	return e
}

// evict drops an entry that was not used since a walk last passed it, so that names
// asked once do not displace those asked often. Walks over a map start anywhere.
func (c *cache[V]) evict() {
	for {
		for h, e := range c.entries {
			if !e.used {
				delete(c.entries, h)
				return
			}
			e.used = false
		}
	}
}

// outdated expires the found value of a key that was asked longer than Retry ago,
// or in any case, and reports whether it did.
func (c *cache[V]) outdated(key string, anyway bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entry(key)
	if e == nil || !anyway && (e.state != found || c.now() < e.until-c.o.TTL+c.o.Retry) {
		return false
	}
	e.until = 0
	return true
}

// forget drops the entry of a domain. Without one every entry expires, but is still used while the backend is down.
func (c *cache[V]) forget(domain string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.purges++
	if e := c.entry(domain); e != nil {
		e.until, e.stale = 0, 0
	}
	if domain == "" {
		for _, e := range c.entries {
			e.until = 0
		}
	}
}

// forgetIn drops the entries of the addresses in a domain.
func (c *cache[V]) forgetIn(domain string) {
	c.forget(domain)
	c.mu.Lock()
	defer c.mu.Unlock()
	tag := c.domainOf(domain)
	for _, e := range c.entries {
		if domain != "" && e.domain == tag { // rarely another domain's too
			e.until, e.stale = 0, 0
		}
	}
}

func (c *cache[V]) domainOf(key string) uint32 {
	return uint32(maphash.String(c.seeds[0], key[strings.LastIndexByte(key, '@')+1:])) // a part is enough
}
