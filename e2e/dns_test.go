//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"autoconfig/e2e/component"
)

// resolvConf is a resolver file that leads to a test's DNS server. The C
// library knows port 53 only, so an address of 127/8 relays from there.
func resolvConf(t testing.TB, dns string) string {
	t.Helper()
	ip := relay(t, dns)
	path := filepath.Join(t.TempDir(), "resolv.conf")
	write(t, path, "nameserver "+ip+"\noptions timeout:2 attempts:2\n")
	return path
}

// relay passes what comes to port 53 of the returned address on.
func relay(t testing.TB, to string) string {
	t.Helper()
	var wg sync.WaitGroup
	for range 20 {
		ip := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 2+rand.IntN(250))
		packets, err := net.ListenPacket("udp", ip+":53")
		if err != nil {
			continue
		}
		streams, err := net.Listen("tcp", ip+":53")
		if err != nil {
			_ = packets.Close()
			continue
		}
		wg.Go(func() { relayPackets(&wg, packets, to) })
		wg.Go(func() { relayStreams(&wg, streams, to) })
		t.Cleanup(func() { _ = packets.Close(); _ = streams.Close(); wg.Wait() })
		return ip
	}
	component.Missing(t, "port 53 of 127/8 cannot be used: root can")
	return ""
}

func relayPackets(wg *sync.WaitGroup, in net.PacketConn, to string) {
	for {
		b := make([]byte, 4096)
		n, client, err := in.ReadFrom(b)
		if err != nil {
			return
		}
		wg.Go(func() {
			c, err := net.Dial("udp", to)
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }()
			_ = c.SetDeadline(time.Now().Add(5 * time.Second))
			if _, err := c.Write(b[:n]); err != nil {
				return
			}
			answer := make([]byte, 65535)
			if n, err := c.Read(answer); err == nil {
				_, _ = in.WriteTo(answer[:n], client)
			}
		})
	}
}

func relayStreams(wg *sync.WaitGroup, in net.Listener, to string) {
	for {
		client, err := in.Accept()
		if err != nil {
			return
		}
		wg.Go(func() {
			defer func() { _ = client.Close() }()
			server, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer func() { _ = server.Close() }()
			_ = client.SetDeadline(time.Now().Add(5 * time.Second))
			_ = server.SetDeadline(time.Now().Add(5 * time.Second))
			wg.Go(func() { _, _ = io.Copy(server, client) })
			_, _ = io.Copy(client, server)
		})
	}
}
