package query

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// A socket is used for a few questions of a short time, one after the other, since to open one costs more than to ask.
// Each has a port of its own at random, a question goes out by any that is free, and none lives long enough for a
// forger to find its port and use it (RFC 5452 §9.2).
const (
	socketUses = 16
	socketLife = time.Second
	mostIdle   = 64 // of all servers
)

type socket struct {
	net.Conn
	server string
	left   int // uses
	until  time.Time
}

type sockets struct {
	mu    sync.Mutex
	idle  []*socket
	sweep bool // a sweep is to come
}

func (s *sockets) get(server netip.AddrPort, name string) (*socket, error) {
	now := time.Now()
	s.mu.Lock()
	for i, c := range slices.Backward(s.idle) {
		if c.server == name && c.until.After(now) {
			s.idle = slices.Delete(s.idle, i, i+1)
			s.mu.Unlock()
			c.left--
			return c, nil
		}
	}
	s.mu.Unlock()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		return nil, err
	}
	return &socket{Conn: conn, server: name, left: socketUses - 1, until: now.Add(socketLife)}, nil
}

// put gives a socket back after an answer. One on which none came is closed instead: the answer may still come.
func (s *sockets) put(c *socket, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !answered || c.left == 0 || len(s.idle) >= mostIdle || !c.until.After(time.Now()) {
		_ = c.Close()
		return
	}
	s.idle = append(s.idle, c)
	if !s.sweep {
		s.sweep = true
		time.AfterFunc(socketLife, s.clean)
	}
}

func (s *sockets) clean() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.idle = slices.DeleteFunc(s.idle, func(c *socket) bool {
		old := !c.until.After(now)
		if old {
			_ = c.Close()
		}
		return old
	})
	if s.sweep = len(s.idle) > 0; s.sweep {
		time.AfterFunc(socketLife, s.clean)
	}
}
