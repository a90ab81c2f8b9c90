package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"autoconfig/tools/load"
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

// printLoad loads both in turn with each format they both answer.
func printLoad(theirs, ours *target, domain string, span time.Duration, rounds int) error {
	fmt.Printf("| %d rounds of %v, %d connections | | requests/s | p50 | p99 | requests/s, ours to theirs |\n|---|---|---:|---:|---:|---:|\n", rounds, span, load.Connections)
	for _, q := range formats(domain) {
		if !theirs.serves(q) || !ours.serves(q) {
			fmt.Printf("| %s | not answered by both | | | | |\n", q.name)
			continue
		}
		var a, b []load.Sample
		for range rounds {
			for _, side := range []struct {
				t    *target
				into *[]load.Sample
			}{{theirs, &a}, {ours, &b}} {
				s, err := load.Measure(span, load.Connections, q.bytes, side.t.Server)
				if err != nil {
					return fmt.Errorf("%s: %w", q.name, err)
				}
				*side.into = append(*side.into, s)
			}
		}
		them, us := median(a), median(b)
		fmt.Printf("| %s | theirs | %.0f | %v | %v | |\n| | ours | %.0f | %v | %v | %.2f |\n", q.name,
			them.PerSecond, short(them.P50), short(them.P99), us.PerSecond, short(us.P50), short(us.P99),
			us.PerSecond/them.PerSecond)
	}
	return nil
}

// median is the sample of the median rate.
func median(list []load.Sample) load.Sample {
	slices.SortFunc(list, func(a, b load.Sample) int { return cmp.Compare(a.PerSecond, b.PerSecond) })
	return list[len(list)/2]
}

func short(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
