package query

import (
	"cmp"
	"context"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Question is a name, lower case with its trailing dot, and a type.
type Question struct {
	Name string
	Type uint16
}

// Compare sorts questions by name, then by type.
func (q Question) Compare(other Question) int {
	return cmp.Or(cmp.Compare(q.Name, other.Name), cmp.Compare(q.Type, other.Type))
}

// atOnce is how many of the questions of one call of All are under way.
const atOnce = 4

// All asks questions, a few at a time, and returns the answers in their order.
func All(questions []Question, ask func(Question) Answer) []Answer {
	return each(questions, atOnce, ask)
}

// Together applies f to the values of a list at the same time, and returns the results in the order of the list.
func Together[T, R any](list []T, f func(T) R) []R { return each(list, len(list), f) }

func each[T, R any](list []T, workers int, f func(T) R) []R {
	out := make([]R, len(list))
	var all errgroup.Group
	all.SetLimit(workers)
	for i, v := range list {
		all.Go(func() error {
			out[i] = f(v)
			return nil
		})
	}
	_ = all.Wait() // there are no errors
	return out
}

// orderWindow is how many results per worker may wait for an earlier one.
const orderWindow = 8

// InOrder applies f to the values of in, workers at a time, and yields the results in the order of the values. However
// many values there are, a fixed number is in memory. It ends early when ctx does.
func InOrder[T, R any](ctx context.Context, in iter.Seq[T], workers int, f func(context.Context, T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		ctx, cancel := context.WithCancel(ctx)
		queue := make(chan chan R, workers*orderWindow)
		places := make(chan struct{}, workers)
		go func() {
			defer close(queue)
			for v := range in {
				result := make(chan R, 1)
				select {
				case queue <- result:
				case <-ctx.Done():
					return
				}
				places <- struct{}{} // the workers end when ctx does
				go func() {
					result <- f(ctx, v)
					<-places
				}()
			}
		}()
		defer func() {
			cancel()
			for result := range queue { // wait for what is under way
				<-result
			}
		}()
		for result := range queue {
			if !yield(<-result) {
				return
			}
		}
	}
}

// Until are the values before the first error, which is kept in failed.
func Until[T any](in iter.Seq2[T, error], failed *error) iter.Seq[T] {
	return func(yield func(T) bool) {
		for v, err := range in {
			if *failed = err; err != nil || !yield(v) {
				return
			}
		}
	}
}

// mostKnown bounds the memory of a [Memory].
const mostKnown = 4096

// Memory finds out once what many ask for. It forgets what failed, and all when it is full. The zero value is ready.
type Memory[V any] struct {
	mu    sync.Mutex
	known map[string]func() (V, error)
}

// Get is what find returned for the key.
func (m *Memory[V]) Get(key string, find func() (V, error)) (V, error) {
	m.mu.Lock()
	once, ok := m.known[key]
	if !ok {
		if m.known == nil || len(m.known) >= mostKnown {
			m.known = map[string]func() (V, error){}
		}
		once = sync.OnceValues(find)
		m.known[key] = once
	}
	m.mu.Unlock()
	v, err := once()
	if err != nil {
		m.mu.Lock()
		delete(m.known, key)
		m.mu.Unlock()
	}
	return v, err
}
