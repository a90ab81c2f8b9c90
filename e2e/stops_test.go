//go:build e2e

package e2e

import (
	"bufio"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var stops = flag.Int("stops", 0, "stop the service this often in TestStopUnderLoad")

// stopLoad is what clients met while the service was stopped.
type stopLoad struct {
	answers, cut, refused atomic.Int64
	first                 atomic.Pointer[string] // of what was cut
}

// client asks over and over, on one connection as long as it may or on a new
// one each time, until nobody listens or leave is closed. A request counts as
// cut when it was sent and got no whole answer. It is a client without
// net/http's, which asks again unseen.
func (l *stopLoad) client(addr string, keep bool, leave <-chan struct{}) {
	for {
		select {
		case <-leave:
			return
		default:
		}
		conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
		if err != nil {
			l.refused.Add(1)
			return
		}
		err = l.requests(conn, keep, leave)
		_ = conn.Close()
		if err != nil {
			l.cut.Add(1)
			text := err.Error()
			l.first.CompareAndSwap(nil, &text)
			if errors.Is(err, syscall.ECONNREFUSED) {
				return
			}
		}
	}
}

func (l *stopLoad) requests(conn net.Conn, keep bool, leave <-chan struct{}) error {
	in := bufio.NewReader(conn)
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	for {
		if _, err := io.WriteString(conn, "GET /v1.1/live.co.uk HTTP/1.1\r\nHost: x.test\r\n\r\n"); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return fmt.Errorf("body: %w", err)
		}
		if r.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", r.StatusCode)
		}
		l.answers.Add(1)
		select {
		case <-leave:
			return nil
		default:
		}
		if r.Close || !keep {
			return nil
		}
	}
}

// Stopped under load, the service cuts no request: without a drain at most the
// few that reach a port in the moment it is closed, with one none of clients
// that leave when /readyz says so. Each stop is told to the service manager.
func TestStopUnderLoad(t *testing.T) {
	for _, drain := range []string{"0s", "2s"} {
		t.Run("drain "+drain, func(t *testing.T) {
			var load stopLoad
			rounds := cmp.Or(*stops, often(8, 60))
			for range rounds {
				stopOnce(t, &load, drain)
			}
			answers, cut := load.answers.Load(), load.cut.Load()
			t.Logf("%d stops: %d answers, %d cut, %d connections refused", rounds, answers, cut, load.refused.Load())
			if first := load.first.Load(); first != nil {
				t.Logf("the first that was cut: %s", *first)
			}
			if answers < int64(rounds)*100 {
				t.Error("that was no load")
			}
			if drain == "0s" && cut*3000 > answers || drain != "0s" && cut+load.refused.Load() > 0 {
				t.Errorf("%d of %d requests were cut", cut, answers)
			}
		})
	}
}

func stopOnce(t *testing.T, load *stopLoad, drain string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = manager.Close() }()
	s := startService(t, "drain: "+drain+"\n",
		func(cmd *exec.Cmd) { cmd.Env = append(cmd.Environ(), "NOTIFY_SOCKET="+socket) })
	leave := make(chan struct{})
	var clients sync.WaitGroup
	for i := range 16 {
		clients.Go(func() { load.client(s.http, i%2 == 0, leave) })
	}
	time.Sleep(200 * time.Millisecond) // the load, under way
	s.signal(t, syscall.SIGTERM)
	if drain != "0s" {
		admin := newAsker(s.admin, false)
		until(t, "/readyz says that it stops", func() bool { status, _, _ := admin.get("", "/readyz"); return status != 200 })
		close(leave)
	}
	clients.Wait()
	<-s.done
	var said []string
	_ = manager.SetReadDeadline(time.Now().Add(patience))
	for state := make([]byte, 200); len(said) == 0 || said[len(said)-1] != "STOPPING=1"; {
		n, err := manager.Read(state)
		if err != nil {
			t.Fatalf("the service manager heard %q and no STOPPING=1: %v", strings.Join(said, ", "), err)
		}
		said = append(said, string(state[:n]))
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status %d\n%s", code, s.output())
	}
}

// A second signal ends a drain at once, whichever two they are.
func TestSecondSignal(t *testing.T) {
	for _, signals := range [][2]syscall.Signal{{syscall.SIGINT, syscall.SIGINT}, {syscall.SIGTERM, syscall.SIGTERM},
		{syscall.SIGINT, syscall.SIGTERM}, {syscall.SIGTERM, syscall.SIGINT}} {
		s := startService(t, "drain: 10m\n")
		admin := newAsker(s.admin, false)
		s.signal(t, signals[0])
		until(t, "/readyz says that it stops", func() bool { status, _, _ := admin.get("", "/readyz"); return status == 503 })
		s.signal(t, signals[1])
		select {
		case <-s.done:
		case <-time.After(patience):
			t.Fatalf("%v: it still drains", signals)
		}
	}
}

// A command that waits for a file ends with the first signal: here for a pipe
// that nobody writes to.
func TestSignalWhileAFileHangs(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "token")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "doctor", "jo@own.test", "--ca", pipe, "--resolver", "127.0.0.1:9")
	cmd.Dir = dir
	p := start(t, cmd)
	time.Sleep(500 * time.Millisecond) // it is there, and waits
	begin := time.Now()
	p.signal(t, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatal("SIGTERM does not end it")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 1 && time.Since(begin) < 3*time.Second {
		t.Errorf("exit status %d\n%s", code, p.output())
	}
}
