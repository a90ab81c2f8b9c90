package freeport

import (
	"net"
	"testing"
)

func TestOn(t *testing.T) {
	l, err := net.Listen("tcp", On(t, "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if port := l.Addr().(*net.TCPAddr).Port; port < 10000 || port >= 32768 {
		t.Errorf("port %d", port)
	}
}
