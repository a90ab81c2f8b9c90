package metrics

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// value is a metric that is read when it is written.
type value float64

func (v value) write(w io.Writer, name, labels string) { line(w, name, labels, float64(v)) }

// process is what Prometheus's own clients say of a process, by the same names; what the system does not report is left
// out.
func process() []*family {
	var r Registry
	one := func(name, help, kind string, v float64) { r.family(name, help, kind, nil).series[""] = value(v) }
	version := r.family("go_info", "The Go that built the program.", "gauge", nil)
	version.series[`version="`+runtime.Version()+`"`] = value(1)
	one("go_goroutines", "Goroutines that exist.", "gauge", float64(runtime.NumGoroutine()))
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(samples)
	one("go_memstats_alloc_bytes", "Bytes of objects on the heap.", "gauge", float64(samples[0].Value.Uint64()))
	one("go_memstats_sys_bytes", "Bytes got from the system.", "gauge", float64(samples[1].Value.Uint64()))
	one("go_gc_cycles_total", "Garbage collections.", "counter", float64(samples[2].Value.Uint64()))
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		one("process_cpu_seconds_total", "Processor time, of the user and of the system, in seconds.", "counter",
			(time.Duration(used.Utime.Nano()) + time.Duration(used.Stime.Nano())).Seconds())
	}
	if pages := statm(); len(pages) > 1 {
		one("process_virtual_memory_bytes", "Virtual memory in bytes.", "gauge", pages[0]*float64(os.Getpagesize()))
		one("process_resident_memory_bytes", "Resident memory in bytes.", "gauge", pages[1]*float64(os.Getpagesize()))
	}
	if list, err := os.ReadDir("/proc/self/fd"); err == nil {
		one("process_open_fds", "Open descriptors.", "gauge", float64(len(list)-1)) // without the folder's own
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		one("process_max_fds", "Descriptors that may be open.", "gauge", float64(limit.Cur))
	}
	if at := started(); at > 0 {
		one("process_start_time_seconds", "Unix time at which the process started.", "gauge", at)
	}
	return r.families
}

// statm is total and resident size in pages (proc(5)).
func statm() []float64 {
	text, _ := os.ReadFile("/proc/self/statm") // empty where there is none
	var out []float64
	for f := range strings.FieldsSeq(string(text)) {
		n, _ := strconv.ParseFloat(f, 64)
		out = append(out, n)
	}
	return out
}

// started is the time of boot plus field 22 of stat, in ticks of 1/100 s (proc(5)); 0 where there is no /proc.
func started() float64 {
	stat, _ := os.ReadFile("/proc/self/stat")
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // from field 3 on
	system, _ := os.ReadFile("/proc/stat")
	_, boot, found := strings.Cut(string(system), "\nbtime ")
	if len(fields) < 20 || !found {
		return 0
	}
	ticks, _ := strconv.ParseFloat(fields[19], 64)
	boot, _, _ = strings.Cut(boot, "\n")
	seconds, _ := strconv.ParseFloat(boot, 64)
	return seconds + ticks/100
}
