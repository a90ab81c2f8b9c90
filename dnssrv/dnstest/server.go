// Package dnstest is a DNS server on a loopback port for tests. It is fed with zone text (RFC 1035 §5), answers for
// several zones as an authoritative server does (and, following CNAMEs from one to another, as a resolver would), and
// can be told to fail: SERVFAIL, REFUSED, silence, truncation, delay, lameness. It takes updates (RFC 2136) with their
// prerequisites, signed or not (RFC 8945).
package dnstest

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Server answers on one UDP and TCP port of 127.0.0.1 until the test ends.
type Server struct {
	addr string
	udp  *dns.Server
	tcp  *dns.Server

	mu      sync.Mutex
	zones   map[string]zone  // by origin
	faults  map[string]fault // by owner name, "" for every question
	ad      bool
	lame    bool
	keys    map[string]string // TSIG secrets by key name
	queries int
	asked   map[string]int // "name TYPE"
}

// fault is what goes wrong with the questions for a name.
type fault struct {
	rcode    int
	drop     bool
	truncate bool
	garble   bool
	unsigned bool
	delay    time.Duration
}

// Start serves the zones until the test ends. Each zone text begins with its SOA.
func Start(t testing.TB, zones ...string) *Server {
	t.Helper()
	s := &Server{zones: map[string]zone{}, faults: map[string]fault{}, keys: map[string]string{}, asked: map[string]int{}}
	for _, text := range zones {
		if err := s.load(text); err != nil {
			t.Fatalf("dnstest: %v", err)
		}
	}
	listener, packets := listen(t)
	s.addr = listener.Addr().String()
	var ready sync.WaitGroup
	ready.Add(2)
	handler := dns.HandlerFunc(s.serve)
	accept := func(h dns.Header) dns.MsgAcceptAction {
		if h.Bits&(1<<15) != 0 {
			return dns.MsgIgnore
		}
		return dns.MsgAccept // the default refuses updates
	}
	s.udp = &dns.Server{PacketConn: packets, Handler: handler, MsgAcceptFunc: accept, TsigProvider: s,
		NotifyStartedFunc: ready.Done}
	s.tcp = &dns.Server{Listener: listener, Handler: handler, MsgAcceptFunc: accept, TsigProvider: s,
		NotifyStartedFunc: ready.Done}
	var stopped sync.WaitGroup
	stopped.Go(func() { _ = s.udp.ActivateAndServe() })
	stopped.Go(func() { _ = s.tcp.ActivateAndServe() })
	ready.Wait()
	t.Cleanup(func() {
		s.Close()
		stopped.Wait()
	})
	return s
}

// listen finds a port that is free for UDP and TCP alike.
func listen(t testing.TB) (net.Listener, net.PacketConn) {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("dnstest: %v", err)
		}
		packets, err := net.ListenPacket("udp", listener.Addr().String())
		if err == nil {
			return listener, packets
		}
		_ = listener.Close()
	}
	t.Fatal("dnstest: no port free for both UDP and TCP")
	return nil, nil
}

// Addr is the host:port of the server.
func (s *Server) Addr() string { return s.addr }

// Close stops the server: from then on its port is shut.
func (s *Server) Close() {
	_ = s.udp.Shutdown()
	_ = s.tcp.Shutdown()
}

// Load adds a zone, or replaces the one of the same origin.
func (s *Server) Load(t testing.TB, text string) {
	t.Helper()
	if err := s.load(text); err != nil {
		t.Fatalf("dnstest: %v", err)
	}
}

// Fail makes every question for name ("" for all names) end with rcode.
func (s *Server) Fail(name string, rcode int) { s.fault(name, fault{rcode: rcode}) }

// Drop leaves the questions for name ("" for all names) without an answer.
func (s *Server) Drop(name string) { s.fault(name, fault{drop: true}) }

// Truncate makes every UDP answer for name ("" for all names) truncated and empty.
func (s *Server) Truncate(name string) { s.fault(name, fault{truncate: true}) }

// Slow delays the answers for name ("" for all names).
func (s *Server) Slow(name string, d time.Duration) { s.fault(name, fault{delay: d}) }

// Garble puts before every UDP answer for name ("" for all names) one for another question and one with another id, as
// a forger would send.
func (s *Server) Garble(name string) { s.fault(name, fault{garble: true}) }

// Unsigned takes the bit of [Server.AD] from the answers for name, as of a zone without DNSSEC.
func (s *Server) Unsigned(name string) { s.fault(name, fault{unsigned: true}) }

// Heal ends what Fail, Drop, Truncate, Slow, Garble or Unsigned began for name.
func (s *Server) Heal(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.faults, canonical(name))
}

func (s *Server) fault(name string, f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[canonical(name)] = f
}

// AD sets the bit of validated answers (RFC 4035 §3.2.3) from now on.
func (s *Server) AD(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ad = on
}

// Lame takes the authority from the answers: the server behaves as one that a delegation names by mistake.
func (s *Server) Lame(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lame = on
}

// Key makes the server take updates with this TSIG key (secret in base64), and only with a key from then on.
func (s *Server) Key(name, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[canonical(name)] = secret
}

// Queries is how many questions were asked.
func (s *Server) Queries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queries
}

// Asked is how often this question was asked.
func (s *Server) Asked(name string, qtype uint16) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[canonical(name)+" "+dns.TypeToString[qtype]]
}

func canonical(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToLower(dns.Fqdn(name))
}
