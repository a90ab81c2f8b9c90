package acme

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A lock is lost when its row is somebody else's, or when it could not be moved on
// for a whole lease; a shorter fault costs nothing.
func TestKeep(t *testing.T) {
	away := errors.New("the database is away")
	for _, test := range []struct {
		name   string
		extend func(n int) (bool, error)
		lost   time.Duration // 0: never
	}{
		{"held", func(int) (bool, error) { return true, nil }, 0},
		{"taken", func(n int) (bool, error) { return n < 4, nil }, 4 * refresh},
		{"away for a while", func(n int) (bool, error) {
			if n%3 == 0 {
				return true, nil
			}
			return false, away
		}, 0},
		{"away for good", func(n int) (bool, error) { return false, away }, lease},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*lease)
				defer cancel()
				began, n := time.Now(), 0
				held := keep(ctx, func(context.Context) (bool, error) { n++; return test.extend(n) }, refresh, lease)
				if held != (test.lost == 0) || !held && time.Since(began) != test.lost {
					t.Errorf("held %v after %s", held, time.Since(began))
				}
			})
		})
	}
}

// Of a lock that this process lost and has again, the keeper from before ends, and
// neither takes the other's away.
func TestLocksAgain(t *testing.T) {
	var l locks
	var stopped atomic.Int32
	first := &lock{name: "n", holder: "first", stop: func() { stopped.Add(1) }}
	second := &lock{name: "n", holder: "second", stop: func() {}}
	l.put(first)
	l.put(second)
	if stopped.Load() != 1 {
		t.Error("the keeper from before goes on")
	}
	l.remove(first)
	if l.find("n", nil) != second {
		t.Error("the lock from before took the new one with it")
	}
	mine := &lock{name: "n", holder: "mine", by: new(order), stop: func() {}}
	if l.find("n", mine.by) != nil {
		t.Error("an order found another's lock")
	}
	l.put(mine)
	if l.find("n", nil) != second || l.find("n", mine.by) != mine {
		t.Error("an order's lock took the other one's place")
	}
	l.remove(second)
	if l.find("n", nil) != mine {
		t.Error("the upkeep does not find the lock of an order")
	}
}
