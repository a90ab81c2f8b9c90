package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Listen is where a server listens. Empty addresses are left out.
type Listen struct {
	HTTP, HTTPS, Admin string
	TLS                *tls.Config
	Drain              time.Duration // go on accepting after the stop was asked for
}

// The time-outs of a connection: no phase can be held open for long.
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 10 * time.Second
	writeTimeout    = 15 * time.Second
	idleTimeout     = 60 * time.Second
	shutdownTimeout = 15 * time.Second
)

// Run listens and serves until ctx ends, then lets the requests in progress
// finish. It logs one line once all listeners are open.
func (s *Server) Run(ctx context.Context, l Listen) error {
	type listener struct {
		net.Listener
		http *http.Server
	}
	var open []listener
	attrs := []any{}
	closeAll := func() {
		for _, o := range open {
			_ = o.Close() // nothing was accepted yet
		}
	}
	for _, want := range []struct {
		name, addr string
		handler    http.Handler
		tls        *tls.Config
	}{{"addr", l.HTTP, s, nil}, {"tls", l.HTTPS, s, l.TLS}, {"admin", l.Admin, s.Admin(), nil}} {
		if want.addr == "" {
			continue
		}
		ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", want.addr)
		if err != nil {
			closeAll()
			return fmt.Errorf("cannot listen on %s: %w", want.addr, err)
		}
		attrs = append(attrs, slog.String(want.name, ln.Addr().String()))
		if want.tls != nil {
			ln = tls.NewListener(ln, want.tls)
		}
		open = append(open, listener{ln, httpServer(want.handler, s.opts.Log)})
	}
	failed := make(chan error, len(open))
	for _, o := range open {
		go func() { failed <- o.http.Serve(o.Listener) }()
	}
	s.opts.Log.Info("listening", attrs...)

	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	s.stopping.Store(true) // /readyz says so before any listener closes
	if err == nil && l.Drain > 0 {
		time.Sleep(l.Drain)
	}
	stop, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	for _, o := range open {
		if e := o.http.Shutdown(stop); e != nil {
			err = errors.Join(err, e)
		}
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func httpServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader - 4<<10,                                 // net/http allows 4 KiB more than it is told
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // what strangers get wrong with TLS is no operator's concern
	}
}
