package main

import (
	"fmt"
	"io"
	"time"
)

// outcome is what became of a mutant.
type outcome string

const (
	killed    outcome = "killed"
	hung      outcome = "hung"         // killed by the time its tests may take
	lived     outcome = "lived"        // no test noticed
	uncovered outcome = "not covered"  // no test gets there
	stillborn outcome = "not valid Go" // and so not counted
)

// report is the outcome of a package.
type report struct {
	pkg   string
	all   int // mutants in the package
	began time.Time
	count map[outcome]int
	left  []string
}

func (r *report) add(m mutant, o outcome) {
	if r.count == nil {
		r.count = map[outcome]int{}
	}
	r.count[o]++
	if o == lived || o == uncovered {
		r.left = append(r.left, fmt.Sprintf("%s: %s", o, m))
	}
}

// tried is how many mutants count.
func (r *report) tried() int {
	return r.count[killed] + r.count[hung] + r.count[lived] + r.count[uncovered]
}

func (r *report) print(w io.Writer) {
	dead := r.count[killed] + r.count[hung]
	fmt.Fprintf(w, "== %s: %d of %d mutants tried in %v: %d killed (%d of them hung), %d lived, %d not covered: %.0f %%\n",
		r.pkg, r.tried(), r.all, time.Since(r.began).Round(time.Second), dead, r.count[hung], r.count[lived],
		r.count[uncovered], 100*float64(dead)/float64(max(1, r.tried())))
	for _, line := range r.left {
		fmt.Fprintln(w, line)
	}
}
