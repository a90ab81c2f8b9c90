package metrics

import (
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const wantText = `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{outcome="served",protocol="a\"b\\c\nd"} 2
requests_total{outcome="served",protocol="z"} 1
# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{protocol="x",le="0.001"} 1
seconds_bucket{protocol="x",le="0.5"} 3
seconds_bucket{protocol="x",le="+Inf"} 4
seconds_sum{protocol="x"} 7.5015
seconds_count{protocol="x"} 4
# HELP expiry Unix time.
# TYPE expiry gauge
expiry 1.796e+09
# HELP sizes Without labels.
# TYPE sizes histogram
sizes_bucket{le="1"} 1
sizes_bucket{le="+Inf"} 1
sizes_sum 1
sizes_count 1
`

// Every line is as Prometheus's exposition format has it; a bound counts what is
// equal to it; a family without series is not there.
func TestText(t *testing.T) {
	var r Registry
	requests := r.Counters("requests_total", "Requests.", "protocol", "outcome")
	requests.WithLabelValues("z", "served").Inc()
	for range 2 {
		requests.WithLabelValues("a\"b\\c\nd", "served").Inc()
	}
	h := r.Histograms("seconds", "Time.", []float64{.001, .5}, "protocol").WithLabelValues("x")
	for _, v := range []float64{.001, .0005 + .001, .5, 6.999} {
		h.Observe(v)
	}
	r.Gauge("expiry", "Unix time.").Set(1.796e9)
	r.Histograms("sizes", "Without labels.", []float64{1}).WithLabelValues().Observe(1)
	r.Counters("never_total", "No series.", "x")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, nil)
	if kind := w.Header().Get("Content-Type"); kind != "text/plain; version=0.0.4; charset=utf-8" {
		t.Error(kind)
	}
	got, own, _ := strings.Cut(w.Body.String(), "# HELP go_info ")
	if got != wantText {
		t.Errorf("got:\n%s", got)
	}
	valid := regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{version="go[^"]+"\})? [0-9.e+]+)$`)
	for l := range strings.Lines("# HELP go_info " + own) {
		if !valid.MatchString(strings.TrimSuffix(l, "\n")) {
			t.Errorf("%q", l)
		}
	}
}

// What is said of the process is true of this one.
func TestProcess(t *testing.T) {
	var r Registry
	w := httptest.NewRecorder()
	r.ServeHTTP(w, nil)
	read := func(name string) float64 {
		t.Helper()
		m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(w.Body.String())
		if m == nil {
			t.Fatalf("no %s", name)
		}
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if n := read("go_goroutines"); n < 2 || n > 1000 {
		t.Error("goroutines", n)
	}
	if n := read("go_memstats_alloc_bytes"); n < 1e4 || n > read("go_memstats_sys_bytes") {
		t.Error("heap", n)
	}
	self, err := os.Stat("/proc/self/stat")
	if err != nil {
		t.Skip("no /proc")
	}
	if n := read("process_resident_memory_bytes"); n < 1e6 || n > read("process_virtual_memory_bytes") {
		t.Error("resident", n)
	}
	if n := read("process_open_fds"); n < 3 || n > read("process_max_fds") {
		t.Error("descriptors", n)
	}
	if age := float64(self.ModTime().Unix()) - read("process_start_time_seconds"); age < -2 || age > 3600 {
		t.Errorf("started %v s ago", age)
	}
	if n := read("process_cpu_seconds_total"); n <= 0 {
		t.Error("processor time", n)
	}
}

// Counting from many places at once loses nothing.
func TestConcurrent(t *testing.T) {
	var r Registry
	c := r.Counters("c_total", "C.", "l")
	h := r.Histograms("h", "H.", []float64{1}, "l").WithLabelValues("a")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				c.WithLabelValues("a").Inc()
				h.Observe(0.5)
			}
		})
	}
	wg.Wait()
	w := httptest.NewRecorder()
	r.ServeHTTP(w, nil)
	for _, want := range []string{"c_total{l=\"a\"} 8000\n", "h_sum{l=\"a\"} 4000\n", "h_count{l=\"a\"} 8000\n"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q", want)
		}
	}
}
