package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program under measurement.
type process struct {
	name    string
	addr    string
	domains int
	cmd     *exec.Cmd
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
}

// domain is the name of customer n.
func domain(n int) string { return "customer" + strconv.Itoa(n) + ".example" }

// writeConfig writes a configuration that serves n domains from a file.
func writeConfig(dir string, n int) (string, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	f, err := os.Create(filepath.Join(dir, "customers.txt"))
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	for i := range n {
		_, _ = w.WriteString(domain(i) + "\n") // Flush tells
	}
	if err := w.Flush(); err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "autoconfig.yaml")
	return path, os.WriteFile(path, []byte(`service_host: autoconfig.hoster.example
admin: ""
providers:
  - domains_file: customers.txt
    name: Hoster Mail
    incoming: [imaps://mail.hoster.example, pop3s://mail.hoster.example]
    outgoing: [submissions://mail.hoster.example]
`), 0o600)
}

// startServer starts `autoconfig serve`, without the access log by way of
// --log-level warn.
func startServer(ctx context.Context, binary, config string, domains int, logged bool, dir string) (*process, error) {
	name := fmt.Sprintf("ours, %d domain", domains)
	if domains > 1 {
		name += "s"
	}
	level := "warn"
	if logged {
		name, level = name+", access log", "info"
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(ctx, binary, "--config", config, "--listen", addr, "--log-level", level) //nolint:gosec // the program under measurement
	cmd.Stderr = log
	p := &process{name: name, addr: addr, domains: domains, cmd: cmd}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return p, p.await()
}

// startBare starts this program again as the bare handler, with the answers
// that the server gives.
func startBare(ctx context.Context, ours *process, dir string) (*process, error) {
	file := filepath.Join(dir, "answers.json")
	if err := record(ours, file); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-bare", file) //nolint:gosec // this program
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the bare handler did not start: %w", err)
	}
	p := &process{name: "bare echo", addr: strings.TrimSpace(addr), domains: 1, cmd: cmd}
	return p, p.await()
}

// await waits until the process answers.
func (p *process) await() error {
	for range 600 {
		if _, err := p.once(formats[0], 0); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("%s: no answer on %s", p.name, p.addr)
}

// cpu is the processor time the process has used: the run time of its threads
// in nanoseconds (proc(5), schedstat).
func (p *process) cpu() (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("%s is gone, or this kernel has no schedstat", p.name)
	}
	var sum int64
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // a thread that ended
		}
		first, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return time.Duration(sum), nil
}

// memory is VmRSS and VmHWM in MiB.
func (p *process) memory() (now, peak float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
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

// resetPeak makes VmHWM begin again (proc(5), clear_refs).
func (p *process) resetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0o200)
}

func (p *process) hangup() error { return p.cmd.Process.Signal(syscall.SIGHUP) }
