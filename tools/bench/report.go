package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"autoconfig/config"
	"autoconfig/tools/load"
)

// reportLoading times reading the configuration beside filling a map from the
// same file.
func reportLoading(path string, domains int) error {
	var ours, bare []time.Duration
	for range 5 {
		start := time.Now()
		m := map[string]bool{}
		f, err := os.Open(filepath.Join(filepath.Dir(path), "customers.txt"))
		if err != nil {
			return err
		}
		for s := bufio.NewScanner(f); s.Scan(); {
			m[s.Text()] = true
		}
		_ = f.Close()
		bare = append(bare, time.Since(start))
		if len(m) != domains {
			return fmt.Errorf("%d domains in the file", len(m))
		}
		start = time.Now()
		cfg, found := config.Load(path)
		data, more := cfg.Data()
		ours = append(ours, time.Since(start))
		if found = append(found, more...); len(found) > 0 {
			return fmt.Errorf("%v", found)
		}
		if data.Listed.Len() != domains {
			return fmt.Errorf("%d domains loaded", data.Listed.Len())
		}
	}
	o, b := median(ours), median(bare)
	fmt.Printf("| loading %d domains | time | ratio |\n|---|---:|---:|\n| a map filled from a bufio.Scanner | %v | 1.00 |\n| ours: read, checked, indexed | %v | %.2f |\n\n",
		domains, b.Round(time.Millisecond), o.Round(time.Millisecond), float64(o)/float64(b))
	return nil
}

// reportMemory shows resident memory, in MiB, after loading and at the peak of a reload.
func reportMemory(many server) (loaded float64, err error) {
	now, start, err := many.Memory()
	if err != nil {
		return 0, err
	}
	if err := many.ResetPeak(); err != nil {
		return 0, err
	}
	if err := many.Signal(syscall.SIGHUP); err != nil {
		return 0, err
	}
	time.Sleep(5 * time.Second) // long enough for a reload, which takes well under one
	after, peak, err := many.Memory()
	if err != nil {
		return 0, err
	}
	fmt.Printf("| resident memory with %d domains | MiB |\n|---|---:|\n| after loading | %.0f |\n| at the peak of starting | %.0f |\n| at the peak of a reload | %.0f |\n| after the reload | %.0f |\n\n",
		many.domains, now, start, peak, after)
	return now, nil
}

// results are the samples of the rounds, by format and process.
type results map[string]map[string][]load.Sample

// ratios are the processor times of one process beside another's, round by round.
func (r results) ratios(format, of, limit string) (out []float64) {
	for i, s := range r[format][of] {
		out = append(out, float64(s.CPU)/float64(r[format][limit][i].CPU))
	}
	return out
}

// reportRequests takes the rounds, every process and format once in each.
func reportRequests(processes []server, rounds int, span time.Duration) (results, error) {
	got := results{}
	for _, f := range formats {
		got[f.name] = map[string][]load.Sample{}
	}
	for range rounds {
		for _, f := range formats {
			for _, p := range processes {
				s, err := load.Measure(span, load.Connections, f.anyOf(p.domains), p.Server)
				if err != nil {
					return nil, err
				}
				got[f.name][p.Name] = append(got[f.name][p.Name], s)
			}
		}
	}
	fmt.Printf("| %d rounds of %v, %d connections | | requests/s | p99 | CPU per request (spread) | CPU of bare |\n|---|---|---:|---:|---:|---:|\n", rounds, span, load.Connections)
	for _, f := range formats {
		for _, p := range processes {
			list := got[f.name][p.Name]
			cpu := column(list, func(s load.Sample) time.Duration { return s.CPU })
			fmt.Printf("| %s | %s | %.0f | %v | %.1f µs (%.1f–%.1f) | %.2f |\n", f.name, p.Name,
				median(column(list, func(s load.Sample) float64 { return s.PerSecond })),
				median(column(list, func(s load.Sample) time.Duration { return s.P99 })).Round(10*time.Microsecond),
				micro(median(cpu)), micro(slices.Min(cpu)), micro(slices.Max(cpu)), median(got.ratios(f.name, p.Name, processes[0].Name)))
		}
	}
	return got, nil
}

// reportReplicas takes the same clients to one process and, in turn, to two, of the bare handler and of this server: what
// both have in common is the kernel's and Go's. Few clients leave each of two processes idle more often, and to wake up
// costs: a turn is a thread that got a processor.
func reportReplicas(binary, dir, config string, rounds int, span time.Duration) error {
	ours, err := pair(func() (server, error) { return startServer(binary, config, 1, false) })
	if err != nil {
		return err
	}
	bare, err := pair(func() (server, error) { return startBare(ours[0], dir) })
	pairs := [][]server{bare, ours}
	defer func() {
		for _, s := range slices.Concat(pairs...) {
			s.Stop()
		}
	}()
	if err != nil {
		return err
	}
	fmt.Printf("\n| %d rounds of %v, %s | connections in all | one process, CPU per request | two processes | ratio (spread) | turns per request, one | two |\n|---|---:|---:|---:|---:|---:|---:|\n",
		rounds, span, formats[0].name)
	for _, clients := range []int{load.Connections, 64, 128} {
		samples := make([][2][]load.Sample, len(pairs)) // of one process and of two
		for range rounds {
			for i, p := range pairs {
				for n, processes := range [][]*load.Server{{p[0].Server}, {p[0].Server, p[1].Server}} {
					s, err := load.Measure(span, clients, formats[0].anyOf(1), processes...)
					if err != nil {
						return err
					}
					samples[i][n] = append(samples[i][n], s)
				}
			}
		}
		for i, p := range pairs {
			printReplicas(p[0].Name, clients, samples[i][0], samples[i][1])
		}
	}
	return nil
}

// pair starts two processes.
func pair(start func() (server, error)) (out []server, err error) {
	for len(out) < 2 && err == nil {
		var s server
		if s, err = start(); err == nil {
			out = append(out, s)
		}
	}
	return out, err
}

func printReplicas(name string, clients int, one, two []load.Sample) {
	var ratios []float64
	for i := range two {
		ratios = append(ratios, float64(two[i].CPU)/float64(one[i].CPU))
	}
	cpu := func(s load.Sample) time.Duration { return s.CPU }
	turns := func(s load.Sample) float64 { return s.Turns }
	fmt.Printf("| %s | %d | %.1f µs | %.1f µs | %.2f (%.2f–%.2f) | %.2f | %.2f |\n", name, clients, micro(median(column(one, cpu))), micro(median(column(two, cpu))),
		median(ratios), slices.Min(ratios), slices.Max(ratios), median(column(one, turns)), median(column(two, turns)))
}

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func column[T any](list []load.Sample, f func(load.Sample) T) []T {
	out := make([]T, len(list))
	for i, s := range list {
		out[i] = f(s)
	}
	return out
}

func median[T int | float64 | time.Duration](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
