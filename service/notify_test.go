package service

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
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

// The service manager hears what it is told; without one nothing happens.
func TestNotify(t *testing.T) {
	path, next := manager(t)
	socket := path
	s := &Service{log: slog.New(slog.DiscardHandler),
		opts: Options{Env: func(string) (string, bool) { return socket, true }}}
	s.notify(stateReady)
	if got := next(); got != "READY=1" {
		t.Errorf("%q", got)
	}
	socket = ""
	s.notify(stateReady)
}

// A service manager that is gone is a line in the log and nothing else.
func TestNotifyNobody(t *testing.T) {
	log := &buffer{}
	gone := filepath.Join(t.TempDir(), "gone")
	s := &Service{log: slog.New(slog.NewTextHandler(log, nil)),
		opts: Options{Env: func(string) (string, bool) { return gone, true }}}
	s.notify(stateStopping)
	if text := log.take(); !strings.Contains(text, `state="STOPPING=1"`) {
		t.Error(text)
	}
}

// What asked for a reload is in the audit log, and the service manager hears of each. SIGHUP has commands run again
// whatever the age of their answers is.
func TestReloads(t *testing.T) {
	t.Parallel()
	path, next := manager(t)
	r := newRig(t, strings.Replace(commandConfig, "service_host", "audit_log: audit.log\nservice_host", 1))
	r.script("echo listed.test")
	r.sources.commands.Expire()
	r.reload("the test")
	r.opts.Env = func(string) (string, bool) { return path, true }
	hup := make(chan os.Signal)
	r.reloads(t.Context(), hup)
	expect := func(domain string) {
		t.Helper()
		if got := next(); !strings.HasPrefix(got, "RELOADING=1") {
			t.Errorf("%q", got)
		}
		if got := next(); got != "READY=1" {
			t.Errorf("%q", got)
		}
		if status, _ := r.get("/v1.1/" + domain); status != 200 {
			t.Errorf("%s: %d", domain, status)
		}
	}
	r.script("echo signal.test")
	hup <- syscall.SIGHUP
	expect("signal.test")
	r.edit("domains: [own.test]", "domains: [own.test, changed.test]")
	expect("changed.test")
	r.sources.changed <- struct{}{}
	expect("signal.test")
	r.audit.Close()
	audit := r.read("audit.log")
	for _, by := range []string{"the test", "SIGHUP", "a change", "a command that lists domains"} {
		if strings.Count(audit, `"by":"`+by+`"`) != 1 {
			t.Errorf("%s:\n%s", by, audit)
		}
	}
}
