package server

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/net/nettest"
)

// connPair is an accepted connection and its client's side.
func connPair(t *testing.T) (accepted *conn, client net.Conn) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	client, err = (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := tcpListener{l.(*net.TCPListener)}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c.(*conn), client
}

func (c *conn) alarmAt() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rings
}

// Deadlines are kept as the interface wants it.
func TestConn(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		c1, c2 := connPair(t)
		return c1, c2, func() { _ = c1.Close(); _ = c2.Close() }, nil
	})
}

// A deadline holds whether it is before or after the alarm that an earlier one has set, and one that was taken back or
// put off while the alarm ran ends nothing.
func TestConnDeadlines(t *testing.T) {
	const soon, later = 30 * time.Millisecond, 90 * time.Millisecond
	for name, tt := range map[string]struct {
		first, second time.Duration // 0: none
	}{
		"put off":    {soon, later},
		"moved up":   {time.Hour, soon},
		"taken back": {soon, 0},
		"only one":   {0, soon},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, client := connPair(t)
			defer func() { _ = c.Close(); _ = client.Close() }()
			defer time.AfterFunc(20*time.Second, func() { _ = client.Close() }).Stop() // ends a test that fails
			begin := time.Now()
			for _, wait := range []time.Duration{tt.first, tt.second} {
				var at time.Time
				if wait > 0 {
					at = begin.Add(wait)
				}
				if err := c.SetReadDeadline(at); err != nil {
					t.Fatal(err)
				}
				if rings := c.alarmAt(); wait > 0 && (rings.IsZero() || rings.After(at)) {
					t.Errorf("the alarm rings at %v, after %v", rings, at)
				}
			}
			if tt.second == 0 {
				time.AfterFunc(later, func() { _, _ = client.Write([]byte("x")) })
			}
			_, err := c.Read(make([]byte, 1))
			if timeout := errors.Is(err, os.ErrDeadlineExceeded); timeout != (tt.second > 0) {
				t.Errorf("%v", err)
			}
			if took := time.Since(begin); took < tt.second {
				t.Errorf("after %v", took)
			}
		})
	}
}

// A closed connection is not kept in memory until its alarm.
func TestConnClosed(t *testing.T) {
	c, client := connPair(t)
	_ = client.Close()
	if err := c.Close(); err != nil || c.alarm.Stop() {
		t.Errorf("%v, or the alarm goes on", err)
	}
}
