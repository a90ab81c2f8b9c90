// Package load starts servers and loads them over plain connections, for the
// tools that measure.
package load

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Server is a server under measurement.
type Server struct {
	Name string
	Addr string
	TLS  *tls.Config // nil: http

	cmd *exec.Cmd // nil: it runs elsewhere
	log string
}

// Start starts the program whose command listens on the address it is given,
// and waits until that accepts connections.
func Start(name string, command func(ctx context.Context, addr string) *exec.Cmd) (*Server, error) {
	addr, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	log, err := os.CreateTemp("", "autoconfig-load")
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	s := &Server{Name: name, Addr: addr, cmd: command(context.Background(), addr), log: log.Name()}
	s.cmd.Stderr = log
	if err := s.cmd.Start(); err != nil {
		_ = os.Remove(s.log)
		return nil, fmt.Errorf("%s: %w; build it first", name, err)
	}
	for range 600 {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			return s, conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(s.log)
	s.Stop()
	return nil, fmt.Errorf("%s does not listen on %s: %s", name, addr, said)
}

// Stop ends a server that Start has started.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // SIGINT is ignored by what nohup or a script runs in the background
	_ = s.cmd.Wait()
	_ = os.Remove(s.log)
}

// Signal sends a signal to a started server.
func (s *Server) Signal(sig os.Signal) error { return s.cmd.Process.Signal(sig) }

// FreeAddr is an address of the loopback interface at which nothing listens.
func FreeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// proc is a file of the kernel about the server (proc(5)).
func (s *Server) proc(name string) string {
	return filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), name)
}

// usage is what a process has had of the processors.
type usage struct {
	cpu   time.Duration
	turns int64 // how often one of its threads got one
}

// usage is the sum over all threads (proc(5), schedstat). It is 0 for a server that runs elsewhere.
func (s *Server) usage() (sum usage, err error) {
	if s.cmd == nil {
		return sum, nil
	}
	files, err := filepath.Glob(s.proc("task/*/schedstat"))
	if err != nil || len(files) == 0 {
		return sum, fmt.Errorf("%s is gone, or this kernel has no schedstat", s.Name)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // a thread that ended
		}
		var ran, waited, turns int64
		if _, err := fmt.Sscan(string(text), &ran, &waited, &turns); err != nil {
			return sum, err
		}
		sum.cpu += time.Duration(ran)
		sum.turns += turns
	}
	return sum, nil
}

// Memory is VmRSS and VmHWM in MiB.
func (s *Server) Memory() (now, peak float64, err error) {
	text, err := os.ReadFile(s.proc("status"))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(fields[1], 64)
		switch fields[0] {
		case "VmRSS:":
			now = kib / 1024
		case "VmHWM:":
			peak = kib / 1024
		}
	}
	return now, peak, nil
}

// ResetPeak makes the peak of Memory begin again (proc(5), clear_refs).
func (s *Server) ResetPeak() error {
	return os.WriteFile(s.proc("clear_refs"), []byte("5"), 0o200)
}
