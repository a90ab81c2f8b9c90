//go:build e2e

package source

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"autoconfig/provider"
)

// testSlow asks a question that takes longer than it may.
func testSlow(t *testing.T, s server) {
	log := &logBook{}
	o := testOptions(log)
	o.Cache.Timeout = 100 * time.Millisecond
	rows := s.slow(o).With(testProviders())
	for range 3 {
		_, err := rows.Lookup(t.Context(), provider.Address{Domain: "shop.example"})
		if !errors.Is(err, provider.ErrUnavailable) || errors.Is(err, provider.ErrNotFound) {
			t.Errorf("%v", err)
		}
	}
	if !strings.Contains(log.String(), "deadline exceeded") {
		t.Errorf("the log:\n%s", log)
	}
	until(t, "the server has stopped working on it", func() bool { return s.left() == 0 })
}

// testFull asks more than the pool has room for: some wait and are answered,
// the others are told that it cannot be told.
func testFull(t *testing.T, s server) {
	log := &logBook{}
	o := testOptions(log)
	o.Cache.InFlight, o.Cache.Waiting, o.Cache.Timeout = 2, 4, 20*time.Second
	rows := s.slow(o).With(testProviders())
	var missing, unavailable atomic.Int64
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			switch _, err := rows.Lookup(t.Context(), provider.Address{Domain: fmt.Sprintf("d%d.example", i)}); {
			case errors.Is(err, provider.ErrNotFound):
				missing.Add(1)
			case errors.Is(err, provider.ErrUnavailable):
				unavailable.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if missing.Load() < 6 || unavailable.Load() == 0 || missing.Load()+unavailable.Load() != 40 {
		t.Errorf("%d answered, %d refused", missing.Load(), unavailable.Load())
	}
	if rows.Down() {
		t.Error("a full pool is taken for a server that is down")
	}
}
