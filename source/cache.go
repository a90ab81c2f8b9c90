package source

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"autoconfig/provider"
)

// CacheOptions bound a cache and the questions to its backend.
type CacheOptions struct {
	TTL         time.Duration // how long a found value is fresh
	NegativeTTL time.Duration // how long "not found" is
	Stale       time.Duration // how much longer a found value is answered while the backend is down
	Retry       time.Duration // how long after a failure the backend is not asked about the same key again
	Entries     int           // at most
	InFlight    int           // questions to the backend at once
	Waiting     int           // questions that wait for their turn, at most; 0: any number
	Timeout     time.Duration // for one question
	Rest        bool          // ask a backend that is down only once per Retry
}

// cache keeps a bounded number of a backend's answers. One question goes to the backend however many ask for a key at
// once. When the backend fails, the answer is the value from before until that is too old, then
// [provider.ErrUnavailable]: never a wrong "not found".
//
// Of a key only a seeded hash of 128 bits is kept, so that no mailbox is in memory by its name.
type cache[V any] struct {
	o      CacheOptions
	fetch  func(ctx context.Context, key string) (V, error) // its error wraps provider.ErrNotFound when there is none
	slots  chan struct{}
	asking atomic.Int64 // questions that wait or are being answered
	seeds  [2]maphash.Seed
	start  time.Time // what times below count from
	calls  singleflight.Group

	mu         sync.Mutex
	entries    map[hash]*entry[V]
	purges     int           // answers to questions from before the last one are not kept
	failures   int           // in a row
	unanswered string        // a key whose question failed, until it has an answer
	broken     bool          // the last check failed
	retry      time.Duration // when a backend that is down is asked again
}

func newCache[V any](o CacheOptions, fetch func(context.Context, string) (V, error)) *cache[V] {
	return &cache[V]{o: o, fetch: fetch, slots: make(chan struct{}, o.InFlight),
		start: time.Now(),
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, entries: map[hash]*entry[V]{}}
}

// entry is the entry of a key, fresh or not, or nil. The caller holds the lock, as
// for all methods below that do not take it.
func (c *cache[V]) entry(key string) *entry[V] {
	return c.entries[c.hash(key)]
}

func (c *cache[V]) hash(key string) hash {
	return hash{maphash.String(c.seeds[0], key), maphash.String(c.seeds[1], key)}
}

// now is the time since the cache was made.
func (c *cache[V]) now() time.Duration { return time.Since(c.start) }

// get answers from memory or asks the backend. The question outlives the context of who asks, since others may wait for
// the same answer; so do those who wait, for as long as a question may take. It is asked in the goroutine of the first:
// handing it to another one and waiting for that costs a third of a query in SQLite.
func (c *cache[V]) get(ctx context.Context, key string) (value V, err error) {
	c.mu.Lock()
	e := c.fresh(key)
	if e != nil || c.resting() {
		defer c.mu.Unlock()
		if e != nil {
			return e.answer()
		}
		return c.without(key, errResting)
	}
	if err := ctx.Err(); err != nil { // nobody waits for an answer
		defer c.mu.Unlock()
		return c.without(key, err)
	}
	call := key + " " + strconv.Itoa(c.purges) // a question from before a purge may have an old answer
	c.mu.Unlock()
	answer, err, _ := c.calls.Do(call, func() (any, error) { return c.ask(context.WithoutCancel(ctx), key) })
	value, _ = answer.(V)
	return value, err
}

// fresh is the entry of a key if it is fresh, else nil.
func (c *cache[V]) fresh(key string) *entry[V] {
	e := c.entry(key)
	if e == nil {
		return nil
	}
	e.used = true
	if c.now() >= e.until {
		return nil
	}
	return e
}

// What keeps a question from the backend.
var (
	errResting = errors.New("the backend does not answer")
	errBusy    = errors.New("too many questions wait for the backend")
)

// resting reports whether the backend is down and is not asked now. Such questions leave no entries.
func (c *cache[V]) resting() bool {
	now := c.now()
	if !c.o.Rest || c.failures < failuresOfADownBackend {
		return false
	}
	if now < c.retry {
		return true
	}
	c.retry = now + c.o.Retry // this one asks
	return false
}

// without is the answer when the backend was not asked: the value from before, if it is not too old.
func (c *cache[V]) without(key string, why error) (none V, err error) {
	if e := c.entry(key); e != nil && c.now() < e.stale {
		return e.answer()
	}
	return none, errors.Join(provider.ErrUnavailable, why)
}

// ask asks the backend and keeps the answer. Waiting for a free slot counts towards
// the time-out, and does not count as a failure of the backend.
func (c *cache[V]) ask(ctx context.Context, key string) (V, error) {
	defer c.asking.Add(-1)
	n := c.asking.Add(1)
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.fresh(key); e != nil {
		return e.answer() // another question has just ended
	}
	if c.o.Waiting > 0 && n > int64(c.o.InFlight+c.o.Waiting) {
		return c.without(key, errBusy)
	}
	purges := c.purges
	c.mu.Unlock()
	value, err := c.question(ctx, key)
	c.mu.Lock()
	if errors.Is(err, errBusy) {
		return c.without(key, err)
	}
	e := c.place(key)
	value, err = c.store(key, e, value, err)
	if purges != c.purges {
		e.until, e.stale = 0, 0
	}
	return value, err
}

// question asks as soon as a slot is free, and is errBusy if none is in time. The caller does not hold the lock.
func (c *cache[V]) question(ctx context.Context, key string) (value V, err error) {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return value, errBusy
	}
	defer func() {
		<-c.slots
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %T\n%s", errPanic, p, debug.Stack())
		}
	}()
	begin := time.Now()
	value, err = c.fetch(ctx, key)
	if errors.Is(err, context.DeadlineExceeded) && time.Since(begin) < c.o.Timeout/2 { // too little time was left
		err = errBusy
	}
	return value, err
}

// errPanic is a bug in the program or in a library.
var errPanic = errors.New("a question that could not be asked: the program has a fault")

// store keeps an answer and returns it, or after a failure the value from before if that is not too old.
func (c *cache[V]) store(key string, e *entry[V], value V, err error) (V, error) {
	now := c.now()
	answered := err == nil || isAnswer(err)
	if key == c.unanswered && answered {
		c.unanswered = ""
	}
	switch {
	case err == nil:
		c.failures = 0
		e.set(found, value, now+c.o.TTL, now+c.o.TTL+c.o.Stale)
	case errors.Is(err, provider.ErrNotFound):
		c.failures = 0
		e.set(missing, value, now+c.o.NegativeTTL, 0)
	default:
		if !answered && c.unanswered == "" {
			c.unanswered = key
		}
		if !answered && !errors.Is(err, errStatement) {
			c.failures++
			c.retry = now + c.o.Retry
		}
		e.until = now + c.o.Retry
		if now < e.stale {
			break // the value from before
		}
		e.set(failed, value, e.until, 0)
		return value, errors.Join(provider.ErrUnavailable, err)
	}
	return e.answer()
}

// What an error says about a backend, next to [provider.ErrNotFound].
var (
	errRow       = errors.New("a row that cannot be used")        // the backend works
	errStatement = errors.New("the server refuses the statement") // it is there, so it may be asked
	errValue     = fmt.Errorf("%w: a value that the server cannot hold", provider.ErrNotFound)
)

// isAnswer reports whether an error is the backend's answer, not its failure.
func isAnswer(err error) bool { return errors.Is(err, provider.ErrNotFound) || errors.Is(err, errRow) }

// probe asks about a key that the backend can always answer, notes the outcome,
// and then repeats the question that failed.
func (c *cache[V]) probe(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	_, err := c.fetch(ctx, key)
	if isAnswer(err) && !errors.Is(err, errValue) { // a plain name is not at fault
		err = nil
	}
	if c.note(err); err == nil {
		err = c.again(ctx)
	}
	return err
}

// note notes the outcome of a check.
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

// again repeats the question that failed; nil if there is none, or it has an answer now.
func (c *cache[V]) again(ctx context.Context) error {
	c.mu.Lock()
	key := c.unanswered
	c.mu.Unlock()
	if key == "" {
		return nil
	}
	c.outdated(key, true)
	if _, err := c.ask(ctx, key); err != nil && !isAnswer(err) {
		return err
	}
	return nil
}

// Cached reports whether key can be answered without asking the backend.
func (c *cache[V]) Cached(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fresh(key) != nil
}

// failuresOfADownBackend in a row make a backend count as down.
const failuresOfADownBackend = 3

// Down reports whether the last check failed, or a question failed that has had no answer since.
func (c *cache[V]) Down() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken || c.unanswered != ""
}
