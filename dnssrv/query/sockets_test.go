package query_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv/query"
)

// TestPorts: no port is used for more than a few questions, and one on which an
// answer did not come is not used again.
func TestPorts(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	asked, silent := map[string]int{}, map[string]bool{}
	s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		mu.Lock()
		port := w.RemoteAddr().String()
		asked[port]++
		again := silent[port]
		silence := q.Question[0].Name == "silent.test."
		silent[port] = silent[port] || silence
		mu.Unlock()
		if again {
			t.Errorf("%s is used after a question without an answer", port)
		}
		if !silence {
			_ = w.WriteMsg(new(dns.Msg).SetReply(q))
		}
	})}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = s.Shutdown() })
	c := query.New(query.Options{Resolvers: []string{conn.LocalAddr().String()}, Timeout: 100 * time.Millisecond,
		Tries: 1})
	for range 5 {
		for range 20 {
			c.Ask(t.Context(), "example.test", dns.TypeA)
		}
		c.Ask(t.Context(), "silent.test", dns.TypeA)
	}
	mu.Lock()
	defer mu.Unlock()
	for port, n := range asked {
		if n > 16 {
			t.Errorf("%d questions from %s", n, port)
		}
	}
	if len(asked) < 8 { // of ten sockets; the system may give a port twice
		t.Errorf("%d ports for 105 questions", len(asked))
	}
}
