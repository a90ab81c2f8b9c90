package source

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"autoconfig/provider"
)

// backend is a slow source whose answers the test sets.
type backend struct {
	mu     sync.Mutex
	answer map[string]string
	down   bool
	asked  map[string]int
	delay  time.Duration
}

func newBackend() *backend { return &backend{answer: map[string]string{}, asked: map[string]int{}} }

func (b *backend) set(key, value string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer[key] = value
}

func (b *backend) fail(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

func (b *backend) times(key string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked[key]
}

func (b *backend) fetch(ctx context.Context, key string) (string, error) {
	b.mu.Lock()
	b.asked[key]++
	v, down, delay := b.answer[key], b.down, b.delay
	b.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	switch {
	case down:
		return "", errors.New("connection refused")
	case v == "":
		return "", fmt.Errorf("no row: %w", provider.ErrNotFound)
	}
	return v, nil
}

func options() CacheOptions {
	return CacheOptions{TTL: time.Minute, NegativeTTL: 10 * time.Second, Stale: time.Hour, Retry: 5 * time.Second,
		Entries: 4, InFlight: 2, Timeout: time.Second}
}

func TestCacheLifetimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		c := newCache(options(), b.fetch)
		expect := func(key, want string, wantErr error, asked int) {
			t.Helper()
			got, err := c.get(t.Context(), key)
			if got != want || !errors.Is(err, wantErr) || b.times(key) != asked {
				t.Errorf("%s: %q, %v, asked %d times; want %q, %v, %d", key, got, err, b.times(key), want, wantErr, asked)
			}
		}
		b.set("a", "one")
		expect("a", "one", nil, 1)
		b.set("a", "two")
		time.Sleep(59 * time.Second)
		expect("a", "one", nil, 1) // fresh
		time.Sleep(time.Second)
		expect("a", "two", nil, 2)

		expect("none", "", provider.ErrNotFound, 1)
		b.set("none", "now there")
		time.Sleep(9 * time.Second)
		expect("none", "", provider.ErrNotFound, 1)
		time.Sleep(time.Second)
		expect("none", "now there", nil, 2)
	})
}

func TestCacheWhileDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		c := newCache(options(), b.fetch)
		get := func(key string) (string, error) { return c.get(t.Context(), key) }
		b.set("a", "one")
		_, _ = get("a")
		_, _ = get("gone")
		b.fail(true)
		time.Sleep(time.Minute)
		if v, err := get("a"); v != "one" || err != nil {
			t.Errorf("a stale value: %q, %v", v, err)
		}
		if _, err := get("a"); err != nil || b.times("a") != 2 {
			t.Errorf("asked %d times, %v: not left in peace after a failure", b.times("a"), err)
		}
		if _, err := get("gone"); !errors.Is(err, provider.ErrUnavailable) || errors.Is(err, provider.ErrNotFound) {
			t.Errorf("an outdated \"not found\" while the backend is down: %v", err)
		}
		if _, err := get("new"); !errors.Is(err, provider.ErrUnavailable) {
			t.Errorf("a name never asked: %v", err)
		}
		if !c.Down() {
			t.Error("not down after three failures")
		}
		time.Sleep(time.Hour)
		if _, err := get("a"); !errors.Is(err, provider.ErrUnavailable) {
			t.Errorf("older than stale allows: %v", err)
		}
		b.fail(false)
		time.Sleep(5 * time.Second)
		if v, err := get("a"); v != "one" || err != nil || c.Down() {
			t.Errorf("back again: %q, %v, down %v", v, err, c.Down())
		}
	})
}

// Many askers for one key are one question; more keys than places wait.
func TestCacheSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		b.delay = 100 * time.Millisecond
		b.set("a", "one")
		c := newCache(options(), b.fetch)
		var wg sync.WaitGroup
		wg.Go(func() {
			if v, err := c.get(t.Context(), "a"); v != "one" || err != nil {
				t.Errorf("the first: %q, %v", v, err)
			}
		})
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				if v, err := c.get(t.Context(), "a"); v != "one" || err != nil {
					t.Errorf("%q, %v", v, err)
				}
			})
		}
		wg.Wait()
		if n := b.times("a"); n != 1 {
			t.Errorf("asked %d times, want once", n)
		}
	})
}

// A client that leaves does not end a question, whose answer is kept for the next; one that has left begins none, and
// leaves what is known as it was.
func TestCacheClientsThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		b.delay = 100 * time.Millisecond
		b.set("a", "one")
		c := newCache(options(), b.fetch)
		leaving, leave := context.WithCancel(t.Context())
		go func() { _, _ = c.get(leaving, "a") }()
		synctest.Wait()
		leave()
		time.Sleep(b.delay)
		synctest.Wait()
		for _, ctx := range []context.Context{t.Context(), leaving} { // out of memory, for whoever asks
			if v, err := c.get(ctx, "a"); v != "one" || err != nil || b.times("a") != 1 {
				t.Errorf("%q, %v after %d questions", v, err, b.times("a"))
			}
		}
		if _, err := c.get(leaving, "b"); !errors.Is(err, provider.ErrUnavailable) || b.times("b") != 0 || c.Down() {
			t.Errorf("%v after %d questions, down: %v", err, b.times("b"), c.Down())
		}
		time.Sleep(time.Minute)
		if v, err := c.get(leaving, "a"); v != "one" || err != nil || b.times("a") != 1 {
			t.Errorf("later: %q, %v after %d questions", v, err, b.times("a"))
		}
	})
}

func TestCacheConcurrencyAndTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		c := newCache(options(), func(ctx context.Context, _ string) (string, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			<-ctx.Done()
			return "", ctx.Err()
		})
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if _, err := c.get(t.Context(), fmt.Sprint(i)); !errors.Is(err, provider.ErrUnavailable) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if most.Load() != 2 || time.Since(start) != time.Second {
			t.Errorf("%d at once, all done after %v; want 2 and 1s", most.Load(), time.Since(start))
		}
	})
}

// The cache never holds more than its bound, and keeps what is asked again.
func TestCacheBound(t *testing.T) {
	b := newBackend()
	b.set("often", "x")
	c := newCache(options(), b.fetch)
	for i := range 1000 {
		_, _ = c.get(t.Context(), "often")
		_, _ = c.get(t.Context(), fmt.Sprintf("once%d", i))
		if len(c.entries) > 4 {
			t.Fatalf("%d entries", len(c.entries))
		}
	}
	if n := b.times("often"); n != 1 {
		t.Errorf("the name asked again and again went to the backend %d times", n)
	}
}

// A backend that is down is left in peace: one question per Retry, stale
// values meanwhile, and names nobody has asked before take no places.
func TestCacheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		b.set("a", "one")
		o := options()
		o.Rest = true
		c := newCache(o, b.fetch)
		_, _ = c.get(t.Context(), "a")
		b.fail(true)
		time.Sleep(time.Minute)
		for i := range 100 {
			if _, err := c.get(t.Context(), fmt.Sprint("new", i)); !errors.Is(err, provider.ErrUnavailable) ||
				errors.Is(err, provider.ErrNotFound) {
				t.Fatal(err)
			}
			if v, err := c.get(t.Context(), "a"); v != "one" || err != nil {
				t.Fatalf("a stale value: %q %v", v, err)
			}
		}
		if n := len(b.asked); n != 3 || len(c.entries) != 3 {
			t.Errorf("%d names went to the backend, %d remembered, want 3: two new ones and a", n, len(c.entries))
		}
		b.fail(false)
		time.Sleep(o.Retry)
		_, err := c.get(t.Context(), "gone")
		if again := c.again(t.Context()); !errors.Is(err, provider.ErrNotFound) || again != nil || c.Down() {
			t.Errorf("back again: %v, down %v", err, c.Down())
		}
	})
}

// Failures give a rest when they come in a row: an answer between them, or that there is none, begins anew.
func TestCacheFailuresInARow(t *testing.T) {
	for _, between := range []string{"found", ""} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			o := options()
			o.Rest, o.Entries = true, 100
			c := newCache(o, b.fetch)
			b.set("between", between)
			b.set("after", "there")
			ask := func(down bool, keys ...string) (err error) {
				b.fail(down)
				for _, key := range keys {
					_, err = c.get(t.Context(), key)
				}
				return err
			}
			_ = ask(true, "a", "b")
			_ = ask(false, "between")
			_ = ask(true, "c", "d")
			if err := ask(false, "after"); err != nil {
				t.Errorf("given a rest after two failures in a row: %v", err)
			}
			_ = ask(true, "e", "f", "g")
			b.set("later", "there")
			if err := ask(false, "later"); !errors.Is(err, errResting) {
				t.Errorf("given no rest after three: %v", err)
			}
		})
	}
}

// What a check says counts at once; a fault of one row never does.
func TestCacheNote(t *testing.T) {
	row := errors.Join(errRow, errors.New("no such provider"))
	c := newCache(options(), func(context.Context, string) (string, error) { return "", row })
	for i := range 10 {
		_, _ = c.get(t.Context(), fmt.Sprint(i))
	}
	if c.Down() {
		t.Error("down for faults of rows")
	}
	c.note(errors.New("connection refused"))
	if !c.Down() {
		t.Error("not down after a failed check")
	}
	c.note(nil)
	if c.Down() {
		t.Error("down after a good check")
	}
}

// Questions beyond the bound are refused at once and say nothing about the
// backend; without a bound all of them wait.
func TestCacheWaiting(t *testing.T) {
	for waiting, want := range map[int][2]int32{2: {16, 4}, 0: {0, 20}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			b.delay = 500 * time.Millisecond
			o := options()
			o.Waiting, o.Timeout = waiting, time.Minute
			c := newCache(o, b.fetch)
			var busy, missing atomic.Int32
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					switch _, err := c.get(t.Context(), fmt.Sprint(i)); {
					case errors.Is(err, errBusy) && errors.Is(err, provider.ErrUnavailable):
						busy.Add(1)
					case errors.Is(err, provider.ErrNotFound):
						missing.Add(1)
					}
				})
			}
			wg.Wait()
			if got := [2]int32{busy.Load(), missing.Load()}; got != want || c.Down() {
				t.Errorf("%d may wait: %v refused and answered, down %v; want %v", waiting, got, c.Down(), want)
			}
		})
	}
}

// A purge forgets what was there and what was not, at once; a question that was under way when it came has an answer from
// before, which counts for those who asked and for nobody later.
func TestCacheForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		c := newCache(options(), b.fetch)
		expect := func(what, key, want string) {
			t.Helper()
			if v, err := c.get(t.Context(), key); v != want || (err != nil) != (want == "") {
				t.Errorf("%s: %q %v, want %q", what, v, err, want)
			}
		}
		b.set("old.example", "a")
		b.set("jo@new.example", "jo")
		expect("found", "old.example", "a")
		expect("missing", "new.example", "")
		expect("a login", "jo@new.example", "jo")
		b.set("old.example", "")
		b.set("new.example", "b")
		b.set("jo@new.example", "other")
		expect("remembered", "old.example", "a")
		c.forgetIn("new.example")
		expect("another domain", "old.example", "a")
		expect("new", "new.example", "b")
		expect("its login", "jo@new.example", "other")
		c.forget("old.example")
		expect("gone", "old.example", "")

		b.delay = 500 * time.Millisecond
		b.set("slow.example", "before")
		var before, after string
		go func() { before, _ = c.get(t.Context(), "slow.example") }()
		synctest.Wait()
		b.set("slow.example", "after")
		c.forget("slow.example")
		go func() { after, _ = c.get(t.Context(), "slow.example") }()
		time.Sleep(time.Second)
		synctest.Wait()
		if before != "before" || after != "after" {
			t.Errorf("%q before the purge, %q after it", before, after)
		}
		expect("later", "slow.example", "after")

		expect("a login", "jo@new.example", "other")
		c.forgetIn("")
		b.set("slow.example", "again")
		b.set("jo@new.example", "third")
		expect("all", "slow.example", "again")
		expect("all logins", "jo@new.example", "third")
		c.forget("")
		b.fail(true)
		expect("while the backend is down", "slow.example", "again")
		c.forget("slow.example")
		expect("named, while the backend is down", "slow.example", "")
	})
}
