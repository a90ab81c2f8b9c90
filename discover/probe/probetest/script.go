// Package probetest plays mail servers on loopback ports for tests: scripted
// ones, healthy or broken in any way, and (with the build tag e2e) Dovecot and
// Postfix themselves.
package probetest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server plays a script to each of its connections, one step a line:
//
//	S: text    sends a line
//	C: prefix  waits for a line that begins so, and closes on another one
//	RAW: text  sends the text, with Go's escapes and no line end
//	BIG: n     sends n bytes without a line end
//	TLS        begins TLS as the server
//	MEET       waits until a connection has come this far at every server of the meeting
//	HANG       says nothing more until the client is gone
//	CLOSE      closes
//
// After the last step it reads until the client closes. It is stopped when
// the test ends.
type Server struct {
	Addr string

	script  string
	tls     *tls.Config
	meeting *Meeting
	late    time.Duration
	conns   sync.WaitGroup

	mu   sync.Mutex
	said []string // by clients
}

// Option changes a [Server].
type Option func(*Server)

// Meets is the meeting of the server's MEET steps.
func Meets(m *Meeting) Option { return func(s *Server) { s.meeting = m } }

// Late delays the greeting, each reply and each handshake of the server.
func Late(d time.Duration) Option { return func(s *Server) { s.late = d } }

// Play starts a server; config is its side of TLS, and may be nil where the
// script has none.
func Play(t testing.TB, config *tls.Config, script string, options ...Option) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: l.Addr().String(), script: strings.TrimSpace(script), tls: config}
	for _, o := range options {
		o(s)
	}
	s.conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.conns.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); s.conns.Wait() })
	return s
}

// patience only ends what a broken test would leave hanging.
const patience = 30 * time.Second

// act is one connection.
type act struct {
	s   *Server
	raw net.Conn
	c   net.Conn // TLS once that is on
	r   *bufio.Reader
}

func (s *Server) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	a := &act{s, c, c, bufio.NewReader(c)}
	time.Sleep(s.late)
	for step := range strings.SplitSeq(s.script, "\n") {
		verb, arg, _ := strings.Cut(strings.TrimSpace(step), " ")
		if !a.step(verb, arg) {
			return
		}
	}
	for {
		line, err := a.r.ReadString('\n')
		s.note(line)
		if err != nil {
			return
		}
	}
}

// step does one step; false when the connection is over.
func (a *act) step(verb, arg string) bool {
	var err error
	switch verb {
	case "": // an empty line
	case "S:":
		_, err = io.WriteString(a.c, arg+"\r\n")
	case "RAW:":
		arg, _ = strconv.Unquote(`"` + arg + `"`)
		_, err = io.WriteString(a.c, arg)
	case "BIG:":
		n, _ := strconv.Atoi(arg)
		_, err = io.WriteString(a.c, strings.Repeat("x", n))
	case "C:":
		var line string
		line, err = a.r.ReadString('\n')
		a.s.note(line)
		time.Sleep(a.s.late)
		return err == nil && strings.HasPrefix(line, arg)
	case "TLS":
		time.Sleep(a.s.late)
		t := tls.Server(a.raw, a.s.tls)
		err = t.Handshake()
		a.c, a.r = t, bufio.NewReader(t)
	case "MEET":
		return a.s.meeting.Join(a.s)
	case "HANG":
		_, _ = io.Copy(io.Discard, a.raw)
		return false
	case "CLOSE":
		return false
	default:
		panic("no such step: " + verb)
	}
	return err == nil
}

func (s *Server) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if line = strings.TrimRight(line, "\r\n"); line != "" {
		s.said = append(s.said, line)
	}
}

// Said is what clients have sent, line by line.
func (s *Server) Said() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.said...)
}

// Heard counts the lines of clients that hold text.
func (s *Server) Heard(text string) int {
	n := 0
	for _, line := range s.Said() {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// Meeting shows that things happen at the same time: nobody gets past it
// before all have come.
type Meeting struct {
	mu      sync.Mutex
	absent  int
	present map[any]bool
	all     chan struct{}
}

// NewMeeting is a meeting of n.
func NewMeeting(n int) *Meeting {
	return &Meeting{absent: n, present: map[any]bool{}, all: make(chan struct{})}
}

// Join waits for the others; who is the same for connections that count as
// one. It is false when they do not come.
func (m *Meeting) Join(who any) bool {
	m.mu.Lock()
	if !m.present[who] {
		m.present[who] = true
		if m.absent--; m.absent == 0 {
			close(m.all)
		}
	}
	m.mu.Unlock()
	select {
	case <-m.all:
		return true
	case <-time.After(patience):
		return false
	}
}
