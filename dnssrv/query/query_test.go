package query_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/query"
	"autoconfig/provider"
)

func client(servers ...*dnstest.Server) *query.Client {
	var addrs []string
	for _, s := range servers {
		addrs = append(addrs, s.Addr())
	}
	return query.New(query.Options{Resolvers: addrs, Timeout: 700 * time.Millisecond, Tries: 2, Backoff: time.Millisecond})
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, dnstest.Zone(
		"@ MX 10 mx", "mx A 192.0.2.1", "alias CNAME mx", "dangling CNAME nothing", "away CNAME host.elsewhere.invalid.",
		"*.wild A 192.0.2.9", "deep.er A 192.0.2.3", "loop CNAME loop", "sub NS ns.sub",
		"both CNAME mx", "both A 192.0.2.7"))
	s.Fail("broken.example.test", dns.RcodeServerFailure)
	s.Fail("closed.example.test", dns.RcodeRefused)
	s.Fail("odd.example.test", dns.RcodeYXDomain)
	s.Drop("silent.example.test")
	s.Truncate("big.example.test")
	c := client(s)
	for _, test := range []struct {
		name    string
		qtype   uint16
		outcome query.Outcome
		records int
		cnames  int
	}{
		{"example.test", dns.TypeMX, query.NOERROR, 1, 0},
		{"MX.Example.Test.", dns.TypeA, query.NOERROR, 1, 0},
		{"mx.example.test", dns.TypeAAAA, query.NODATA, 0, 0},
		{"nothing.example.test", dns.TypeA, query.NXDOMAIN, 0, 0},
		{"er.example.test", dns.TypeA, query.NODATA, 0, 0},
		{"alias.example.test", dns.TypeA, query.NOERROR, 1, 1},
		{"alias.example.test", dns.TypeCNAME, query.NOERROR, 1, 0},
		{"dangling.example.test", dns.TypeA, query.NXDOMAIN, 0, 1},
		{"away.example.test", dns.TypeA, query.NODATA, 0, 1},
		{"x.y.wild.example.test", dns.TypeA, query.NOERROR, 1, 0},
		{"loop.example.test", dns.TypeA, query.SERVFAIL, 0, 1},
		{"x.sub.example.test", dns.TypeA, query.NODATA, 0, 0},
		{"broken.example.test", dns.TypeA, query.SERVFAIL, 0, 0},
		{"odd.example.test", dns.TypeA, query.SERVFAIL, 0, 0},
		{"closed.example.test", dns.TypeA, query.REFUSED, 0, 0},
		{"elsewhere.invalid", dns.TypeA, query.REFUSED, 0, 0},
		{"silent.example.test", dns.TypeA, query.TIMEOUT, 0, 0},
		{"big.example.test", dns.TypeA, query.NXDOMAIN, 0, 0},
		{"both.example.test", dns.TypeA, query.NOERROR, 1, 1},
	} {
		a := c.Ask(t.Context(), test.name, test.qtype)
		if a.Outcome != test.outcome || len(a.RRs) != test.records {
			t.Errorf("%s: %s with %d records, want %s with %d (%v)", test.name, a.Outcome, len(a.RRs), test.outcome,
				test.records, a.Err)
		}
		if test.name != "loop.example.test" && len(a.CNAMEs) != test.cnames {
			t.Errorf("%s: %d CNAMEs", test.name, len(a.CNAMEs))
		}
	}
	if a := c.Ask(t.Context(), "both.example.test", dns.TypeA); len(a.NextToCNAME) != 1 {
		t.Errorf("beside the CNAME: %v", a.NextToCNAME)
	}
	if a := c.Ask(t.Context(), "x.sub.example.test", dns.TypeA); len(a.NS) != 1 || a.AA {
		t.Errorf("referral: %v AA %t", a.NS, a.AA)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, dnstest.Zone())
	s.Fail("broken.example.test", dns.RcodeServerFailure)
	c := client(s)
	_, err := c.LookupMX(t.Context(), "example.test")
	if !errors.Is(err, provider.ErrNotFound) || err.Error() != "example.test MX: NODATA from "+s.Addr()+
		": provider: domain not served" && !strings.HasPrefix(err.Error(), "example.test MX: NODATA") {
		t.Error(err)
	}
	_, err = c.LookupSRV(t.Context(), "broken.example.test")
	var q *query.QuestionError
	if !errors.Is(err, provider.ErrUnavailable) || !errors.As(err, &q) || q.Timeout() {
		t.Error(err)
	}
	s.Close()
	_, err = c.LookupTXT(t.Context(), "example.test")
	if !errors.Is(err, provider.ErrUnavailable) || !errors.As(err, &q) || !q.Timeout() {
		t.Error(err)
	}
}

func TestRetryAndNextServer(t *testing.T) {
	t.Parallel()
	bad, good := dnstest.Start(t, dnstest.Zone()), dnstest.Start(t, dnstest.Zone("@ MX 10 mx"))
	bad.Fail("", dns.RcodeServerFailure)
	if got, err := client(bad, good).LookupMX(t.Context(), "example.test"); err != nil ||
		!slices.Equal(got, []string{"mx.example.test"}) {
		t.Error(got, err)
	}
	down := dnstest.Start(t, dnstest.Zone())
	down.Close()
	if _, err := client(down, good).LookupMX(t.Context(), "example.test"); err != nil {
		t.Error(err)
	}
	if a := client(down, bad).Ask(t.Context(), "example.test", dns.TypeMX); a.Outcome != query.SERVFAIL ||
		a.Server != bad.Addr() {
		t.Errorf("%s from %s, want the SERVFAIL", a.Outcome, a.Server)
	}
}

func TestForgedAnswersArePassedOver(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, dnstest.Zone("mx A 192.0.2.1"))
	s.Garble("")
	if got, err := client(s).LookupHost(t.Context(), "mx.example.test"); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
}

// A message that holds fewer records than it announces, or records of another
// class, says nothing; the next one may.
func TestUnsoundAnswers(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(raw []byte){
		"announces 500":    func(raw []byte) { raw[6], raw[7] = 1, 244 },
		"announces an NS":  func(raw []byte) { raw[9] = 1 },
		"of class CHAOS":   func(raw []byte) { raw[len(raw)-13] = dns.ClassCHAOS }, // type, class, TTL, length, four octets
		"of class NONE":    func(raw []byte) { raw[len(raw)-13] = dns.ClassNONE },
		"nothing is wrong": func([]byte) {},
	} {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var server sync.WaitGroup
		server.Go(func() {
			b := make([]byte, 1500)
			for {
				n, from, err := conn.ReadFrom(b)
				if err != nil {
					return
				}
				q := new(dns.Msg)
				if q.Unpack(b[:n]) != nil {
					return
				}
				m := new(dns.Msg).SetReply(q)
				m.Answer = []dns.RR{dnstest.RR(t, q.Question[0].Name+" 60 IN A 192.0.2.1")}
				raw, err := m.Pack()
				if err != nil {
					return
				}
				spoil(raw)
				_, _ = conn.WriteTo(raw, from)
			}
		})
		c := query.New(query.Options{Resolvers: []string{conn.LocalAddr().String()}, Tries: 1,
			Timeout: 300 * time.Millisecond})
		if a := c.Ask(t.Context(), "example.test", dns.TypeA); (a.Outcome == query.NOERROR) != (name == "nothing is wrong") {
			t.Errorf("%s: %s %v", name, a.Outcome, a.RRs)
		}
		_ = conn.Close()
		server.Wait()
	}
}

func TestServerWithoutEDNS(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if q.IsEdns0() != nil {
			m.Rcode, m.Question = dns.RcodeFormatError, nil
		} else {
			m.Answer = []dns.RR{dnstest.RR(t, q.Question[0].Name+" 60 IN A 192.0.2.1")}
		}
		_ = w.WriteMsg(m)
	})}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.ActivateAndServe() })
	defer wg.Wait()
	defer func() { _ = conn.Close() }()
	c := query.New(query.Options{Resolvers: []string{conn.LocalAddr().String()}, Tries: 1})
	if a := c.Ask(t.Context(), "example.test", dns.TypeA); a.Outcome != query.NOERROR {
		t.Error(a.Outcome, a.Err)
	}
}

func TestCancelledQuestionEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, dnstest.Zone())
	s.Drop("")
	c := query.New(query.Options{Resolvers: []string{s.Addr()}, Timeout: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan query.Answer)
	go func() { done <- c.Ask(ctx, "example.test", dns.TypeMX) }()
	for s.Queries() == 0 {
		time.Sleep(time.Millisecond) // until the question is under way
	}
	cancel()
	if a := <-done; a.Outcome != query.TIMEOUT || !errors.Is(a.Err, context.Canceled) {
		t.Error(a.Outcome, a.Err)
	}
}

func TestRateLimitPerServer(t *testing.T) {
	t.Parallel()
	a, b := dnstest.Start(t, dnstest.Zone()), dnstest.Start(t, dnstest.Zone())
	c := query.New(query.Options{Resolvers: []string{a.Addr()}, PerSecond: 50})
	start := time.Now()
	for range 10 {
		c.Ask(t.Context(), "example.test", dns.TypeMX)
	}
	if spent := time.Since(start); spent < 90*time.Millisecond {
		t.Errorf("10 questions at 50 a second took %s", spent)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if got := c.AskServer(ctx, b.Addr(), "example.test", dns.TypeSOA); got.Outcome != query.NOERROR {
		t.Errorf("another server: %s", got.Outcome)
	}
}

func TestConnectTo(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, dnstest.Zone())
	c := query.New(query.Options{Resolvers: []string{"ns.invalid:53"}, ConnectTo: func(string) string { return s.Addr() }})
	if a := c.Ask(t.Context(), "example.test", dns.TypeSOA); a.Outcome != query.NOERROR {
		t.Error(a.Outcome, a.Err)
	}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, dnstest.Zone("@ MX 10 B.example.test.", "@ MX 10 a", "@ MX 20 c", "null MX 0 .", "@ NS ns1",
		"_imaps._tcp SRV 0 1 993 IMAP.example.test.", "txt TXT \"one\" \"two\"", "h A 192.0.2.1", "h AAAA 2001:db8::1"))
	c := client(s)
	ctx := t.Context()
	if got, err := c.LookupMX(ctx, "example.test"); err != nil ||
		strings.Join(got, " ") != "a.example.test b.example.test" {
		t.Error(got, err)
	}
	if _, err := c.LookupMX(ctx, "null.example.test"); !errors.Is(err, provider.ErrNotFound) {
		t.Error(err)
	}
	if got, err := c.LookupSRV(ctx, "_imaps._tcp.example.test"); err != nil || len(got) != 1 ||
		got[0] != (query.SRV{0, 1, 993, "imap.example.test"}) {
		t.Error(got, err)
	}
	if got, err := c.LookupTXT(ctx, "txt.example.test"); err != nil || strings.Join(got, "|") != "onetwo" {
		t.Error(got, err)
	}
	if got, err := c.LookupHost(ctx, "h.example.test"); err != nil || len(got) != 2 || got[0].String() != "192.0.2.1" {
		t.Error(got, err)
	}
	if _, err := c.LookupHost(ctx, "none.example.test"); !errors.Is(err, provider.ErrNotFound) {
		t.Error(err)
	}
	if got, err := c.LookupNS(ctx, "example.test"); err != nil || strings.Join(got, " ") != "ns1.example.test" {
		t.Error(got, err)
	}
}

// The order of RFC 2782, without its draw: priorities first, then the heavier.
func TestOrder(t *testing.T) {
	list := []query.SRV{
		{10, 0, 1, "later"}, {0, 30, 1, "often"}, {0, 0, 1, "seldom"}, {0, 10, 1, "sometimes"}, {0, 10, 1, "as much"},
	}
	var got []string
	for _, s := range query.Order(list) {
		got = append(got, s.Target)
	}
	if want := []string{"often", "sometimes", "as much", "seldom", "later"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if list[0].Target != "later" {
		t.Error("the list given was changed")
	}
	if got := query.Order(nil); len(got) != 0 {
		t.Error(got)
	}
}
