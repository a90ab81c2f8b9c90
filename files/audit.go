package files

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// Audit is a log of changes, for people who ask who changed what: a JSON object a line, with time, event and what
// belongs to it. Every line opens the file anew, so that it can be moved away at any time, and several processes may
// write to it. Lines are written in the background: a file system that hangs holds nobody up. A nil Audit writes
// nothing.
type Audit struct {
	path  string
	lines chan []byte
	ended chan struct{}

	mu     sync.Mutex
	closed bool
	fault  error
}

// The bounds of an audit log.
const (
	auditSize  = 16 << 20 // octets of the file; then it becomes PATH.1, which replaces the one before
	auditLine  = 4 << 10  // octets
	auditQueue = 1000     // lines that wait
)

var errAuditQueue = errors.New("lines are lost: the file cannot be written fast enough")

// OpenAudit is nil for an empty path.
func OpenAudit(path string) *Audit {
	if path == "" {
		return nil
	}
	a := &Audit{path: path, lines: make(chan []byte, auditQueue), ended: make(chan struct{})}
	go a.write()
	return a
}

// Log adds a line. No address gets in: a value with an @ in it is left out.
func (a *Audit) Log(event string, attrs ...slog.Attr) {
	if a == nil {
		return
	}
	var line strings.Builder
	h := slog.NewJSONHandler(&line, &slog.HandlerOptions{ReplaceAttr: auditAttr})
	r := slog.NewRecord(time.Now().UTC(), slog.LevelInfo, event, 0)
	r.AddAttrs(attrs...)
	_ = h.Handle(context.Background(), r) // a Builder takes everything
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || line.Len() > auditLine {
		return
	}
	select {
	case a.lines <- []byte(line.String()):
	default:
		a.fault = errAuditQueue
	}
}

func auditAttr(_ []string, attr slog.Attr) slog.Attr {
	switch text := attr.Value.String(); {
	case attr.Key == slog.LevelKey, text == "":
		return slog.Attr{}
	case attr.Key == slog.MessageKey:
		attr.Key = "event"
	case strings.Contains(text, "@"):
		attr.Value = slog.StringValue("left out: it may be an address")
	}
	return attr
}

// Fault is what keeps the last line from the file; nil when it is there.
func (a *Audit) Fault() error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fault
}

// Close waits for the lines under way, for two seconds at most.
func (a *Audit) Close() {
	if a == nil {
		return
	}
	a.mu.Lock()
	if !a.closed {
		a.closed = true
		close(a.lines)
	}
	a.mu.Unlock()
	select {
	case <-a.ended:
	case <-time.After(2 * time.Second):
	}
}

func (a *Audit) write() {
	defer close(a.ended)
	for line := range a.lines {
		err := a.add(line)
		a.mu.Lock()
		a.fault = err
		a.mu.Unlock()
	}
}

func (a *Audit) add(line []byte) error {
	switch info, err := os.Stat(a.path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &fs.PathError{Op: "write", Path: a.path, Err: errors.New("not a file")}
	case info.Size()+int64(len(line)) > auditSize:
		if err := os.Rename(a.path, a.path+".1"); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(a.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640) // the group may read it
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
}
