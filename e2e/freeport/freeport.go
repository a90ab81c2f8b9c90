// Package freeport finds ports for the daemons that tests start.
package freeport

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// On is an address of ip whose port is free for TCP and UDP. It lies below the
// ports that the kernel gives to outgoing connections (32768 and up, ip(7)), so
// that none of those takes it before the daemon does.
func On(t testing.TB, ip string) string {
	t.Helper()
	for range 1000 {
		addr := net.JoinHostPort(ip, strconv.Itoa(10000+rand.IntN(20000))) //nolint:gosec // any port will do
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		packets, err := net.ListenPacket("udp", addr)
		_ = listener.Close()
		if err == nil {
			_ = packets.Close()
			return addr
		}
	}
	t.Fatalf("no free port on %s", ip)
	return ""
}
