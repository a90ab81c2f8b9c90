package server

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// BenchmarkConnection is a whole request over a loopback connection, the client's part too, by this server, by a bare
// echo handler that sends the same bytes, and by that handler with more of what any server does. They take turns in one
// process, so that what else the machine does touches them alike: with -cpu 1 a difference of 0.1 µs shows, also on a
// busy machine. An operation is 100 requests of each; the metrics are processor time of one request, lower quartiles.
func BenchmarkConnection(b *testing.B) {
	s := newTestServer(b, nil)
	for _, bench := range []struct{ name, line, body string }{
		{"autoconfig", "GET http://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=user%40example.org", ""},
		{"autodiscover", "POST http://autodiscover.example.org/autodiscover/autodiscover.xml", poxBody("outlook/responseschema/2006a", "user@example.org")},
		{"v2", "GET http://autodiscover.example.org/autodiscover/autodiscover.json?Email=user%40example.org&Protocol=AutodiscoverV1", ""},
		{"pacc", "GET http://ua-auto-config.example.org/.well-known/user-agent-configuration.json", ""},
		{"mobileconfig", "GET http://autoconfig.example.org/mobileconfig?email=user%40example.org", ""},
	} {
		b.Run(bench.name, func(b *testing.B) {
			request := requestBytes(bench.line, bench.body)
			plain := func(l *net.TCPListener) net.Listener { return l }
			cheap := func(l *net.TCPListener) net.Listener { return tcpListener{l} }
			ours := s.httpServer(s)
			ours.Handler = s.instrument(ours.Handler)
			served := dial(b, "ours", request, ours, cheap)
			echoed := func(read bool) http.Handler { return bareHandler(served.head, served.body, read) }
			all := []*client{
				dial(b, "bare", request, &http.Server{Handler: echoed(false)}, plain),
				dial(b, "bare+timeouts", request, s.httpServer(echoed(false)), plain),
				dial(b, "bare+timeouts+input", request, s.httpServer(echoed(true)), cheap),
				served,
			}
			for b.Loop() {
				for _, i := range rand.Perm(len(all)) {
					all[i].ask(b, 10) // into the processor's caches
					before := processor(b)
					all[i].ask(b, 100)
					all[i].took = append(all[i].took, float64((processor(b)-before).Nanoseconds())/100_000)
				}
			}
			for _, c := range all {
				slices.Sort(c.took)
				b.ReportMetric(c.took[len(c.took)/4], c.name+"-µs")
			}
		})
	}
}

// requestBytes is a request as a mail client sends it.
func requestBytes(line, body string) []byte {
	method, target, _ := strings.Cut(line, " http://")
	host, path, _ := strings.Cut(target, "/")
	head := fmt.Sprintf("%s /%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.0\r\n"+
		"Accept: */*\r\nAccept-Language: en-US,en;q=0.9\r\nAccept-Encoding: gzip, deflate\r\n", method, path, host)
	if body != "" {
		head += fmt.Sprintf("Content-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n", len(body))
	}
	return []byte(head + "\r\n" + body)
}

// bareHandler sends an answer. With read, it also reads the query's parameters and the body.
func bareHandler(head http.Header, body []byte, read bool) http.Handler {
	e := echo.New()
	e.Any("/*", func(c echo.Context) error {
		if read {
			_, _ = c.QueryParams(), c.Request().Host
			_, _ = io.ReadAll(c.Request().Body)
		}
		h := c.Response().Header()
		for key, values := range head {
			h[key] = slices.Clone(values)
		}
		return c.Blob(http.StatusOK, head.Get("Content-Type"), body)
	})
	return e
}

// client is a connection to a server, and what requests took.
type client struct {
	name    string
	request []byte
	conn    net.Conn
	in      *bufio.Reader
	head    http.Header
	body    []byte
	took    []float64
}

func dial(b *testing.B, name string, request []byte, server *http.Server, listen func(*net.TCPListener) net.Listener) *client {
	b.Helper()
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = server.Serve(listen(l.(*net.TCPListener))) }()
	b.Cleanup(func() { _ = server.Close() })
	conn, err := (&net.Dialer{Timeout: time.Minute}).DialContext(b.Context(), "tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	c := &client{name: name, request: request, conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}
	if _, err := conn.Write(request); err != nil {
		b.Fatal(err)
	}
	r, err := http.ReadResponse(c.in, nil)
	if err != nil || r.StatusCode != http.StatusOK {
		b.Fatal(err, r)
	}
	if c.body, err = io.ReadAll(r.Body); err != nil {
		b.Fatal(err)
	}
	c.head = r.Header
	c.head.Del("Date")
	return c
}

// ask sends requests one after the other, and reads the answers as cheaply as it can.
func (c *client) ask(b *testing.B, n int) {
	for range n {
		if _, err := c.conn.Write(c.request); err != nil {
			b.Fatal(err)
		}
		for line := []byte(nil); len(line) != 2; {
			var err error
			if line, err = c.in.ReadSlice('\n'); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := c.in.Discard(len(c.body)); err != nil {
			b.Fatal(err)
		}
	}
}
