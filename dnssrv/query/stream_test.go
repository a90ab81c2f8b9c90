package query_test

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"

	"autoconfig/dnssrv/query"
)

func count(n int, made *atomic.Int64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if made.Add(1); !yield(i) {
				return
			}
		}
	}
}

// The results come in order although later values are ready first, and never
// more than the workers run at once.
func TestInOrder(t *testing.T) {
	t.Parallel()
	var made, running, most atomic.Int64
	first := make(chan struct{})
	next := 0
	for got := range query.InOrder(t.Context(), count(1000, &made), 4, func(_ context.Context, i int) int {
		n := running.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		switch i {
		case 0:
			<-first // until the third is done
		case 3:
			close(first)
		}
		running.Add(-1)
		return i * 2
	}) {
		if got != next*2 {
			t.Fatalf("result %d is %d", next, got)
		}
		next++
	}
	if next != 1000 || most.Load() > 4 {
		t.Errorf("%d results, %d at once", next, most.Load())
	}
}

// A stream that is left early, or cancelled, reads a bounded number ahead.
func TestInOrderEndsEarly(t *testing.T) {
	t.Parallel()
	var made atomic.Int64
	for range query.InOrder(t.Context(), count(1_000_000, &made), 4, func(_ context.Context, i int) int { return i }) {
		break
	}
	if n := made.Load(); n > 1000 {
		t.Errorf("%d values were taken for one result", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	made.Store(0)
	for range query.InOrder(ctx, count(1_000_000, &made), 4, func(ctx context.Context, i int) int { return i }) {
		cancel()
	}
	if n := made.Load(); n > 10_000 {
		t.Errorf("%d values were taken although the work was cancelled", n)
	}
}
