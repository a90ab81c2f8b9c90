package service

import (
	"log/slog"
	"net"
	"path/filepath"
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
	s := &Service{log: slog.New(slog.DiscardHandler), opts: Options{Env: func(string) (string, bool) { return socket, true }}}
	s.notify(stateReady)
	if got := next(); got != "READY=1" {
		t.Errorf("%q", got)
	}
	socket = ""
	s.notify(stateReady)
}
