package acme

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// A name that cannot be verified takes fewer and fewer orders, however seldom or often a client comes, until its domain
// is purged.
func TestBackoffReach(t *testing.T) {
	const name = "autoconfig.example.org"
	_, a := testManager(t, "https://127.0.0.1:1/directory", Folder(t.TempDir()))
	b, start := a.backoff, time.Unix(1e9, 0)
	now := start
	b.now = func() time.Time { return now }
	order := func() bool {
		o := &order{name: name}
		if _, early := b.reserve(o); early {
			return false
		}
		b.failed(o, errors.New("no"))
		return true
	}
	orders := func(every, until time.Duration) (at []time.Duration) {
		now = start
		for ; now.Sub(start) < until; now = now.Add(every) {
			if order() {
				at = append(at, now.Sub(start))
			}
		}
		return at
	}
	const minute, day = time.Minute, 24 * time.Hour
	want := []time.Duration{0, 2 * minute, 6 * minute, 14 * minute, 30 * minute}
	if got := orders(minute, time.Hour); !slices.Equal(got, want) {
		t.Errorf("a client every minute: orders after %v", got)
	}
	b.forget(name)
	if got := orders(4*time.Hour, 7*day); len(got) != 9 {
		t.Errorf("a client every four hours for a week: orders after %v", got)
	}
	if order() {
		t.Error("an order on the day of the last one")
	}
	a.Recheck(name)
	if !order() {
		t.Error("no order after a purge")
	}
}
