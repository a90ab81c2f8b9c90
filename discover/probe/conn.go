package probe

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"autoconfig/provider"
)

const (
	mostLine  = 48 << 10 // bytes of one line; RFC 5321 §4.5.3.1.5 has 512, IMAP servers send more
	mostTotal = 64 << 10 // bytes of one conversation, certificates included
	mostLines = 200      // lines of one reply
	keptBytes = 256      // of the beginning, to show what answered
)

// errOversized ends a conversation in which the server sends without end.
var errOversized = errors.New("the server sends more than any mail server does")

// refusal is a server's negative reply; unexpected is text that is not a reply of the protocol at all.
type (
	refusal    struct{ text string }
	unexpected struct{ text string }
)

func (r refusal) Error() string    { return "refused: " + r.text }
func (u unexpected) Error() string { return "unexpected answer: " + u.text }

// conn is a connection read line by line, each step in its time.
type conn struct {
	net.Conn        // TLS once that is on
	in       *meter // under it
	r        *bufio.Reader
	step     time.Duration
	end      time.Time // of the whole conversation
	last     string    // the command sent last, without its arguments
	stop     func() bool
}

// meter counts the bytes that are still taken, and keeps the first ones.
type meter struct {
	net.Conn
	left  int
	first bytes.Buffer
}

func (m *meter) Read(b []byte) (int, error) {
	if m.left <= 0 {
		return 0, errOversized
	}
	n, err := m.Conn.Read(b[:min(len(b), m.left)])
	m.left -= n
	m.first.Write(b[:min(n, keptBytes-m.first.Len())])
	return n, err
}

// newConn wraps a connection; it is closed when ctx ends.
func newConn(ctx context.Context, raw net.Conn, step time.Duration) *conn {
	c := &conn{in: &meter{Conn: raw, left: mostTotal}, step: step, last: "the connection"}
	c.use(c.in)
	c.end, _ = ctx.Deadline()
	c.stop = context.AfterFunc(ctx, func() { _ = raw.Close() })
	return c
}

func (c *conn) use(stream net.Conn) { c.Conn, c.r = stream, bufio.NewReaderSize(stream, mostLine) }

func (c *conn) close() {
	c.stop()
	_ = c.in.Close() // not tls.Conn.Close, which may wait to say goodbye
}

// limit gives the next step its time; what it meets, the step meets too.
func (c *conn) limit() {
	deadline := time.Now().Add(c.step)
	if !c.end.IsZero() && c.end.Before(deadline) {
		deadline = c.end.Add(-10 * time.Millisecond) // so that it ends as a time-out, before ctx closes it
	}
	_ = c.SetDeadline(deadline)
}

// lines reads the lines of one reply; done says which is its last.
func (c *conn) lines(done func(line string) bool) ([]string, error) {
	c.limit()
	var out []string
	for range mostLines {
		raw, err := c.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			err = errOversized
		}
		if err != nil {
			return out, err
		}
		line := strings.TrimRight(string(raw), "\r\n")
		out = append(out, line)
		if done(line) {
			return out, nil
		}
	}
	return out, errOversized
}

// send sends a line, which may be secret and must never be shown.
func (c *conn) send(line string) error {
	c.limit()
	_, err := io.WriteString(c.Conn, line+"\r\n")
	return err
}

// buffered reports whether bytes have come that nobody has read yet.
func (c *conn) buffered() bool { return c.r.Buffered() > 0 }

// beginning is the first line the server sent, undeciphered.
func (c *conn) beginning() string {
	line, _, _ := strings.Cut(c.in.first.String(), "\n")
	return line
}

// startTLS begins TLS of version most or older. Version and certificate are checked afterwards, before any secret goes.
func (c *conn) startTLS(ctx context.Context, host string, most uint16) (tls.ConnectionState, error) {
	c.limit()
	t := tls.Client(c.Conn, &tls.Config{
		ServerName: host, InsecureSkipVerify: true, //nolint:gosec // Prober.certificate verifies
		MinVersion: tls.VersionTLS10, MaxVersion: most, // to find servers that speak no better
	})
	if err := t.HandshakeContext(ctx); err != nil {
		return tls.ConnectionState{}, err
	}
	c.use(t)
	return t.ConnectionState(), nil
}

// timedOut reports whether err means that nothing came in time.
func timedOut(err error) bool {
	netErr, ok := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || ok && netErr.Timeout()
}

// whole is a server's text on one line, fit to be read and shown.
func whole(text string) string { return provider.Printable(strings.Join(strings.Fields(text), " "), 0) }

// clean is whole for messages: not long.
func clean(text string) string { return provider.Printable(whole(text), 200) }
