// Package files reads the files that a configuration names within bounds: it refuses pipes, devices, folders and files
// that are too large, and gives up on a file system that does not answer.
package files

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"
)

// The sizes that files may have, in bytes.
const (
	Text    = 4 << 20 // a configuration, certificates, a logo
	Secret  = 64 << 10
	Domains = 1 << 30 // 50 million names
)

// patience is how long opening a file, or reading the next part, may take; hurry is that while something hangs already,
// which often is the same file system.
const (
	patience = 4 * time.Second
	hurry    = 500 * time.Millisecond
)

// What is wrong with a file. Errors wrap one of them, or the system's.
var (
	ErrKind    = errors.New("not a regular file")
	ErrSize    = errors.New("the file is too large")
	ErrTimeout = errors.New("the file system does not answer")
)

// Reader reads files. The zero value is ready for use. It remembers what hangs, so that a path blocks one goroutine,
// and its thread, however often it is tried.
type Reader struct {
	AnyKind  bool          // also pipes and devices: for files that a command line names
	Patience time.Duration // zero: 4 s; a person may be at the other end of a pipe

	mu    sync.Mutex
	hangs map[string]<-chan struct{} // by path, until the channel is closed
}

// File is an open file. Its errors name the path.
type File struct {
	Info fs.FileInfo // when it was opened

	r     *Reader
	in    *os.File
	limit int64  // bytes that may still come
	part  []byte // room for the bytes read at once
	rest  []byte // of them, what has not been returned
	err   error  // after rest
}

const partSize = 64 << 10

// Read is the content of a file of at most limit bytes.
func (r *Reader) Read(path string, limit int64) ([]byte, error) {
	f, err := r.Open(path, limit)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.all()
}

// Private is the content of a file that only its owner may read.
func (r *Reader) Private(path string) ([]byte, error) {
	f, err := r.Open(path, Secret)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if mode := f.Info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s: others than its owner may read it (mode %04o); chmod 600 %[1]s", path, mode)
	}
	return f.all()
}

func (f *File) all() ([]byte, error) {
	var out bytes.Buffer
	out.Grow(int(min(f.Info.Size(), Text)) + bytes.MinRead)
	_, err := out.ReadFrom(f)
	return out.Bytes(), err
}

// Open opens a file of at most limit bytes.
func (r *Reader) Open(path string, limit int64) (*File, error) {
	f, err := ask(r, path, r.open)
	if err != nil {
		return nil, err
	}
	if f.limit = limit; f.Info.Size() > limit {
		f.Close()
		return nil, fault(path, fmt.Errorf("%w: %d bytes, at most %d are read", ErrSize, f.Info.Size(), limit))
	}
	return f, nil
}

// Stat describes a file of any kind.
func (r *Reader) Stat(path string) (fs.FileInfo, error) { return ask(r, path, os.Stat) }

// Names are the sorted names of the entries of a folder, at most that many.
func (r *Reader) Names(dir string, most int) ([]string, error) {
	return ask(r, dir, func(path string) ([]string, error) {
		d, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer d.Close() //nolint:errcheck // read only
		names, err := d.Readdirnames(most + 1)
		switch {
		case errors.Is(err, io.EOF):
			err = nil
		case len(names) > most:
			err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: more than %d entries", ErrSize, most)}
		}
		slices.Sort(names)
		return names, err
	})
}

// ask asks the file system one question, in a goroutine of its own: a file system that hangs can be left, not
// interrupted.
func ask[T any](r *Reader, path string, question func(path string) (T, error)) (T, error) {
	var out, none T
	var err error
	if slices.Contains(r.hanging(), path) {
		return none, fault(path, ErrTimeout)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		out, err = question(path)
	}()
	late := time.NewTimer(r.patience())
	defer late.Stop()
	select {
	case <-done:
		return out, err
	case <-late.C:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hangs == nil {
		r.hangs = map[string]<-chan struct{}{}
	}
	r.hangs[path] = done
	return none, fault(path, ErrTimeout)
}

// Read reads the next bytes.
func (f *File) Read(p []byte) (int, error) {
	if len(f.rest) == 0 && f.err == nil {
		f.rest, f.err = ask(f.r, f.in.Name(), func(string) ([]byte, error) {
			n, err := f.in.Read(f.part)
			return f.part[:n], err
		})
		f.limit -= int64(len(f.rest))
	}
	if f.limit < 0 { // it grew, or has no size
		return 0, fault(f.in.Name(), ErrSize)
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	if n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, f.err
}

// Close ends reading. It does not wait for a read that hangs.
func (f *File) Close() { _ = f.in.Close() } // read only

// open is called in a goroutine that nobody may wait for any more; the file is then closed when it is collected.
func (r *Reader) open(path string) (*File, error) {
	info, err := os.Stat(path) // first: to open a pipe is to wait for its other end
	if err != nil {
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			p.Op = "open"
		}
		return nil, err
	}
	if kind := kindOf(info.Mode()); kind == "folder" || kind != "" && !r.AnyKind {
		return nil, fault(path, fmt.Errorf("a %s, %w", kind, ErrKind))
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err = in.Stat() // of what is read, should the path lead elsewhere by now
	return &File{Info: info, r: r, in: in, part: make([]byte, partSize)}, err
}

func kindOf(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return ""
	case m.IsDir():
		return "folder"
	case m&fs.ModeNamedPipe != 0:
		return "pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	}
	return "device"
}

func fault(path string, err error) error { return &fs.PathError{Op: "read", Path: path, Err: err} }

func (r *Reader) patience() time.Duration {
	if len(r.hanging()) > 0 {
		return hurry
	}
	return cmp.Or(r.Patience, patience)
}

// hanging lists the paths that hang.
func (r *Reader) hanging() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.hangs, func(_ string, done <-chan struct{}) bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
	return slices.Collect(maps.Keys(r.hangs))
}
