package source

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

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
	Waiting     int           // questions that wait for their turn, at most; 0: any number
	Timeout     time.Duration // for one question
	Rest        bool          // leave a backend that is down in peace: one question per Retry
}

// cache keeps what a backend answered, bounded by number. Of several askers for
// one key only one goes to the backend. When the backend fails, a value found
// before is given until it is too old, and else [provider.ErrUnavailable]: never
// a wrong "not found".
type cache[V any] struct {
	o      CacheOptions
	fetch  func(ctx context.Context, key string) (V, error) // its error wraps provider.ErrNotFound when there is none
	slots  chan struct{}
	asking atomic.Int64 // questions under way or waiting

	mu       sync.Mutex
	calls    map[string]*call[V]
	entries  map[string]*cached[V]
	ring     []*cached[V] // in the order of arrival, overwritten in a circle
	hand     int
	failures int       // in a row
	retry    time.Time // when a backend at rest is asked again
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
	return &cache[V]{o: o, fetch: fetch, slots: make(chan struct{}, o.InFlight), calls: map[string]*call[V]{}, entries: map[string]*cached[V]{}}
}

// call is a question under way, and its answer once done is closed.
type call[V any] struct {
	done   chan struct{}
	answer answer[V]
}

// get answers from memory while it is fresh, else from the backend. The first
// asker for a key goes there itself; an asker that leaves must not fail the
// others waiting, so the question outlives its context.
func (c *cache[V]) get(ctx context.Context, key string) (V, error) {
	c.mu.Lock()
	a, ok := c.recall(key)
	if !ok {
		a, ok = c.spared(key)
	}
	if ok {
		c.mu.Unlock()
		return a.value, a.err
	}
	asked := c.calls[key]
	if asked == nil {
		asked = &call[V]{done: make(chan struct{})}
		c.calls[key] = asked
		c.mu.Unlock()
		c.lead(context.WithoutCancel(ctx), key, asked)
	} else {
		c.mu.Unlock()
	}
	select {
	case <-asked.done:
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return answer[V]{}.value, errors.Join(provider.ErrUnavailable, err)
	}
	return asked.answer.value, asked.answer.err
}

// lead asks for itself and for those who wait for the same key.
func (c *cache[V]) lead(ctx context.Context, key string, asked *call[V]) {
	asked.answer = answer[V]{err: provider.ErrUnavailable} // should the store panic
	defer func() {
		c.mu.Lock()
		delete(c.calls, key)
		c.mu.Unlock()
		close(asked.done)
	}()
	asked.answer = c.ask(ctx, key)
}

// recall is the answer for key while it is fresh. The caller holds the lock.
func (c *cache[V]) recall(key string) (answer[V], bool) {
	e, ok := c.entries[key]
	if !ok {
		return answer[V]{}, false
	}
	e.used = true
	return e.answer, time.Now().Before(e.until)
}

// What keeps a question from the backend.
var (
	errResting = errors.New("the backend does not answer")
	errBusy    = errors.New("too many questions wait for the backend")
)

// spared is the answer when the backend is down and is to be left in peace.
// Nothing is remembered of it, so that names asked meanwhile take no places.
// The caller holds the lock.
func (c *cache[V]) spared(key string) (answer[V], bool) {
	if !c.o.Rest || c.failures < failuresOfADownBackend {
		return answer[V]{}, false
	}
	now := time.Now()
	if !now.Before(c.retry) {
		c.retry = now.Add(c.o.Retry) // this one asks
		return answer[V]{}, false
	}
	return c.without(key, now, errResting), true
}

// without is the answer when the backend was not asked, or failed: the value
// from before, if it may still be given.
func (c *cache[V]) without(key string, now time.Time, why error) answer[V] {
	if e, ok := c.entries[key]; ok && now.Before(e.stale) {
		return e.answer
	}
	return answer[V]{err: errors.Join(provider.ErrUnavailable, why)}
}

// ask goes to the backend and remembers what comes of it. Waiting for a free
// place counts towards the time an answer may take.
func (c *cache[V]) ask(ctx context.Context, key string) answer[V] {
	defer c.asking.Add(-1)
	if n := c.asking.Add(1); c.o.Waiting > 0 && n > int64(c.o.InFlight+c.o.Waiting) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.without(key, time.Now(), errBusy)
	}
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
		if !errors.Is(a.err, errRow) {
			c.failures++
			c.retry = now.Add(c.o.Retry)
		}
		e.until = now.Add(c.o.Retry)
		e.answer = c.without(key, now, a.err)
	}
	return e.answer
}

// errRow is a fault of one row, which says nothing about the backend.
var errRow = errors.New("a row that cannot be used")

// note takes what a check of the backend said.
func (c *cache[V]) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.failures = 0
		return
	}
	c.failures, c.retry = max(c.failures+1, failuresOfADownBackend), time.Now().Add(c.o.Retry)
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
	c.mu.Lock()
	defer c.mu.Unlock()
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
