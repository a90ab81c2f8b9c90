package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
)

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
	s.opts.Log.Error("a request could not be answered: the program has a fault", slog.String("panic", text), slog.String("stack", string(debug.Stack())))
}
