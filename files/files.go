// Package files reads the files that a configuration names within bounds: it
// refuses pipes, devices, folders and files that are too large, and gives up on
// a file system that does not answer.
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

// patience is how long opening a file, or reading the next part, may take; hurry
// is that while something hangs already, which often is the same file system.
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

// Reader reads files. The zero value is ready for use. It remembers what hangs,
// so that a path blocks one goroutine, and its thread, however often it is tried.
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
	path  string
	limit int64 // bytes that may still come
	parts chan part
	rest  part
	stop  chan struct{} // closed when nobody reads any more
	done  chan struct{} // closed when nothing waits for the file system any more
}

// part is the beginning, or the next bytes, or the error at the end.
type part struct {
	info fs.FileInfo
	data []byte
	err  error
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
	f := &File{r: r, path: path, limit: limit, parts: make(chan part), stop: make(chan struct{}), done: make(chan struct{})}
	if slices.Contains(r.hanging(), path) {
		return nil, f.fault(ErrTimeout)
	}
	go f.pump()
	first := f.wait()
	f.Info = first.info
	if first.err == nil && f.Info.Size() > limit {
		first.err = f.fault(fmt.Errorf("%w: %d bytes, at most %d are read", ErrSize, f.Info.Size(), limit))
	}
	if first.err != nil {
		f.Close()
		return nil, first.err
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

// ask asks the file system one question, and gives up on one that hangs.
func ask[T any](r *Reader, path string, question func(path string) (T, error)) (T, error) {
	var out, none T
	f := &File{r: r, path: path, done: make(chan struct{})}
	if slices.Contains(r.hanging(), path) {
		return none, f.fault(ErrTimeout)
	}
	var err error
	go func() {
		defer close(f.done)
		out, err = question(path)
	}()
	late := time.NewTimer(r.patience())
	defer late.Stop()
	select {
	case <-f.done:
		return out, err
	case <-late.C:
		return none, f.hang()
	}
}

// Read reads the next bytes.
func (f *File) Read(p []byte) (int, error) {
	if len(f.rest.data) == 0 && f.rest.err == nil {
		f.rest = f.wait()
		f.limit -= int64(len(f.rest.data))
	}
	if f.limit < 0 { // it grew, or has no size
		return 0, f.fault(ErrSize)
	}
	n := copy(p, f.rest.data)
	f.rest.data = f.rest.data[n:]
	if n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, f.rest.err
}

// Close ends reading. It does not wait for a file system that hangs.
func (f *File) Close() { close(f.stop) }

// pump reads ahead of [File.Read] in a goroutine of its own: a file system that
// hangs can be left, not interrupted.
func (f *File) pump() {
	defer close(f.done)
	in, info, err := f.open()
	if err != nil {
		f.give(part{err: err})
		return
	}
	defer in.Close() //nolint:errcheck // read only
	for more := f.give(part{info: info}); more; {
		data := make([]byte, partSize)
		n, err := in.Read(data)
		more = n == 0 || f.give(part{data: data[:n]})
		if err != nil {
			f.give(part{err: err})
			return
		}
	}
}

func (f *File) open() (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(f.path) // first: to open a pipe is to wait for its other end
	if err != nil {
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			p.Op = "open"
		}
		return nil, nil, err
	}
	if kind := kindOf(info.Mode()); kind == "folder" || kind != "" && !f.r.AnyKind {
		return nil, nil, f.fault(fmt.Errorf("a %s, %w", kind, ErrKind))
	}
	in, err := os.Open(f.path)
	if err != nil {
		return nil, nil, err
	}
	info, err = in.Stat() // of what is read, should the path lead elsewhere by now
	return in, info, err
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

func (f *File) give(p part) bool {
	select {
	case f.parts <- p:
		return true
	case <-f.stop:
		return false
	}
}

func (f *File) wait() part {
	late := time.NewTimer(f.r.patience())
	defer late.Stop()
	select {
	case p := <-f.parts:
		return p
	case <-late.C:
		return part{err: f.hang()}
	}
}

func (f *File) fault(err error) error { return &fs.PathError{Op: "read", Path: f.path, Err: err} }

// hang notes that the file is being waited for.
func (f *File) hang() error {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if f.r.hangs == nil {
		f.r.hangs = map[string]<-chan struct{}{}
	}
	f.r.hangs[f.path] = f.done
	return f.fault(ErrTimeout)
}

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
