package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// How long each part of a stop may take.
const (
	lastRequests  = time.Second            // for clients to use, and see closed, the connections they have
	lastHandshake = 100 * time.Millisecond // for connections that were begun before the port closed
	quiet         = 300 * time.Millisecond // without a request under way or a new one
)

// traffic counts connections and requests, to know when nothing would be cut.
type traffic struct {
	connections, requests atomic.Int64
	last                  atomic.Int64 // when the last of either began, Unix time in nanoseconds; while stopping
}

// connState is for [http.Server.ConnState].
func (s *Server) connState(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.traffic.connections.Add(1)
		s.began()
	case http.StateClosed, http.StateHijacked:
		s.traffic.connections.Add(-1)
	case http.StateActive, http.StateIdle: // no new connection, none gone
	}
}

func (s *Server) began() {
	if s.stopping.Load() {
		s.traffic.last.Store(time.Now().UnixNano())
	}
}

// stop ends serving without cutting a request. net/http's Shutdown alone would cut three kinds: those in the queue of a
// port that is closed, those read after Shutdown has begun, and those sent on an idle connection in that moment. So
// clients are first asked to leave their connections, by Connection: close on every answer; then the ports are closed
// to new connections and what has come is answered; only then Shutdown ends what is idle.
func (s *Server) stop(open []listener) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	s.wait(ctx, lastRequests, func() bool { return s.traffic.connections.Load() == 0 })
	for _, o := range open {
		refuseNew(o.tcp)
	}
	begin := time.Now()
	s.wait(ctx, lastRequests, func() bool {
		waiting := 0
		for _, o := range open {
			waiting += queued(o.tcp)
		}
		return waiting == 0 && time.Since(begin) >= lastHandshake
	})
	for _, o := range open {
		_ = o.tcp.Close()                  // its queue is empty
		o.http.SetKeepAlivesEnabled(false) // closes idle connections, and no request that is read is dropped
	}
	s.wait(ctx, shutdownTimeout, func() bool {
		since := time.Since(time.Unix(0, s.traffic.last.Load()))
		return s.traffic.connections.Load() == 0 || s.traffic.requests.Load() == 0 && since > quiet
	})
	var err error
	for _, o := range open {
		if e := o.http.Shutdown(ctx); !errors.Is(e, net.ErrClosed) { // the port is closed already
			err = errors.Join(err, e)
		}
	}
	return err
}

// wait looks until done, for a time at most.
func (s *Server) wait(ctx context.Context, atMost time.Duration, done func() bool) {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	for tick := time.NewTicker(2 * time.Millisecond); !done(); {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}
