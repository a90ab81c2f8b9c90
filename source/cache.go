package source

import (
	"context"
	"errors"
	"hash/maphash"
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
//
// Of a key only a hash of 128 bits is kept, with a seed of this process, and
// what is kept of it is apart from the values: the garbage collector has one
// pointer to look at for each key, and no mailbox stands in memory by its name.
type cache[V any] struct {
	o      CacheOptions
	fetch  func(ctx context.Context, key string) (V, error) // its error wraps provider.ErrNotFound when there is none
	slots  chan struct{}
	asking atomic.Int64 // questions under way or waiting
	seeds  [2]maphash.Seed
	start  time.Time // what times below count from

	mu       sync.Mutex
	calls    map[string]*call[V]
	entries  map[hash]uint32 // to the place in ring and values
	ring     []cached        // in the order of arrival, overwritten in a circle
	values   []V
	hand     int
	failures int           // in a row
	retry    time.Duration // when a backend at rest is asked again
}

type hash [2]uint64

// cached is what is remembered of a key, beside its value.
type cached struct {
	key   hash
	until time.Duration // fresh
	stale time.Duration // until when a found value may still be given; zero when there is none
	state state
	used  bool // since the hand last passed
}

// state is what the backend said: a value, that there is none
// ([provider.ErrNotFound]), or nothing ([provider.ErrUnavailable]).
type state byte

const (
	failed state = iota
	found
	missing
)

// answer is a value or an error.
type answer[V any] struct {
	value V
	err   error
}

func newCache[V any](o CacheOptions, fetch func(context.Context, string) (V, error)) *cache[V] {
	return &cache[V]{o: o, fetch: fetch, slots: make(chan struct{}, o.InFlight), seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, start: time.Now(),
		calls: map[string]*call[V]{}, entries: map[hash]uint32{}}
}

func (c *cache[V]) hash(key string) hash {
	return hash{maphash.String(c.seeds[0], key), maphash.String(c.seeds[1], key)}
}

// now is the time since the cache was made.
func (c *cache[V]) now() time.Duration { return time.Since(c.start) }

// at is what is remembered at a place.
func (c *cache[V]) at(i uint32) answer[V] {
	switch c.ring[i].state {
	case found:
		return answer[V]{value: c.values[i]}
	case missing:
		return answer[V]{err: provider.ErrNotFound}
	}
	return answer[V]{err: provider.ErrUnavailable}
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
	case <-asked.done: // an answer that is there counts: net/http ends the context of a client that only shuts its sending side
		return asked.answer.value, asked.answer.err
	default:
	}
	select {
	case <-asked.done:
		return asked.answer.value, asked.answer.err
	case <-ctx.Done():
		return answer[V]{}.value, errors.Join(provider.ErrUnavailable, ctx.Err())
	}
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
	i, ok := c.entries[c.hash(key)]
	if !ok {
		return answer[V]{}, false
	}
	e := &c.ring[i]
	e.used = true
	return c.at(i), c.now() < e.until
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
	if now := c.now(); now >= c.retry {
		c.retry = now + c.o.Retry // this one asks
		return answer[V]{}, false
	}
	return c.without(key, errResting), true
}

// without is the answer when the backend was not asked: the value from before,
// if it may still be given.
func (c *cache[V]) without(key string, why error) answer[V] {
	if i, ok := c.entries[c.hash(key)]; ok && c.now() < c.ring[i].stale {
		return c.at(i)
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
		return c.without(key, errBusy)
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
	now, i := c.now(), c.place(c.hash(key))
	e := &c.ring[i]
	var none V
	switch {
	case a.err == nil:
		c.failures = 0
		e.state, e.until, e.stale = found, now+c.o.TTL, now+c.o.TTL+c.o.Stale
		c.values[i] = a.value
	case errors.Is(a.err, provider.ErrNotFound):
		c.failures = 0
		e.state, e.until, e.stale = missing, now+c.o.NegativeTTL, 0
		c.values[i] = none
	default:
		if !errors.Is(a.err, errRow) {
			c.failures++
			c.retry = now + c.o.Retry
		}
		e.until = now + c.o.Retry
		if now < e.stale {
			break // the value from before
		}
		e.state, e.stale = failed, 0
		c.values[i] = none
		return answer[V]{err: errors.Join(provider.ErrUnavailable, a.err)}
	}
	return c.at(i)
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
	c.failures, c.retry = max(c.failures+1, failuresOfADownBackend), c.now()+c.o.Retry
}

// place is where key is remembered, made when there is no such place. When all
// are taken, the first one not used since the hand last passed gives way (the
// clock algorithm): names asked once do not drive out those asked again and
// again.
func (c *cache[V]) place(key hash) uint32 {
	if i, ok := c.entries[key]; ok {
		return i
	}
	var none V
	if i := uint32(len(c.ring)); int(i) < c.o.Entries {
		c.ring, c.values = append(c.ring, cached{key: key}), append(c.values, none)
		c.entries[key] = i
		return i
	}
	for c.ring[c.hand].used {
		c.ring[c.hand].used = false
		c.hand = (c.hand + 1) % len(c.ring)
	}
	i := c.hand
	delete(c.entries, c.ring[i].key)
	c.ring[i], c.values[i] = cached{key: key}, none
	c.entries[key] = uint32(i)
	c.hand = (c.hand + 1) % len(c.ring)
	return uint32(i)
}

// outdated forgets a found value that is older than a new question may be, and
// reports whether it has.
func (c *cache[V]) outdated(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, ok := c.entries[c.hash(key)]
	if !ok || c.ring[i].state != found || c.now() < c.ring[i].until-c.o.TTL+c.o.Retry {
		return false
	}
	c.ring[i].until = 0
	return true
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
