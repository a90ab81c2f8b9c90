package discover

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"autoconfig/dnssrv/query"
	"autoconfig/provider"
)

// late is what every server in these tests takes for every step.
const late = 300 * time.Millisecond

// slowNet is a network in memory whose every answer comes late: DNS, connections
// and HTTP. It runs on the clock of a synctest bubble, so what is measured is
// the length of the chains and nothing else.
type slowNet struct {
	listeners map[string]chan net.Conn // by port
	servers   []*http.Server
	busy      sync.WaitGroup // handlers
}

type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)} }

func newSlowNet(t *testing.T, answer http.HandlerFunc) (*slowNet, *Env) {
	t.Helper()
	ca := newAuthority(t)
	n := &slowNet{listeners: map[string]chan net.Conn{}}
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		n.busy.Add(1)
		defer n.busy.Done()
		time.Sleep(late)
		answer(rw, r)
	})
	for _, port := range []string{"80", "443"} {
		p := pipes{make(chan net.Conn), make(chan struct{})}
		n.listeners[port] = p.conns
		srv := &http.Server{Handler: handler, ErrorLog: quiet()}
		n.servers = append(n.servers, srv)
		if port == "443" {
			srv.TLSConfig = &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
				return ca.issue(h.ServerName, nil, false)
			}}
			go func() { _ = srv.ServeTLS(p, "", "") }()
			continue
		}
		go func() { _ = srv.Serve(p) }()
	}
	env := &Env{Roots: ca.pool, ISPDB: "https://ispdb.test/v1.1/", Dial: n.dial,
		Host: func(ctx context.Context, _ string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, pause(ctx)
		},
		SRV: func(context.Context, string) ([]query.SRV, error) {
			time.Sleep(late)
			return nil, provider.ErrNotFound
		},
		TXT: func(context.Context, string) ([]string, error) { time.Sleep(late); return nil, provider.ErrNotFound },
		NS: func(context.Context, string) ([]string, error) {
			time.Sleep(late)
			return []string{"ns.hoster.test"}, nil
		},
		MX: func(context.Context, string) ([]string, error) {
			time.Sleep(late)
			return []string{"mx.eu.hoster.test"}, nil
		},
	}
	return n, env
}

// pause is late, or less when nobody waits any more: what slept on would outlive
// the bubble.
func pause(ctx context.Context) error {
	select {
	case <-time.After(late):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (n *slowNet) dial(ctx context.Context, _, address string) (net.Conn, error) {
	if err := pause(ctx); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	conns := n.listeners[port]
	if conns == nil {
		return nil, &net.OpError{Op: "dial", Err: net.ErrClosed}
	}
	ours, theirs := net.Pipe()
	select {
	case conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *slowNet) close() {
	for _, s := range n.servers {
		_ = s.Close()
	}
	n.busy.Wait()
}

// elapsed is how long discovery takes on the bubble's clock.
func elapsed(t *testing.T, answer http.HandlerFunc, names ...string) time.Duration {
	t.Helper()
	var took time.Duration
	synctest.Test(t, func(t *testing.T) {
		n, env := newSlowNet(t, answer)
		defer n.close()
		start := time.Now()
		if _, err := Run(t.Context(), env, user().addr, names...); err != nil {
			t.Error(err)
		}
		took = time.Since(start)
	})
	return took
}

// TestLongestChain: all clients together take as long as the slowest of them,
// and a client that asks at once takes as long as its longest chain of steps.
func TestLongestChain(t *testing.T) {
	t.Parallel()
	// A request is a host look-up, a connection and an answer: three times late.
	const request = 3 * late
	slowest := time.Duration(0)
	wants := map[string]time.Duration{
		"thunderbird": late + request + 2*late,   // MX and a request at its domain, then the guess: a look-up and a connection
		"srv":         late,                      // six questions at once
		"pacc":        request,                   // the digest meanwhile
		"aerc":        request,                   // MX and a guess are as long
		"geary":       2 * request,               // one after the other
		"kde":         request,                   // the ISPDB has answered
		"deltachat":   4*request + late + 2*late, // connections are kept: the third request goes to a host that is connected
		"outlook":     3*request + late,          // three places and the SRV record
		"mailspring":  3 * request,
		"outlook-new": 2 * request,
	}
	for _, c := range Clients() {
		took := elapsed(t, http.NotFound, c.Name)
		if want := wants[c.Name]; want != 0 && took != want {
			t.Errorf("%s took %v, want %v", c.Name, took, want)
		}
		slowest = max(slowest, took)
	}
	if took := elapsed(t, http.NotFound); took != slowest {
		t.Errorf("all clients took %v, the slowest %v", took, slowest)
	}
}

// TestThunderbirdWaits: a place of higher priority that answers late is waited
// for, one that does not answer for five seconds.
func TestThunderbirdWaits(t *testing.T) {
	t.Parallel()
	for delay, want := range map[time.Duration]string{2 * time.Second: "one", 6 * time.Second: "two"} {
		synctest.Test(t, func(t *testing.T) {
			n, env := newSlowNet(t, func(rw http.ResponseWriter, r *http.Request) {
				host := map[string]string{"autoconfig.example.test": "one", "example.test": "two"}[r.Host]
				if host == "" || r.Method != http.MethodGet || r.TLS == nil {
					http.NotFound(rw, r)
					return
				}
				if host == "one" {
					time.Sleep(delay)
				}
				rw.Header().Set("Content-Type", "text/xml")
				_, _ = rw.Write([]byte(named(host).body))
			})
			defer n.close()
			r, err := Run(t.Context(), env, user().addr, "thunderbird")
			if err != nil || r.Clients[0].Settings == nil || r.Clients[0].Settings.Incoming.Host != want+".example.test" {
				t.Fatalf("%v, after %v: %s\n%s", err, delay, verdict(r.Clients[0]), steps(r.Clients[0]))
			}
			if s := step1(t, r.Clients[0]); want == "two" && (s.Fault != FaultTimeout || s.MS != 5000) {
				t.Errorf("the first place: %+v", s)
			}
		})
	}
}

// TestLimit: the time of a whole discovery is bounded.
func TestLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, env := newSlowNet(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then the server sees the client go
			<-r.Context().Done()
		})
		defer n.close()
		env.Limit = 20 * time.Second
		start := time.Now()
		if _, err := Run(t.Context(), env, user().addr); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != env.Limit {
			t.Errorf("took %v, want %v", took, env.Limit)
		}
	})
}

// TestHangingConnections: servers that never take the connection, and servers
// that take it and say nothing, cost a step its time and leave nothing behind:
// a goroutine that still waited would fail the bubble.
func TestHangingConnections(t *testing.T) {
	t.Parallel()
	for name, dial := range map[string]func(ctx context.Context) (net.Conn, error){
		"no connection": func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
		"no handshake":  func(context.Context) (net.Conn, error) { ours, _ := net.Pipe(); return ours, nil },
	} {
		synctest.Test(t, func(t *testing.T) {
			n, env := newSlowNet(t, http.NotFound)
			defer n.close()
			env.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
			r, err := Run(t.Context(), env, user().addr, "thunderbird", "geary")
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Clients {
				if s := step1(t, c); s.Fault != FaultTimeout ||
					s.MS != map[string]int64{"thunderbird": 5000, "geary": 15000}[c.Client] {
					t.Errorf("%s, %s: %+v", name, c.Client, s)
				}
			}
		})
	}
}

// TestSecondAddress: an address that takes no connection leaves time for the
// next one of the host.
func TestSecondAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, env := newSlowNet(t, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/xml")
			_, _ = io.WriteString(rw, document)
		})
		defer n.close()
		env.Host = func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("192.0.2.1")}, nil
		}
		env.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address[:len("192.0.2.9")] == "192.0.2.9" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return n.dial(ctx, network, address)
		}
		r, err := Run(t.Context(), env, user().addr, "geary")
		if err != nil || verdict(r.Clients[0]) != found("imap") {
			t.Errorf("%v, %s\n%s", err, verdict(r.Clients[0]), steps(r.Clients[0]))
		}
	})
}
