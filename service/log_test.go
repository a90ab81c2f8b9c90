package service

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"autoconfig/server"
)

// writes keeps each write by itself.
type writes struct {
	mu  sync.Mutex
	all []string
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, string(p))
	return len(p), nil
}

func (w *writes) lines() (perWrite []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range w.all {
		perWrite = append(perWrite, strings.Count(text, "\n"))
	}
	return perWrite
}

func TestLogBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(writes)
		log, flush := NewLog(w, slog.LevelInfo)
		expect := func(what string, want ...int) {
			t.Helper()
			if got := w.lines(); len(got) != len(want) || len(got) > 0 && got[len(got)-1] != want[len(want)-1] {
				t.Errorf("%s: lines in each write %v, want %v", what, got, want)
			}
		}
		log.Debug("below the level")
		log.Info(server.AccessMessage, "n", 1)
		log.With("a", 1).WithGroup("g").Info(server.AccessMessage, "n", 2)
		time.Sleep(batchTime - time.Millisecond)
		expect("before 50 ms")
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		expect("after 50 ms", 2)
		log.Info(server.AccessMessage)
		log.Error("a fault")
		expect("a fault is written at once, and what came before it", 2, 2)
		if text := w.all[1]; strings.Index(text, server.AccessMessage) > strings.Index(text, "a fault") {
			t.Errorf("out of order: %s", text)
		}
		log.Info(server.AccessMessage)
		flush()
		expect("flush", 2, 2, 1)
		flush()
		expect("nothing left", 2, 2, 1)
		for range 1000 {
			log.Info(server.AccessMessage, "filling", strings.Repeat("x", 100))
		}
		total := func() (n int) {
			for _, lines := range w.lines() {
				n += lines
			}
			return n
		}
		if n := total(); n == 5 || n == 1005 {
			t.Errorf("%d lines written of 1,005; a full batch is written at once, the rest waits", n)
		}
		time.Sleep(batchTime)
		synctest.Wait()
		if n := total(); n != 1005 {
			t.Errorf("%d lines of 1,005", n)
		}
	})
}
