//go:build e2e

package e2e

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
)

// names is a SOCKS5 server (RFC 1928) that leads HOST:PORT to loopback
// addresses. What it does not know is unreachable, so nothing leaves the
// machine. A client that hands it names asks no DNS for addresses.
type names struct {
	addr  string
	conns sync.WaitGroup

	mu    sync.Mutex
	to    map[string]string
	asked []string // HOST:PORT in order
	open  map[net.Conn]bool
}

func startNames(t testing.TB) *names {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{addr: l.Addr().String(), to: map[string]string{}, open: map[net.Conn]bool{}}
	n.conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n.conns.Go(func() { n.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		n.closeAll()
		n.conns.Wait()
	})
	return n
}

func (n *names) closeAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.open {
		_ = c.Close()
	}
	n.open = nil // none is taken from now on
}

// keep notes an open connection; false at the end of the test.
func (n *names) keep(c net.Conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open == nil {
		_ = c.Close()
		return false
	}
	n.open[c] = true
	return true
}

func (n *names) drop(c net.Conn) {
	_ = c.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.open, c)
}

// use replaces what is known, and forgets what was asked.
func (n *names) use(to map[string]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.to, n.asked = to, nil
}

func (n *names) log() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.asked...)
}

func (n *names) lookup(hostPort string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, hostPort)
	return n.to[hostPort]
}

func (n *names) serve(c net.Conn) {
	if !n.keep(c) {
		return
	}
	defer n.drop(c)
	in := bufio.NewReader(c)
	target, err := greet(c, in)
	if err != nil {
		return
	}
	to := n.lookup(target)
	var server net.Conn
	if to != "" {
		server, err = net.DialTimeout("tcp", to, patience)
	}
	if to == "" || err != nil {
		_, _ = c.Write([]byte{5, 4, 0, 1, 0, 0, 0, 0, 0, 0}) // host unreachable (RFC 1928 §6)
		return
	}
	if !n.keep(server) {
		return
	}
	defer n.drop(server)
	if _, err := c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0}); err != nil {
		return
	}
	n.conns.Go(func() {
		_, _ = io.Copy(server, in)
		_ = server.(*net.TCPConn).CloseWrite()
	})
	_, _ = io.Copy(c, server)
}

// greet reads the two messages of a SOCKS5 client and returns where it wants
// to go (RFC 1928 §§3, 4).
func greet(c net.Conn, in *bufio.Reader) (string, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(in, head); err != nil || head[0] != 5 {
		return "", fmt.Errorf("no SOCKS5: %w", err)
	}
	if _, err := in.Discard(int(head[1])); err != nil {
		return "", err
	}
	if _, err := c.Write([]byte{5, 0}); err != nil { // no authentication
		return "", err
	}
	request := make([]byte, 5)
	if _, err := io.ReadFull(in, request); err != nil {
		return "", err
	}
	if request[1] != 1 || request[3] != 3 { // CONNECT to a name
		_, _ = c.Write([]byte{5, 8, 0, 1, 0, 0, 0, 0, 0, 0})
		return "", fmt.Errorf("not a name: % x", request)
	}
	rest := make([]byte, int(request[4])+2)
	if _, err := io.ReadFull(in, rest); err != nil {
		return "", err
	}
	host := string(rest[:request[4]])
	return net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(rest[request[4]:])))), nil
}
