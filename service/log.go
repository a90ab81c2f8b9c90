package service

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"autoconfig/server"
)

// The bounds of the access log's batches.
const (
	batchTime = 50 * time.Millisecond
	batchSize = 32 << 10 // octets
)

// NewLog makes the log of a service. Lines about requests are written in batches, at most 50 ms late and before any
// other line; flush writes the last batch, which a program that is killed loses.
func NewLog(w io.Writer, level slog.Level) (log *slog.Logger, flush func()) {
	b := &batch{out: w}
	return slog.New(&batchHandler{slog.NewTextHandler(b, &slog.HandlerOptions{Level: level}), b}), b.flush
}

// batchHandler batches lines about requests.
type batchHandler struct {
	slog.Handler
	batch *batch
}

func (h *batchHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Message != server.AccessMessage {
		h.batch.flush()
	}
	return err
}

func (h *batchHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &batchHandler{h.Handler.WithAttrs(attrs), h.batch}
}

func (h *batchHandler) WithGroup(name string) slog.Handler {
	return &batchHandler{h.Handler.WithGroup(name), h.batch}
}

// batch collects lines.
type batch struct {
	mu    sync.Mutex
	out   io.Writer
	lines []byte
	timer *time.Timer // runs while there are lines
}

func (b *batch) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lines)+len(line) > batchSize {
		b.write()
	}
	if len(b.lines) == 0 {
		if b.timer == nil {
			b.timer = time.AfterFunc(batchTime, b.flush)
		} else {
			b.timer.Reset(batchTime)
		}
	}
	b.lines = append(b.lines, line...)
	return len(line), nil
}

func (b *batch) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.write()
}

// write expects the lock. That a log cannot be written can be reported nowhere.
func (b *batch) write() {
	if len(b.lines) > 0 {
		_, _ = b.out.Write(b.lines)
		b.lines = b.lines[:0]
	}
}
