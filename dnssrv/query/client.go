package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

// Options configure a [Client]; the zero value of a field is its default.
type Options struct {
	Resolvers []string // host:port each, asked in turn; default 127.0.0.1:53
	// ResolversNow are asked in the place of Resolvers where they may change; nil: they do not.
	ResolversNow func() []string

	Timeout   time.Duration // for one try; default 2s
	Tries     int           // in all, over the resolvers in turn; default 3
	Backoff   time.Duration // before the second try, doubled before each later one; default 100ms
	PerSecond float64       // questions a second to one server; default 0: no limit
	InFlight  int           // questions under way; default 64
	// ConnectTo replaces the host:port of a name server, as curl's --connect-to does; nil, or the same text: it stays.
	ConnectTo func(hostPort string) string
}

// Client asks over UDP with EDNS(0), over TCP when truncated (RFC 7766 §5), and again. It is safe for concurrent use.
type Client struct {
	o        Options
	inFlight *semaphore.Weighted
	sockets  sockets
	limiters Memory[*rate.Limiter] // by server
}

// New makes a client.
func New(o Options) *Client {
	if len(o.Resolvers) == 0 {
		o.Resolvers = []string{"127.0.0.1:53"}
	}
	if o.ResolversNow == nil {
		o.ResolversNow = func() []string { return o.Resolvers }
	}
	o.Timeout, o.Tries = cmp.Or(o.Timeout, 2*time.Second), cmp.Or(o.Tries, 3)
	o.Backoff, o.InFlight = cmp.Or(o.Backoff, 100*time.Millisecond), cmp.Or(o.InFlight, 64)
	return &Client{o: o, inFlight: semaphore.NewWeighted(int64(o.InFlight))}
}

// udpSize is what fits a packet on every path (RFC 9715 §3.2, DNS flag day 2020).
const udpSize = 1232

// Ask asks the resolvers.
func (c *Client) Ask(ctx context.Context, name string, qtype uint16) Answer {
	return c.ask(ctx, c.o.ResolversNow(), question{name: dns.CanonicalName(name), qtype: qtype, recurse: true})
}

// AskServer asks one name server, host:port, for what it knows itself.
func (c *Client) AskServer(ctx context.Context, server, name string, qtype uint16) Answer {
	return c.ask(ctx, []string{server}, question{name: dns.CanonicalName(name), qtype: qtype})
}

// AskUnchecked asks the resolvers for what does not validate too: with checking disabled (RFC 4035 §3.2.2).
func (c *Client) AskUnchecked(ctx context.Context, name string, qtype uint16) Answer {
	q := question{name: dns.CanonicalName(name), qtype: qtype, recurse: true, noCheck: true}
	return c.ask(ctx, c.o.ResolversNow(), q)
}

// Dialled is the host:port that is connected to for a name server: another place where ConnectTo says so.
func (c *Client) Dialled(hostPort string) string {
	if c.o.ConnectTo == nil {
		return hostPort
	}
	return c.o.ConnectTo(hostPort)
}

type question struct {
	name    string
	qtype   uint16
	recurse bool
	noCheck bool // the CD bit
}

// ask tries the servers in turn until one answers. SERVFAIL and REFUSED are kept only until another knows better.
func (c *Client) ask(ctx context.Context, servers []string, q question) Answer {
	last := Answer{Name: q.name, Type: q.qtype, Outcome: TIMEOUT}
	pause := c.o.Backoff
	for try := range c.o.Tries {
		if try > 0 && try%len(servers) == 0 {
			if !Sleep(ctx, pause+rand.N(pause/2+1)) { //nolint:gosec // only spreads retries
				break
			}
			pause *= 2
		}
		a := c.once(ctx, servers[try%len(servers)], q)
		if a.Outcome.Known() {
			return a
		}
		if a.Outcome != TIMEOUT || last.Outcome == TIMEOUT {
			last = a
		}
		if ctx.Err() != nil || a.Outcome == REFUSED && len(servers) == 1 {
			break // asking the same server again brings the same refusal
		}
	}
	return last
}

// Sleep waits, and is false when ctx ends first.
func Sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// once is one try at a server: UDP, TCP if need be, and without EDNS for a server that lacks it (RFC 6891 §7).
func (c *Client) once(ctx context.Context, server string, q question) Answer {
	a := Answer{Name: q.name, Type: q.qtype, Outcome: TIMEOUT, Server: server}
	if a.Err = c.admit(ctx, server); a.Err != nil {
		return a
	}
	defer c.inFlight.Release(1)
	m := q.message()
	r, err := c.exchange(ctx, "udp", server, m)
	if err == nil && (r.Rcode == dns.RcodeFormatError || r.Rcode == dns.RcodeNotImplemented) && r.IsEdns0() == nil {
		m.Extra = nil
		r, err = c.exchange(ctx, "udp", server, m)
	}
	if err == nil && r.Truncated {
		r, err = c.exchange(ctx, "tcp", server, m)
		if err == nil && r.Truncated {
			err = errors.New("the answer is truncated over TCP too")
		}
	}
	if err != nil {
		a.Err = err
		return a
	}
	a.read(r)
	return a
}

func (q question) message() *dns.Msg {
	m := new(dns.Msg)
	m.Id = dns.Id() // from crypto/rand (RFC 5452 §9.2)
	m.RecursionDesired, m.CheckingDisabled = q.recurse, q.noCheck
	m.AuthenticatedData = q.recurse // asks for the AD bit in the answer (RFC 6840 §5.7)
	m.Question = []dns.Question{{Name: q.name, Qtype: q.qtype, Qclass: dns.ClassINET}}
	m.SetEdns0(udpSize, false)
	return m
}

func (c *Client) admit(ctx context.Context, server string) error {
	if c.o.PerSecond > 0 {
		limiter, _ := c.limiters.Get(server, func() (*rate.Limiter, error) {
			return rate.NewLimiter(rate.Limit(c.o.PerSecond), max(1, int(c.o.PerSecond/10))), nil
		})
		if err := limiter.Wait(ctx); err != nil {
			return err
		}
	}
	return c.inFlight.Acquire(ctx, 1)
}

func (c *Client) exchange(ctx context.Context, network, server string, m *dns.Msg) (*dns.Msg, error) {
	server = c.Dialled(server)
	deadline := time.Now().Add(c.o.Timeout) // a context of its own would cost more than all the rest
	addr, err := netip.ParseAddrPort(server)
	if err == nil && network == "udp" { // UDP to an address needs no time
		s, err := c.sockets.get(addr, server)
		if err != nil {
			return nil, err
		}
		r, err := converse(ctx, network, s.Conn, deadline, m)
		c.sockets.put(s, err == nil)
		return r, err
	}
	d := net.Dialer{Deadline: deadline}
	raw, err := d.DialContext(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = raw.Close() }()
	return converse(ctx, network, raw, deadline, m)
}

// converse sends m over a connection and waits for the message that answers it. Over UDP anything else that arrives is
// a forgery or belongs to an older question, and is passed over (RFC 5452 §9.1).
func converse(ctx context.Context, network string, raw net.Conn, deadline time.Time, m *dns.Msg) (*dns.Msg, error) {
	_ = raw.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	conn := &dns.Conn{Conn: raw, UDPSize: udpSize}
	if err := conn.WriteMsg(m); err != nil {
		return nil, err
	}
	for {
		r, err := readMessage(conn)
		if err != nil && (r == nil || network == "tcp") {
			return nil, Contextual(ctx, err)
		}
		if err == nil && Answers(r, m) {
			return r, nil
		}
		if network == "tcp" {
			return nil, errors.New("the server answered another question")
		}
	}
}

// readMessage reads one message. One that holds fewer records than its header announces (RFC 1035 §4.1.1), or any of
// another class than was asked for, comes with an error: nothing in it is to be believed.
func readMessage(conn *dns.Conn) (*dns.Msg, error) {
	var h dns.Header
	raw, err := conn.ReadMsgHeader(&h)
	if err != nil {
		return nil, err
	}
	m := new(dns.Msg)
	if err := m.Unpack(raw); err != nil {
		return m, err
	}
	if m.Truncated {
		return m, nil // asked again over TCP
	}
	if len(m.Answer) != int(h.Ancount) || len(m.Ns) != int(h.Nscount) || len(m.Extra) != int(h.Arcount) {
		return m, errors.New("the message announces more records than it holds")
	}
	for _, rr := range slices.Concat(m.Answer, m.Ns) {
		if rr.Header().Class != dns.ClassINET {
			return m, errors.New("a record of another class than IN")
		}
	}
	return m, nil
}

// Contextual names the caller's cancellation rather than the deadline it set.
func Contextual(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if netErr, ok := errors.AsType[net.Error](err); ok {
		if netErr.Timeout() {
			return context.DeadlineExceeded
		}
		return err
	}
	return fmt.Errorf("broken answer: %w", err)
}

// Answers reports whether r is the response to m. A server that cannot read the question may leave it out of its error.
func Answers(r, m *dns.Msg) bool {
	if !r.Response || r.Id != m.Id || r.Opcode != m.Opcode {
		return false
	}
	if len(r.Question) == 0 {
		return r.Rcode != dns.RcodeSuccess && r.Rcode != dns.RcodeNameError
	}
	q, p := m.Question[0], r.Question[0]
	return len(r.Question) == 1 && p.Qtype == q.Qtype && p.Qclass == q.Qclass && strings.EqualFold(p.Name, q.Name)
}
