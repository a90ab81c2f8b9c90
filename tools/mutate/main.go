// Command mutate changes the code of packages one operator or statement at a
// time, runs the tests that reach the changed line each time, and prints the
// changes that no test noticed. It takes a seeded sample of the changes, so that
// two runs over the same code try the same ones:
//
//	mutate -n 150 -seed 1 ./config ./source
//
// The tests are the package's own, or those of the packages that -tests names:
//
//	mutate -tests ./service,./cmd/autoconfig ./service
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.n, "n", 150, "changes to try in each package; 0: all")
	flag.Uint64Var(&o.seed, "seed", 1, "which sample")
	flag.StringVar(&o.files, "files", "", "only files whose name contains this")
	flag.StringVar(&o.tests, "tests", "", "packages whose tests are run, separated by commas; none: the package's own")
	flag.IntVar(&o.memory, "memory", 6<<10, "address space of the tests, in MiB")
	flag.DurationVar(&o.patience, "patience", time.Minute,
		"how long the tests may take, in addition to six times the usual")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed := false
	for _, pattern := range flag.Args() {
		r, err := try(ctx, pattern, o)
		if err != nil {
			fmt.Fprintf(os.Stderr, "mutate: %s: %v\n", pattern, err)
			failed = true
			continue
		}
		r.print(os.Stdout)
	}
	if failed {
		stop()
		os.Exit(1) //nolint:gocritic // what was deferred is done
	}
}

// options are what the command line says.
type options struct {
	n        int
	seed     uint64
	files    string
	tests    string
	memory   int
	patience time.Duration
}

// try samples the mutants of a package and runs its tests with each. When ctx ends, it reports on those so far.
func try(ctx context.Context, pattern string, o options) (*report, error) {
	p, err := load(pattern, o)
	if err != nil {
		return nil, err
	}
	defer p.close()
	all, err := p.mutants(o.files)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(o.seed, o.seed)) //nolint:gosec // a sample, no secret
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	r := &report{pkg: p.ImportPath, all: len(all), began: time.Now()}
	if o.n > 0 {
		all = all[:min(len(all), 2*o.n)] // not all of them are valid Go
	}
	p.together(all)
	for i, m := range all {
		if o.n > 0 && r.tried() >= o.n {
			break
		}
		outcome, err := p.test(ctx, i, m)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return nil, err
		}
		r.add(m, outcome)
		if outcome == lived || outcome == uncovered {
			fmt.Fprintf(os.Stderr, "%s: %s\n", outcome, m)
		}
	}
	return r, nil
}
