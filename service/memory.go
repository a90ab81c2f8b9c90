package service

import (
	"runtime/debug"
	"runtime/metrics"
)

// tuneGC sets how much the heap may grow by what is live in it. It is called again and again, since caches fill up
// after the start.
func (s *Service) tuneGC() {
	if s.opts.Env.Get("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if percent := gcPercent(live[0].Value.Uint64()); percent != s.gcPercent {
		debug.SetGCPercent(percent)
		s.gcPercent = percent
	}
}

// headroom is how much the heap may grow before it is collected, in octets: with few domains, the default would have it
// collected hundreds of times a second under load.
const headroom = 32 << 20

// gcPercent is what lets a small heap, of live octets, grow by the headroom (runtime/debug, SetGCPercent), and a large
// one as usual.
func gcPercent(live uint64) int {
	return int(max(100, 100*headroom/max(live, 1<<20)))
}
