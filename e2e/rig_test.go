//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that a test has started; its output is kept.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended

	mu  sync.Mutex
	out bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

// stop ends the program with SIGTERM, and with SIGKILL when it does not mind.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// start starts a program that the end of the test stops. Standard error is
// kept, or goes to a file.
func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, done: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = p
	}
	if cmd.Stderr == nil {
		cmd.Stderr = p
	}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // a test that cares looks at ProcessState
		close(p.done)
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), tail(p.output(), 60))
		}
	})
	return p
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// patience is how long anything may take that is waited for.
const patience = 30 * time.Second

// until waits for a condition of another process, which has no other event.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited %v in vain: %s", patience, what)
}

// service is autoconfig, serving.
type service struct {
	*process
	dir              string
	http, tls, admin string // loopback addresses
}

var listening = regexp.MustCompile(`msg=listening addr=(\S+)(?: tls=(\S+))?(?: admin=(\S+))?`)

// startService starts the program with a configuration; change may alter how.
func startService(t testing.TB, config string, change ...func(*exec.Cmd)) *service {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "autoconfig.yaml"), config)
	s := &service{dir: dir, process: start(t, serveCommand(dir, change...))}
	s.await(t)
	return s
}

func serveCommand(dir string, change ...func(*exec.Cmd)) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), program, "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	cmd.Dir = dir
	for _, f := range change {
		f(cmd)
	}
	return cmd
}

// await reads from the first log line where the service listens.
func (s *service) await(t testing.TB) {
	t.Helper()
	until(t, "autoconfig listens", func() bool {
		m := listening.FindStringSubmatch(s.output())
		if m != nil {
			s.http, s.tls, s.admin = m[1], m[2], m[3]
		}
		if m == nil && s.ended() {
			t.Fatalf("autoconfig has ended:\n%s", s.output())
		}
		return m != nil
	})
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tool runs a program to its end, bounded in time.
func tool(t testing.TB, name string, args ...string) (stdout string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = errors.New(exit.String() + ": " + tail(string(exit.Stderr), 10))
	}
	return string(out), err
}
