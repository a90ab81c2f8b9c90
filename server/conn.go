package server

import (
	"errors"
	"net"
	"sync"
	"time"
)

// tcpListener accepts connections whose deadlines are cheap to set.
type tcpListener struct{ *net.TCPListener }

func (l tcpListener) Accept() (net.Conn, error) {
	tcp, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	c := &conn{TCPConn: tcp, rings: time.Now().Add(headerTimeout)}
	c.alarm = time.AfterFunc(headerTimeout, c.ring)
	return c, nil
}

// conn is a connection for net/http, which sets eight deadlines during a request: 4 % of what a request costs. Nearly all
// of them are later than the alarm is set for, so they are only noted, and looked at when it rings.
type conn struct {
	*net.TCPConn

	mu       sync.Mutex
	deadline [2]time.Time // of reading and of writing
	passed   [2]bool      // what the TCP connection knows of it
	alarm    *time.Timer
	rings    time.Time // when the alarm does; zero: it does not
}

const (
	reading = iota
	writing
)

func (c *conn) SetReadDeadline(t time.Time) error { return c.set(reading, t) }

func (c *conn) SetWriteDeadline(t time.Time) error { return c.set(writing, t) }

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.set(reading, t), c.set(writing, t))
}

func (c *conn) set(what int, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline[what] = t
	if t.IsZero() || !c.rings.IsZero() && !t.Before(c.rings) {
		return c.pass(what, false)
	}
	return c.check()
}

func (c *conn) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rings = time.Time{}
	_ = c.check() // fails for a closed connection
}

// check finds out which deadlines have passed, and sets the alarm if it would ring after the next. It expects the lock.
func (c *conn) check() error {
	now := time.Now()
	var errs [2]error
	for what, t := range c.deadline {
		wait := t.Sub(now)
		errs[what] = c.pass(what, !t.IsZero() && wait <= 0)
		if wait > 0 && (c.rings.IsZero() || t.Before(c.rings)) {
			c.rings = t
			c.alarm.Reset(wait)
		}
	}
	return errors.Join(errs[:]...)
}

// pass makes the TCP connection know whether a deadline has passed. It expects the lock.
func (c *conn) pass(what int, passed bool) error {
	if c.passed[what] == passed {
		return nil
	}
	c.passed[what] = passed
	var t time.Time
	if passed {
		t = time.Unix(1, 0)
	}
	if what == reading {
		return c.TCPConn.SetReadDeadline(t)
	}
	return c.TCPConn.SetWriteDeadline(t)
}

// Close leaves nothing behind that would hold the connection in memory.
func (c *conn) Close() error {
	c.alarm.Stop()
	return c.TCPConn.Close()
}
