package files

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file is read as it is, whatever its length.
func TestRead(t *testing.T) {
	for _, size := range []int{0, 1, partSize - 1, partSize, partSize + 1, 5*partSize + 7} {
		want := strings.Repeat("a#\n", size)[:size]
		got, err := new(Reader).Read(write(t, want), int64(size))
		if err != nil || string(got) != want {
			t.Errorf("%d bytes: %d read, %v", size, len(got), err)
		}
	}
	f, err := new(Reader).Open(write(t, strings.Repeat("x", 3*partSize)), Text)
	if err != nil || f.Info.Size() != 3*partSize {
		t.Fatal(f, err)
	}
	one := make([]byte, 1)
	if n, err := f.Read(one); n != 1 || err != nil {
		t.Error(n, err)
	}
	f.Close() // with most of it unread
}

// What is not a regular file of a fair size is refused at once, with its path.
func TestRefused(t *testing.T) {
	huge := write(t, "")
	if err := os.Truncate(huge, 1<<40); err != nil { // takes no room on the disk
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		pipe(t): ErrKind, t.TempDir(): ErrKind, "/dev/zero": ErrKind, "/dev/null": ErrKind,
		huge: ErrSize, write(t, "12345"): ErrSize, filepath.Join(t.TempDir(), "none"): os.ErrNotExist,
	} {
		begin := time.Now()
		_, err := new(Reader).Read(path, 4)
		if !errors.Is(err, want) || !strings.Contains(err.Error(), path) || time.Since(begin) > patience {
			t.Errorf("%s: %v after %v, want %v", path, err, time.Since(begin), want)
		}
	}
}

// A file that grows while it is read, or a device without a size, ends at the limit.
func TestEndless(t *testing.T) {
	r := &Reader{AnyKind: true}
	if _, err := r.Read("/dev/zero", 3*partSize); !errors.Is(err, ErrSize) {
		t.Error(err)
	}
	if _, err := r.Read(t.TempDir(), Text); !errors.Is(err, ErrKind) {
		t.Error(err)
	}
}

// A pipe that a command line names is read, when it has another end.
func TestPipe(t *testing.T) {
	path := pipe(t)
	go func() { _ = os.WriteFile(path, []byte("secret"), 0) }()
	got, err := (&Reader{AnyKind: true}).Read(path, Secret)
	if err != nil || string(got) != "secret" {
		t.Errorf("%q %v", got, err)
	}
}

// What hangs is given up, is not tried again while it hangs, holds one goroutine, and is read when it is back. An open
// pipe without a writer hangs as a dead network mount does.
func TestHanging(t *testing.T) {
	path, r := pipe(t), &Reader{AnyKind: true}
	before := runtime.NumGoroutine()
	begin := time.Now()
	if _, err := r.Read(path, Secret); !errors.Is(err, ErrTimeout) || time.Since(begin) > patience+time.Second {
		t.Fatalf("%v after %v", err, time.Since(begin))
	}
	begin = time.Now()
	for range 100 {
		if _, err := r.Read(path, Secret); !errors.Is(err, ErrTimeout) {
			t.Fatal(err)
		}
		if _, err := r.Stat(path); !errors.Is(err, ErrTimeout) {
			t.Fatal(err)
		}
	}
	if time.Since(begin) > patience || runtime.NumGoroutine() > before+1 {
		t.Errorf("tried again: %v, %d goroutines", time.Since(begin), runtime.NumGoroutine()-before)
	}
	if got, err := r.Read(write(t, "other"), Secret); string(got) != "other" || err != nil {
		t.Errorf("another file: %q %v", got, err)
	}
	w, err := os.OpenFile(path, os.O_RDWR, 0) // the mount is back
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.WriteString("back")
	go func() { time.Sleep(100 * time.Millisecond); _ = w.Close() }() // a pipe ends with its last writer
	for end := time.Now().Add(20 * time.Second); ; {
		f, err := r.Open(path, Secret)
		if err == nil {
			got := make([]byte, 4)
			if _, err := io.ReadFull(f, got); err != nil || !bytes.Equal(got, []byte("back")) {
				t.Errorf("%q %v", got, err)
			}
			f.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
}

// Half a file is not taken for the whole.
func TestHangsHalfway(t *testing.T) {
	path := pipe(t)
	w := make(chan *os.File)
	go func() {
		f, _ := os.OpenFile(path, os.O_WRONLY, 0)
		_, _ = f.WriteString("half")
		w <- f
	}()
	r := &Reader{AnyKind: true}
	got, err := r.Read(path, Secret)
	if !errors.Is(err, ErrTimeout) {
		t.Errorf("%q %v", got, err)
	}
	_ = (<-w).Close()
}

// A key that others may read is refused.
func TestPrivate(t *testing.T) {
	path := write(t, "key")
	if got, err := new(Reader).Private(path); string(got) != "key" || err != nil {
		t.Errorf("%q %v", got, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := new(Reader).Private(path); err == nil || !strings.Contains(err.Error(), "0640") {
		t.Error(err)
	}
}
