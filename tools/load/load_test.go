package load

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Answers with a length and in chunks are read to their end, so that the next
// one on the connection begins where it should; anything but 200 is an error.
func TestMeasure(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"length": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1500)) },
		"chunks": func(w http.ResponseWriter, _ *http.Request) {
			for range 3 {
				_, _ = w.Write(make([]byte, 700))
				w.(http.Flusher).Flush()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewServer(handler)
			defer web.Close()
			s := &Server{Name: name, Addr: web.Listener.Addr().String()}
			request := func() []byte { return []byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n") }
			got, err := Measure(20*time.Millisecond, 2, request, s)
			if err != nil || got.PerSecond <= 0 || got.P50 <= 0 || got.P99 < got.P50 {
				t.Errorf("%+v %v", got, err)
			}
			if status, _, body, err := s.Once(request()); err != nil || status != 200 || len(body) < 1500 {
				t.Errorf("%d octets, %v", len(body), err)
			}
		})
	}
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	_, err := Measure(time.Second, 1, func() []byte { return []byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n") },
		&Server{Addr: web.Listener.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v", err)
	}
}
