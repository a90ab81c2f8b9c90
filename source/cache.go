package source

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"autoconfig/provider"
)

// CacheOptions bound what is remembered of a slow backend.
type CacheOptions struct {
	TTL         time.Duration // how long a found value is fresh
	NegativeTTL time.Duration // how long "not found" is
	Stale       time.Duration // how much longer a found value is answered while the backend is down
	Retry       time.Duration // how long after a failure the backend is not asked about the same key again
	Entries     int           // at most
	InFlight    int           // questions to the backend at once
	Timeout     time.Duration // for one question
}

// cache keeps what a backend answered, bounded by number. Of several askers for
// one key only one goes to the backend. When the backend fails, a value found
// before is given until it is too old, and else [provider.ErrUnavailable]: never
// a wrong "not found".
type cache[V any] struct {
	o      CacheOptions
	fetch  func(ctx context.Context, key string) (V, error) // its error wraps provider.ErrNotFound when there is none
	flight singleflight.Group
	slots  chan struct{}

	mu       sync.Mutex
	entries  map[string]*cached[V]
	ring     []*cached[V] // in the order of arrival, overwritten in a circle
	hand     int
	failures int // in a row
}

// cached is what is remembered of a key.
type cached[V any] struct {
	key    string
	answer answer[V]
	until  time.Time // fresh
	stale  time.Time // until when a found value may still be given; zero when there is none
	used   bool      // since the hand last passed
}

// answer is a value, its absence ([provider.ErrNotFound]), or that the backend
// failed ([provider.ErrUnavailable]).
type answer[V any] struct {
	value V
	err   error
}

func newCache[V any](o CacheOptions, fetch func(context.Context, string) (V, error)) *cache[V] {
	return &cache[V]{o: o, fetch: fetch, slots: make(chan struct{}, o.InFlight), entries: map[string]*cached[V]{}}
}

// get answers from memory while it is fresh, else from the backend.
func (c *cache[V]) get(ctx context.Context, key string) (V, error) {
	if a, ok := c.recall(key); ok {
		return a.value, a.err
	}
	asked := c.flight.DoChan(key, func() (any, error) {
		return c.ask(context.WithoutCancel(ctx), key), nil // an asker that leaves must not fail the others waiting
	})
	select {
	case <-ctx.Done():
		return answer[V]{}.value, errors.Join(provider.ErrUnavailable, ctx.Err())
	case r := <-asked:
		a := r.Val.(answer[V]) //nolint:errcheck,forcetypeassert // the function above returns no other
		return a.value, a.err
	}
}

// recall is the answer for key while it is fresh.
func (c *cache[V]) recall(key string) (answer[V], bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok {
		return answer[V]{}, false
	}
	e.used = true
	return e.answer, time.Now().Before(e.until)
}

// ask goes to the backend and remembers what comes of it. Waiting for a free
// place counts towards the time an answer may take.
func (c *cache[V]) ask(ctx context.Context, key string) answer[V] {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	var a answer[V]
	select {
	case c.slots <- struct{}{}:
		a.value, a.err = c.fetch(ctx, key)
		<-c.slots
	case <-ctx.Done():
		a.err = ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.store(key, a)
}

// store remembers an answer, and gives what is to be answered: after a failure
// the value from before, if it may still be given.
func (c *cache[V]) store(key string, a answer[V]) answer[V] {
	now := time.Now()
	e := c.place(key)
	switch {
	case a.err == nil:
		c.failures = 0
		e.answer, e.until, e.stale = a, now.Add(c.o.TTL), now.Add(c.o.TTL+c.o.Stale)
	case errors.Is(a.err, provider.ErrNotFound):
		c.failures = 0
		e.answer, e.until, e.stale = answer[V]{err: provider.ErrNotFound}, now.Add(c.o.NegativeTTL), time.Time{}
	default:
		c.failures++
		e.until = now.Add(c.o.Retry)
		if !now.Before(e.stale) {
			e.answer = answer[V]{err: errors.Join(provider.ErrUnavailable, a.err)}
		}
	}
	return e.answer
}

// place is the entry of key, made when there is none. When all places are
// taken, the first one not used since the hand last passed gives way (the clock
// algorithm): names asked once do not drive out those asked again and again.
func (c *cache[V]) place(key string) *cached[V] {
	if e, ok := c.entries[key]; ok {
		return e
	}
	e := &cached[V]{key: key}
	c.entries[key] = e
	if len(c.ring) < c.o.Entries {
		c.ring = append(c.ring, e)
		return e
	}
	for c.ring[c.hand].used {
		c.ring[c.hand].used = false
		c.hand = (c.hand + 1) % len(c.ring)
	}
	delete(c.entries, c.ring[c.hand].key)
	c.ring[c.hand] = e
	c.hand = (c.hand + 1) % len(c.ring)
	return e
}

// Cached reports whether key costs the backend nothing now.
func (c *cache[V]) Cached(key string) bool {
	_, ok := c.recall(key)
	return ok
}

// failuresOfADownBackend in a row: one broken domain of a stranger is no
// reason to call a resolver down.
const failuresOfADownBackend = 3

// Down reports whether the backend has failed several times in a row.
func (c *cache[V]) Down() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failures >= failuresOfADownBackend
}
