// Package metrics keeps counters, gauges and histograms, and writes them in the text format of Prometheus (version
// 0.0.4), with what is usual about the process.
package metrics

import (
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Registry holds metrics in the order in which they were made.
type Registry struct{ families []*family }

// family is all series of a name.
type family struct {
	name, help, kind string
	labels           []string

	mu     sync.Mutex
	series map[string]metric // by the text of its labels
}

// metric writes its series: name is the family's, labels the text between the braces.
type metric interface {
	write(w io.Writer, name, labels string)
}

func (r *Registry) family(name, help, kind string, labels []string) *family {
	f := &family{name: name, help: help, kind: kind, labels: labels, series: map[string]metric{}}
	r.families = append(r.families, f)
	return f
}

// Vec is a family with labels. The values must come from a fixed set: each is kept for ever.
type Vec[T metric] struct {
	f    *family
	make func() T
}

// WithLabelValues is the series for the values, in the order of the labels.
func (v *Vec[T]) WithLabelValues(values ...string) T {
	if len(values) != len(v.f.labels) {
		panic(fmt.Sprintf("%s has the labels %v", v.f.name, v.f.labels)) // a mistake in the code that the first call shows
	}
	pairs := make([]string, len(values))
	for i, value := range values {
		pairs[i] = v.f.labels[i] + `="` + escaper.Replace(value) + `"`
	}
	slices.Sort(pairs) // by label, as Prometheus's own library writes them
	key := strings.Join(pairs, ",")
	v.f.mu.Lock()
	defer v.f.mu.Unlock()
	if v.f.series[key] == nil {
		v.f.series[key] = v.make()
	}
	return v.f.series[key].(T) //nolint:errcheck,forcetypeassert // make has made it
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// Counter counts up.
type Counter struct{ n atomic.Uint64 }

// Inc adds one.
func (c *Counter) Inc() { c.n.Add(1) }

func (c *Counter) write(w io.Writer, name, labels string) { line(w, name, labels, float64(c.n.Load())) }

// Gauge is a value that goes up and down.
type Gauge struct{ bits atomic.Uint64 }

// Set sets the value.
func (g *Gauge) Set(v float64) { g.bits.Store(math.Float64bits(v)) }

func (g *Gauge) write(w io.Writer, name, labels string) {
	line(w, name, labels, math.Float64frombits(g.bits.Load()))
}

// Histogram counts values by upper bounds.
type Histogram struct {
	bounds []float64
	counts []atomic.Uint64 // one more than bounds
	sum    atomic.Uint64   // the bits of a float64
}

// Observe counts a value.
func (h *Histogram) Observe(v float64) {
	i, _ := slices.BinarySearch(h.bounds, v)
	h.counts[i].Add(1)
	for {
		old := h.sum.Load()
		if h.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

func (h *Histogram) write(w io.Writer, name, labels string) {
	before := labels
	if labels != "" {
		before += ","
	}
	var total uint64
	for i := range h.counts {
		bound := "+Inf"
		if i < len(h.bounds) {
			bound = number(h.bounds[i])
		}
		total += h.counts[i].Load()
		line(w, name+"_bucket", before+`le="`+bound+`"`, float64(total))
	}
	line(w, name+"_sum", labels, math.Float64frombits(h.sum.Load()))
	line(w, name+"_count", labels, float64(total))
}

// Counters makes a family of counters.
func (r *Registry) Counters(name, help string, labels ...string) *Vec[*Counter] {
	return &Vec[*Counter]{r.family(name, help, "counter", labels), func() *Counter { return new(Counter) }}
}

// Counter makes a counter without labels.
func (r *Registry) Counter(name, help string) *Counter {
	return r.Counters(name, help).WithLabelValues()
}

// Gauges makes a family of gauges.
func (r *Registry) Gauges(name, help string, labels ...string) *Vec[*Gauge] {
	return &Vec[*Gauge]{r.family(name, help, "gauge", labels), func() *Gauge { return new(Gauge) }}
}

// Gauge makes a gauge without labels.
func (r *Registry) Gauge(name, help string) *Gauge { return r.Gauges(name, help).WithLabelValues() }

// Histograms makes a family of histograms with ascending upper bounds.
func (r *Registry) Histograms(name, help string, bounds []float64, labels ...string) *Vec[*Histogram] {
	return &Vec[*Histogram]{r.family(name, help, "histogram", labels), func() *Histogram {
		return &Histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
	}}
}

// ServeHTTP writes all metrics.
func (r *Registry) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	var b strings.Builder
	for _, f := range append(slices.Clone(r.families), process()...) {
		f.write(&b)
	}
	_, _ = io.WriteString(w, b.String())
}

func (f *family) write(w io.Writer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.series) == 0 {
		return
	}
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
	for _, key := range slices.Sorted(maps.Keys(f.series)) {
		f.series[key].write(w, f.name, key)
	}
}

func line(w io.Writer, name, labels string, v float64) {
	if labels != "" {
		labels = "{" + labels + "}"
	}
	fmt.Fprintf(w, "%s%s %s\n", name, labels, number(v))
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
