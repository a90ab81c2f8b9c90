package source

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
	Waiting     int           // questions that wait for their turn, at most; 0: any number
	Timeout     time.Duration // for one question
	Rest        bool          // leave a backend that is down in peace: one question per Retry
}

// cache keeps what a backend answered, bounded by number. When several ask for
// one key at once, one question goes to the backend. When the backend fails, a value found
// before is given until it is too old, and else [provider.ErrUnavailable]: never
// a wrong "not found".
//
// Only a hash of 128 bits is kept of a key, with a seed of this process, and
// apart from the values: the garbage collector has one
// pointer to look at for each key, and no mailbox is in memory by its name.
type cache[V any] struct {
	o      CacheOptions
	fetch  func(ctx context.Context, key string) (V, error) // its error wraps provider.ErrNotFound when there is none
	slots  chan struct{}
	asking atomic.Int64 // questions under way or waiting
	seeds  [2]maphash.Seed
	start  time.Time // what times below count from

	calls singleflight.Group

	mu       sync.Mutex
	entries  map[hash]uint32 // to the place in ring and values
	ring     []cached        // in the order of arrival, overwritten in a circle
	purges   int             // what was asked before the last one is not remembered
	values   []V
	hand     int
	failures int           // in a row
	unsaid   string        // a key whose question failed, until it has an answer: real questions show what works
	broken   bool          // the last check failed
	retry    time.Duration // when a backend at rest is asked again
}

type hash [2]uint64

// cached is what is remembered of a key, apart from its value.
type cached struct {
	key    hash
	until  time.Duration // fresh
	stale  time.Duration // until when a found value may still be given; zero when there is none
	domain uint32        // of the key, hashed, so that all of a domain can be forgotten
	state  state
	used   bool // since the hand last passed
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
	return &cache[V]{o: o, fetch: fetch, slots: make(chan struct{}, o.InFlight), start: time.Now(),
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, entries: map[hash]uint32{}}
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

// get answers from memory while it is fresh, else from the backend. An asker that
// leaves must not fail the others waiting, so the question outlives its context.
func (c *cache[V]) get(ctx context.Context, key string) (V, error) {
	c.mu.Lock()
	a, ok := c.recall(key)
	if !ok {
		a, ok = c.spared(key)
	}
	call := key + " " + strconv.Itoa(c.purges) // a question from before a purge may have an old answer
	c.mu.Unlock()
	if ok {
		return a.value, a.err
	}
	asked := c.calls.DoChan(call, func() (any, error) { return c.ask(context.WithoutCancel(ctx), key), nil })
	select {
	case r := <-asked:
		a, _ = r.Val.(answer[V])
		return a.value, a.err
	case <-ctx.Done():
		return a.value, errors.Join(provider.ErrUnavailable, ctx.Err())
	}
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
// place counts towards the time an answer may take, and says nothing about the
// backend.
func (c *cache[V]) ask(ctx context.Context, key string) answer[V] {
	defer c.asking.Add(-1)
	n := c.asking.Add(1)
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.recall(key); ok {
		return a // of a question that has ended just now
	}
	if c.o.Waiting > 0 && n > int64(c.o.InFlight+c.o.Waiting) {
		return c.without(key, errBusy)
	}
	purges := c.purges
	c.mu.Unlock()
	a, asked := c.question(ctx, key)
	c.mu.Lock()
	if !asked {
		return c.without(key, errBusy)
	}
	said := c.store(key, a)
	if e := &c.ring[c.entries[c.hash(key)]]; purges != c.purges {
		e.until, e.stale = 0, 0
	}
	return said
}

// question asks when there is a free place with time left, and gives it back
// whatever comes.
func (c *cache[V]) question(ctx context.Context, key string) (a answer[V], asked bool) {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return a, false
	}
	defer func() {
		<-c.slots
		if p := recover(); p != nil {
			a.err, asked = fmt.Errorf("%w: %T\n%s", errPanic, p, debug.Stack()), true
		}
	}()
	begin := time.Now()
	a.value, a.err = c.fetch(ctx, key)
	hurried := errors.Is(a.err, context.DeadlineExceeded) && time.Since(begin) < c.o.Timeout/2 // it had waited too long
	return a, !hurried
}

// errPanic is a fault of the program, or of a library below it.
var errPanic = errors.New("a question that could not be asked: the program has a fault")

// store remembers an answer, and gives what is to be answered: after a failure
// the value from before, if it may still be given.
func (c *cache[V]) store(key string, a answer[V]) answer[V] {
	now, i := c.now(), c.place(c.hash(key))
	e := &c.ring[i]
	e.domain = c.domainOf(key)
	var none V
	if key == c.unsaid && (a.err == nil || isAnswer(a.err)) {
		c.unsaid = ""
	}
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
		if !isAnswer(a.err) && c.unsaid == "" {
			c.unsaid = key
		}
		if !isAnswer(a.err) && !errors.Is(a.err, errStatement) {
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

// What an error of a backend says, but for [provider.ErrNotFound].
var (
	errRow       = errors.New("a row that cannot be used")        // nothing about the backend
	errStatement = errors.New("the server refuses the statement") // it is there, so it needs no rest
	errValue     = fmt.Errorf("%w: a value that the server cannot hold", provider.ErrNotFound)
)

// isAnswer reports whether an error is what the backend had to say.
func isAnswer(err error) bool { return errors.Is(err, provider.ErrNotFound) || errors.Is(err, errRow) }

// note takes what a check of the backend said.
func (c *cache[V]) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken = err != nil; !c.broken {
		c.failures = 0
		return
	}
	if !errors.Is(err, errStatement) {
		c.failures, c.retry = max(c.failures+1, failuresOfADownBackend), c.now()+c.o.Retry
	}
}

// forgive forgets a question that failed: the backend is not to blame.
func (c *cache[V]) forgive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unsaid = ""
}

// again asks the question that failed once more; nil when there is none, or it
// has an answer now.
func (c *cache[V]) again(ctx context.Context) error {
	c.mu.Lock()
	key := c.unsaid
	c.mu.Unlock()
	if key == "" {
		return nil
	}
	c.outdated(key, true)
	if a := c.ask(ctx, key); a.err != nil && !isAnswer(a.err) {
		return a.err
	}
	return nil
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

// outdated forgets what is remembered of a key if it is older than a new
// question may be, or in any case, and reports whether it has.
func (c *cache[V]) outdated(key string, anyway bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, ok := c.entries[c.hash(key)]
	if !ok || !anyway && (c.ring[i].state != found || c.now() < c.ring[i].until-c.o.TTL+c.o.Retry) {
		return false
	}
	c.ring[i].until = 0
	return true
}

// forget ends what is remembered of a domain. Without one all that is remembered has to be asked for again, but is still
// given while the backend is down.
func (c *cache[V]) forget(domain string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.purges++
	if domain == "" {
		for i := range c.ring {
			c.ring[i].until = 0
		}
	} else if i, ok := c.entries[c.hash(domain)]; ok {
		c.ring[i].until, c.ring[i].stale = 0, 0
	}
}

// forgetIn ends what is remembered of the addresses in a domain.
func (c *cache[V]) forgetIn(domain string) {
	c.forget(domain)
	c.mu.Lock()
	defer c.mu.Unlock()
	tag := c.domainOf(domain)
	for i := range c.ring {
		if e := &c.ring[i]; domain != "" && e.domain == tag { // by a rare chance another domain's, too
			e.until, e.stale = 0, 0
		}
	}
}

func (c *cache[V]) domainOf(key string) uint32 {
	return uint32(maphash.String(c.seeds[0], key[strings.LastIndexByte(key, '@')+1:])) // a part is enough
}

// Cached reports whether key costs the backend nothing now.
func (c *cache[V]) Cached(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.recall(key)
	return ok
}

// failuresOfADownBackend in a row give it a rest.
const failuresOfADownBackend = 3

// Down reports whether the last check failed, or a question that has had no
// answer since.
func (c *cache[V]) Down() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken || c.unsaid != ""
}
