// Command mutate changes the code of packages one operator or statement at a
// time, runs the package's own tests each time, and prints the changes that no
// test noticed. It takes a seeded sample of the changes, so that two runs over
// the same code try the same ones:
//
//	mutate -n 150 -seed 1 ./config ./source
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

func main() {
	n := flag.Int("n", 150, "changes to try in each package; 0: all")
	seed := flag.Uint64("seed", 1, "which sample")
	files := flag.String("files", "", "only files whose name contains this")
	flag.Parse()
	failed := false
	for _, pattern := range flag.Args() {
		r, err := try(pattern, *files, *n, *seed)
		if err != nil {
			fmt.Fprintf(os.Stderr, "mutate: %s: %v\n", pattern, err)
			failed = true
			continue
		}
		r.print(os.Stdout)
	}
	if failed {
		os.Exit(1)
	}
}

// try samples the mutants of a package and runs its tests with each.
func try(pattern, only string, n int, seed uint64) (*report, error) {
	p, err := load(pattern)
	if err != nil {
		return nil, err
	}
	defer p.close()
	all, err := p.mutants(only)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // a sample, no secret
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	r := &report{pkg: p.ImportPath, all: len(all), began: time.Now()}
	for _, m := range all {
		if n > 0 && r.tried() >= n {
			break
		}
		outcome := uncovered
		if p.covered(m) {
			if outcome, err = p.test(m); err != nil {
				return nil, err
			}
		}
		r.add(m, outcome)
		if outcome == lived || outcome == uncovered {
			fmt.Fprintf(os.Stderr, "%s: %s\n", outcome, m)
		}
	}
	return r, nil
}
