package main

import (
	"log/slog"
	"net"
	"path/filepath"
	"testing"
)

// The service manager hears what it is told; without one nothing happens.
func TestNotify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	socket := path
	a := &app{getenv: func(string) string { return socket }}
	a.notify(slog.New(slog.DiscardHandler), stateReady)
	got := make([]byte, 100)
	n, err := conn.Read(got)
	if err != nil || string(got[:n]) != "READY=1" {
		t.Errorf("%q %v", got[:n], err)
	}
	socket = ""
	a.notify(slog.New(slog.DiscardHandler), stateReady)
}
