package main

import (
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manager is a service manager's end of the notify socket.
func manager(t *testing.T) (path string, next func() string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return path, func() string {
		t.Helper()
		got := make([]byte, 200)
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second)) // a failure, not a wait
		n, err := conn.Read(got)
		if err != nil {
			t.Fatal(err)
		}
		return string(got[:n])
	}
}

// A service that starts, is told to reload and then to stop says each of it
// once, in the order that Type=notify and Type=notify-reload want
// (systemd.service(5)).
func TestNotifyStates(t *testing.T) {
	path, next := manager(t)
	dir := t.TempDir()
	program, err := exec.LookPath("autoconfig")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), program, "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	var log strings.Builder
	cmd.Dir, cmd.Stderr, cmd.Env = dir, &log, append(cmd.Environ(), "NOTIFY_SOCKET="+path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var exit error
	ended := make(chan struct{})
	go func() {
		exit = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for _, step := range []struct {
		send syscall.Signal
		want []string // patterns of what is said
	}{
		{0, []string{`READY=1`}},
		{syscall.SIGHUP, []string{`RELOADING=1\nMONOTONIC_USEC=[1-9]\d*`, `READY=1`}},
		{syscall.SIGTERM, []string{`STOPPING=1`}},
	} {
		if err := cmd.Process.Signal(step.send); err != nil {
			t.Fatal(err)
		}
		for _, want := range step.want {
			if got := next(); !regexp.MustCompile(`^` + want + `$`).MatchString(got) {
				t.Fatalf("%q, want %q", got, want)
			}
		}
	}
	if <-ended; exit != nil {
		t.Errorf("%v\n%s", exit, log.String())
	}
}
