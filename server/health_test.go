package server

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// What monitoring reads is JSON, and the gauge falls back when what was wrong is right again.
func TestHealthOfMonitoring(t *testing.T) {
	s := newTestServer(t, nil)
	degraded := func() string {
		for line := range strings.Lines(bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))) {
			if rest, ok := strings.CutPrefix(line, "autoconfig_degraded "); ok {
				return strings.TrimSpace(rest)
			}
		}
		return ""
	}
	ready := func() string {
		r := ask(t, s.Admin(), "GET /readyz", "")
		if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
			t.Errorf("/readyz is %q", kind)
		}
		return bodyOf(t, r)
	}
	for _, step := range []struct {
		what  func()
		ready string
		gauge string
	}{
		{func() {}, `"ok"`, "0"},
		{func() { s.ReloadFailed("a bad file") }, "a bad file", "1"},
		{func() { s.Use(world(t)) }, `"ok"`, "0"},
		{func() { s.RecordsUnchecked("no resolver for the watch") }, "no resolver for the watch", "1"},
		{func() { s.RecordsChecked(Records{Domains: 3, Broken: 1}) }, `"broken":1`, "0"},
	} {
		step.what()
		if got, gauge := ready(), degraded(); !strings.Contains(got, step.ready) || gauge != step.gauge {
			t.Errorf("%s, gauge %q, want %s and %s", got, gauge, step.ready, step.gauge)
		}
	}
}

// The first settings are no reload; those after them are, and so is an attempt that failed.
func TestReloads(t *testing.T) {
	s := newTestServer(t, nil)
	counted := func() (out []string) {
		for line := range strings.Lines(bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))) {
			if rest, ok := strings.CutPrefix(line, "autoconfig_reloads_total"); ok {
				out = append(out, strings.TrimSpace(rest))
			}
		}
		return out
	}
	for _, step := range []struct {
		what func()
		want string
	}{
		{func() {}, ""},
		{func() { s.Use(world(t)) }, `{result="ok"} 1`},
		{func() { s.ReloadFailed("a bad file") }, `{result="failed"} 1,{result="ok"} 1`},
	} {
		step.what()
		if got := strings.Join(counted(), ","); got != step.want {
			t.Errorf("%s, want %s", got, step.want)
		}
	}
}

// How often the records are looked at is a metric, for alerts about a watch that has stopped.
func TestWatching(t *testing.T) {
	s := newTestServer(t, nil)
	s.Watching(90 * time.Minute)
	if got := bodyOf(t, ask(t, s.Admin(), "GET /metrics", "")); !strings.Contains(got,
		"\nautoconfig_records_watch_seconds 5400\n") {
		t.Error("the metrics do not say how often")
	}
}

// A page of another site may ask first what it may ask, and is allowed to.
func TestPreflight(t *testing.T) {
	r := ask(t, newTestServer(t, nil), "OPTIONS http://x.example/api/v1/settings", "")
	if r.StatusCode != http.StatusNoContent || r.Header.Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(r.Header.Get("Access-Control-Allow-Methods"), "GET") {
		t.Errorf("status %d, %v", r.StatusCode, r.Header)
	}
}

// The limiter's memory is bounded: first it forgets those who have all of their allowance again, then everybody.
func TestLimiterForgets(t *testing.T) {
	now := time.Now()
	address := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	l := newLimiter(60, 2)
	for i := range maxClients {
		if !l.allow(address(i), 2, now) {
			t.Fatal("refused")
		}
	}
	busy := now.Add(time.Minute)
	if !l.allow(address(0), 2, busy) || l.allow(address(0), 1, busy) {
		t.Error("the first one's allowance")
	}
	if !l.allow(address(maxClients), 1, busy) || len(l.clients) > 3 || l.allow(address(0), 1, busy) {
		t.Errorf("%d clients are remembered, of which one or two have asked of late", len(l.clients))
	}
	for i := range maxClients + 10 {
		l.allow(address(i), 2, busy)
		if len(l.clients) > maxClients {
			t.Fatalf("%d clients are remembered", len(l.clients))
		}
	}
}
