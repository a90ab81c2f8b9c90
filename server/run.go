package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pires/go-proxyproto"

	"autoconfig/acme"
)

// Listen is where and how a server listens. Empty addresses are left out.
type Listen struct {
	HTTP, HTTPS, Admin string
	Certificate        *Certificate   // for HTTPS, from files
	ACME               *acme.Options  // for HTTPS, on demand; the server fills in all but where from and where to
	ProxyProtocol      bool           // HTTPS connections from trusted proxies begin with it
	Drain              time.Duration  // go on accepting after the stop was asked for
	Ready              func(net.Addr) // called once all listeners are open, with the address of HTTP or nil; may be nil
	Stopping           func()         // called when the stop begins, before anything closes; may be nil
}

// The time-outs of a connection: no phase can be held open for long.
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 10 * time.Second
	writeTimeout    = 15 * time.Second
	idleTimeout     = 60 * time.Second
	shutdownTimeout = 15 * time.Second
)

// listener is an open port and what answers there.
type listener struct {
	net.Listener
	tcp  *net.TCPListener // below TLS and the PROXY protocol
	name string           // as the log calls it
	http *http.Server
}

// Run listens and serves until ctx ends, then lets the requests in progress finish. It logs one line once all listeners
// are open.
func (s *Server) Run(ctx context.Context, l Listen) error {
	open, attrs, err := s.open(ctx, l)
	if err != nil {
		return err
	}
	if a := s.acme.Load(); a != nil {
		running, stop := context.WithCancel(context.WithoutCancel(ctx)) // while draining, too
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			a.Run(running)
		}()
		go s.signer.run(running)
		defer func() { stop(); <-ended }()
	}
	failed := make(chan error, len(open))
	for _, o := range open {
		o.http.Handler = s.instrument(o.http.Handler)
		go func() { failed <- o.http.Serve(o.Listener) }()
	}
	s.opts.Log.Info("listening", attrs...)
	if l.Ready != nil {
		var plain net.Addr
		if open[0].name == "addr" {
			plain = open[0].Addr()
		}
		l.Ready(plain)
	}

	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	s.stopping.Store(true) // /readyz says so before any listener closes
	s.traffic.last.Store(time.Now().UnixNano())
	if l.Stopping != nil {
		l.Stopping()
	}
	if err == nil {
		time.Sleep(l.Drain)
	}
	return errors.Join(err, s.stop(open))
}

// open opens all listeners, or none. The attributes say where they are.
func (s *Server) open(ctx context.Context, l Listen) (open []listener, attrs []any, err error) {
	ports := map[string]net.Addr{}
	for _, want := range []struct {
		name, addr string
		handler    http.Handler
	}{{"addr", l.HTTP, s}, {"tls", l.HTTPS, s}, {"admin", l.Admin, s.Admin()}} {
		if want.addr == "" {
			continue
		}
		ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", want.addr)
		tcp, _ := ln.(*net.TCPListener) // as the network says
		if err != nil {
			for _, o := range open {
				_ = o.Close() // nothing was accepted yet
			}
			return nil, nil, fmt.Errorf("cannot listen on %s: %w", want.addr, err)
		}
		ports[want.name] = ln.Addr()
		attrs = append(attrs, slog.String(want.name, ln.Addr().String()))
		open = append(open, listener{tcpListener{tcp}, tcp, want.name, s.httpServer(want.handler)})
	}
	s.encrypt(open, ports, l)
	return open, attrs, nil
}

// encrypt gives the https listener its certificates, and with ACME the plain one the answers to challenges.
func (s *Server) encrypt(open []listener, ports map[string]net.Addr, l Listen) {
	var config *tls.Config
	switch {
	case l.HTTPS == "":
		return
	case l.ACME != nil:
		o := *l.ACME
		o.Listed, o.Leads, o.Refusals, o.Now, o.Log = s.vouches, s.leads, s.refusals, time.Now, s.opts.Log
		o.Shared = func(client netip.Addr) bool { return contains(s.opts.TrustedProxies, client) }
		o.Count = func(result, name, why string) {
			s.metrics.orders.WithLabelValues(result).Inc()
			s.opts.Audit.Log("order", slog.String("name", name), slog.String("result", result), slog.String("id", why))
		}
		a := acme.New(o, ports["addr"], ports["tls"])
		s.acme.Store(a)
		config = a.TLSConfig()
		for _, o := range open {
			if o.name == "addr" {
				o.http.Handler = a.Challenges(o.http.Handler)
			}
		}
	default:
		s.certificate.Store(l.Certificate)
		config = tlsConfig(l.Certificate)
	}
	for i, o := range open {
		if o.name != "tls" {
			continue
		}
		if l.ProxyProtocol {
			open[i].Listener = s.behindProxy(open[i].Listener)
		}
		open[i].Listener = tls.NewListener(open[i].Listener, config)
	}
}

func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		ConnState:         s.connState,
		MaxHeaderBytes:    maxHeader - 4<<10, // net/http allows 4 KiB more than this
		// TLS errors of strangers do not concern an operator.
		ErrorLog: slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelDebug),
	}
}

// behindProxy takes the client's address from the header that a proxy sends before a connection it passes through (The
// PROXY protocol, versions 1 and 2, haproxy.org). A trusted proxy must send it, as the specification wants (§2: it is
// never guessed); others, who could claim to be anybody, cannot.
func (s *Server) behindProxy(l net.Listener) net.Listener {
	policy := func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
		if from, ok := peer(o.Upstream.String()); ok && contains(s.opts.TrustedProxies, from) {
			return proxyproto.REQUIRE, nil
		}
		return proxyproto.SKIP, nil
	}
	return &proxyproto.Listener{Listener: l, ReadHeaderTimeout: headerTimeout, ConnPolicy: policy}
}

// instrument is what every listener's handler is wrapped in: it counts requests for a stop without loss, sends clients
// away while stopping, and survives panics.
func (s *Server) instrument(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.traffic.requests.Add(1)
		s.began()
		defer s.traffic.requests.Add(-1)
		defer func() {
			if p := recover(); p != nil {
				s.panicked(p)
				http.Error(w, "temporarily unavailable", http.StatusServiceUnavailable) // nothing, where an answer has begun
			}
		}()
		// While draining, clients are sent on to a new connection: one that is closed when the drain ends may lose the
		// request it just sent (RFC 9112 §9.6).
		if s.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// panicked logs and counts a panic of a handler. A handler that gives its connection up on purpose goes on doing so.
func (s *Server) panicked(p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	s.metrics.panics.Inc()
	text := fmt.Sprint(p)
	if strings.Contains(text, "@") { // may be an address
		text = fmt.Sprintf("a %T", p)
	}
	s.opts.Log.Error("a request could not be answered: the program has a fault",
		"panic", text, "stack", string(debug.Stack()))
}

// Certificate is the certificate of the https listener. It can be replaced while connections are served.
type Certificate = atomic.Pointer[tls.Certificate]

// tlsConfig is the TLS configuration of the listener: HTTP/2 and HTTP/1.1 over TLS 1.2 or newer (RFC 9325 §3.1.1).
func tlsConfig(c *Certificate) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.Load(), nil },
	}
}
