package acme

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The times of a lock.
const (
	lease   = 30 * time.Second       // of a lock after its holder has gone
	refresh = lease / 3              // how often a holder moves the end on
	poll    = 250 * time.Millisecond // how often a lock is tried
)

// locks are those that this process holds. The same name may be locked for an order and, once that has lost its lock,
// for another.
type locks struct {
	mu   sync.Mutex
	held []*lock
}

type lock struct {
	name, holder string
	by           *order // nil: not for an order
	stop         context.CancelFunc
}

// errLockLost ends the order that a lock was for: another replica may be placing it.
var errLockLost = errors.New("certificate storage: the lock was lost to another replica")

// Lock implements certmagic.Locker: it waits until the lock is free or ctx ends.
func (s *Postgres) Lock(ctx context.Context, name string) error {
	holder := rand.Text()
	for {
		got, err := s.take(ctx, name, holder)
		if got && err == nil {
			s.hold(ctx, name, holder)
		}
		if got || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
}

func (s *Postgres) take(ctx context.Context, name, holder string) (got bool, err error) {
	return s.exec(ctx, `INSERT INTO autoconfig_locks AS l (name, holder, ends)
		VALUES ($1, $2, clock_timestamp() + $3 * interval '1 second')
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, ends = excluded.ends
		WHERE l.ends < clock_timestamp()`, name, holder, lease.Seconds())
}

// extend moves the end of a lock on, and reports whether it is still held.
func (s *Postgres) extend(ctx context.Context, name, holder string) (held bool, err error) {
	return s.exec(ctx, `UPDATE autoconfig_locks SET ends = clock_timestamp() + $3 * interval '1 second'
		WHERE name = $1 AND holder = $2`, name, holder, lease.Seconds())
}

// hold keeps a lock until it is unlocked or lost; an order that loses it ends.
func (s *Postgres) hold(ctx context.Context, name, holder string) {
	l, lost := &lock{name: name, holder: holder, by: orderOf(ctx)}, context.CancelCauseFunc(func(error) {})
	if l.by != nil {
		lost = l.by.end
	}
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.locks.put(l)
	go func() {
		defer s.locks.remove(l)
		extend := func(ctx context.Context) (bool, error) { return s.extend(ctx, name, holder) }
		if !keep(ctx, extend, refresh, lease) {
			lost(errLockLost)
		}
	}()
}

// keep extends a lock every so often until ctx ends, or returns false once it is lost: somebody else has it, or it
// could not be extended for the whole lease.
func keep(ctx context.Context, extend func(context.Context) (bool, error), every, lease time.Duration) bool {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return true
		case <-tick.C:
		}
		began := time.Now()
		switch held, err := extend(ctx); {
		case ctx.Err() != nil:
			return true
		case err == nil && !held, err != nil && time.Since(last) >= lease:
			return false
		case err == nil:
			last = began
		}
	}
}

// find is the lock of a name that an order holds; without an order, as in the upkeep at the end, any of the name.
func (l *locks) find(name string, by *order) *lock {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, held := range l.held {
		if held.name == name && (by == nil || held.by == by) {
			return held
		}
	}
	return nil
}

// put notes a lock. One for the same was lost before: its keeper ends.
func (l *locks) put(now *lock) {
	if before := l.find(now.name, now.by); before != nil && before.by == now.by {
		l.remove(before)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = append(l.held, now)
}

// remove forgets a lock.
func (l *locks) remove(which *lock) {
	which.stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = slices.DeleteFunc(l.held, func(held *lock) bool { return held == which })
}

// Unlock implements certmagic.Locker.
func (s *Postgres) Unlock(ctx context.Context, name string) error {
	l := s.locks.find(name, orderOf(ctx))
	if l == nil {
		return fmt.Errorf("certificate storage: the lock %s is not held", name)
	}
	s.locks.remove(l)
	_, err := s.exec(ctx, `DELETE FROM autoconfig_locks WHERE name = $1 AND holder = $2`, name, l.holder)
	return err
}
