package server

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// panicking is a route whose handler has a fault.
func panicking(s *Server, value any) http.Handler {
	return s.instrument(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(value) }))
}

// A panic is a line at error level with its stack, a count and a 503 for that
// client alone; an address in it is not logged.
func TestPanic(t *testing.T) {
	log := &lockedBuffer{}
	o := testOptions(nil)
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	s := New(o)
	s.Use(world(t))
	broken := &route{path: "/broken", name: "api", methods: get,
		handler: func(*Server, *request) answer { panic("for jo@own.example") }}
	s.echo.Any(broken.path, s.handle(broken))
	for name, h := range map[string]http.Handler{"a route": s, "outside of routes": panicking(s, "a fault")} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/broken", nil))
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	if got := log.String(); strings.Count(got, "level=ERROR") != 2 || !strings.Contains(got, "stop_test.go") ||
		strings.Contains(got, "jo@") {
		t.Error(got)
	}
	if len(s.places) != 0 {
		t.Error("a place among the requests in flight is lost")
	}
	metrics := bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))
	if !strings.Contains(metrics, "\nautoconfig_panics_total 2\n") ||
		!strings.Contains(metrics, `outcome="unavailable",protocol="api"} 1`) {
		t.Error("not counted")
	}
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler { //nolint:errorlint // the very value
				t.Error("a connection that is given up on purpose")
			}
		}()
		panicking(s, http.ErrAbortHandler).ServeHTTP(httptest.NewRecorder(),
			httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	}()
}

// A connection that the client has opened, and one in the queue of the port,
// are answered after the stop has begun, with drain 0s too; the hook for the
// service manager comes first.
func TestStopAnswersWhatHasCome(t *testing.T) {
	log := &lockedBuffer{}
	o := testOptions(nil)
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	s := New(o)
	s.Use(world(t))
	ctx, stop := context.WithCancel(t.Context())
	said := make(chan bool, 1)
	addrs, ended := running(t, ctx, s, log, Listen{HTTP: "127.0.0.1:0", Stopping: func() { said <- true }})
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", addrs[1])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	get := func(conn net.Conn, in *bufio.Reader) *http.Response {
		if _, err := io.WriteString(conn,
			"GET /api/v1/settings?email=a@live.co.uk HTTP/1.1\r\nHost: x.example\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		return r
	}
	kept, silent := dial(), dial()
	eventually(t, "both connections are known", func() bool { return s.traffic.connections.Load() == 2 })
	in := bufio.NewReader(kept)
	if r := get(kept, in); r.StatusCode != http.StatusOK || r.Close {
		t.Fatal(r)
	}
	stop()
	<-said
	for _, c := range []struct {
		conn net.Conn
		in   *bufio.Reader
	}{{kept, in}, {silent, bufio.NewReader(silent)}} {
		if r := get(c.conn, c.in); r.StatusCode != http.StatusOK || !r.Close {
			t.Errorf("while stopping: %v", r)
		}
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(shutdownTimeout):
		t.Error("it does not end")
	}
	eventually(t, "no connection is left", func() bool { return s.traffic.connections.Load() == 0 })
}
