package query

import (
	"context"
	"iter"
)

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
