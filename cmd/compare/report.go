package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// printAnswers prints a row for each request: both statuses, and what a client
// would read where that differs.
func printAnswers(theirs, ours *target, domain string) {
	fmt.Printf("| request | theirs | ours |\n|---|---|---|\n")
	for _, q := range append(formats(domain), others(domain)...) {
		a, b := q.say(theirs), q.say(ours)
		if a == b {
			b = "the same"
		}
		fmt.Printf("| %s | %s | %s |\n", q.name, a, b)
	}
	fmt.Println()
}

// say is what an answer is worth to a client.
func (q request) say(t *target) string {
	got, err := t.send(q)
	if err != nil {
		return "no answer: " + err.Error()
	}
	words := fmt.Sprintf("%d %s", got.status, got.kind)
	if q.read == nil || got.status != 200 {
		return words
	}
	read, err := q.read(got.body)
	if err != nil {
		return words + ", unreadable: " + err.Error()
	}
	return words + ": " + read
}

func (t *target) serves(q request) bool {
	got, err := t.send(q)
	return err == nil && got.status == 200
}

// sample is one measurement.
type sample struct {
	perSecond float64
	p50, p99  time.Duration
}

// printLoad loads both in turn with each format they both answer.
func printLoad(theirs, ours *target, domain string, span time.Duration, rounds int) error {
	fmt.Printf("| %d rounds of %v, %d connections | | requests/s | p50 | p99 | requests/s, ours to theirs |\n|---|---|---:|---:|---:|---:|\n", rounds, span, connections)
	for _, q := range formats(domain) {
		if !theirs.serves(q) || !ours.serves(q) {
			fmt.Printf("| %s | not answered by both | | | | |\n", q.name)
			continue
		}
		var a, b []sample
		for range rounds {
			for _, side := range []struct {
				t    *target
				into *[]sample
			}{{theirs, &a}, {ours, &b}} {
				s, err := side.t.load(q, span)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", side.t.base, q.name, err)
				}
				*side.into = append(*side.into, s)
			}
		}
		them, us := median(a), median(b)
		fmt.Printf("| %s | theirs | %.0f | %v | %v | |\n| | ours | %.0f | %v | %v | %.2f |\n", q.name,
			them.perSecond, them.p50, them.p99, us.perSecond, us.p50, us.p99, us.perSecond/them.perSecond)
	}
	return nil
}

// median is the sample of the median rate.
func median(list []sample) sample {
	slices.SortFunc(list, func(a, b sample) int { return int(a.perSecond - b.perSecond) })
	return list[len(list)/2]
}

// load asks for a span with all connections. Any answer but 200 is an error.
func (t *target) load(q request, span time.Duration) (sample, error) {
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		took   []time.Duration
		failed error
	)
	start := time.Now()
	for range connections {
		wg.Go(func() {
			mine, err := t.loadOne(q, start.Add(span))
			mu.Lock()
			defer mu.Unlock()
			took, failed = append(took, mine...), errors.Join(failed, err)
		})
	}
	wg.Wait()
	if failed != nil || len(took) == 0 {
		return sample{}, errors.Join(failed, errors.New("under load"))
	}
	slices.Sort(took)
	at := func(p int) time.Duration {
		return took[min(len(took)-1, len(took)*p/100)].Round(10 * time.Microsecond)
	}
	return sample{float64(len(took)) / time.Since(start).Seconds(), at(50), at(99)}, nil
}

func (t *target) loadOne(q request, until time.Time) ([]time.Duration, error) {
	var took []time.Duration
	for time.Now().Before(until) {
		begin := time.Now()
		got, err := t.send(q)
		if err != nil {
			return took, err
		}
		if got.status != 200 {
			return took, fmt.Errorf("status %d", got.status)
		}
		took = append(took, time.Since(begin))
	}
	return took, nil
}
