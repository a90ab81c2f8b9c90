//go:build e2e

package e2e

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
)

// recorder keeps the bytes of each request, and answers 404.
type recorder struct {
	mu   sync.Mutex
	seen map[string]bool
}

// listen takes connections, with TLS unless config is nil.
func (r *recorder) listen(t testing.TB, config *tls.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if config != nil {
		l = tls.NewListener(l, config)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { r.serve(c) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return addr
}

var contentLength = regexp.MustCompile(`(?m)^Content-Length: (\d+)\r$`)

func (r *recorder) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	in := bufio.NewReader(c)
	var text strings.Builder
	for !strings.HasSuffix(text.String(), "\r\n\r\n") {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		text.WriteString(line)
	}
	if m := contentLength.FindStringSubmatch(text.String()); m != nil {
		n, _ := strconv.Atoi(m[1])
		if _, err := io.CopyN(&text, in, int64(n)); err != nil {
			return
		}
	}
	r.mu.Lock()
	r.seen[sameVersion(text.String())] = true
	r.mu.Unlock()
	_, _ = io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

var version = regexp.MustCompile(`rv:[0-9.]+\) Gecko/[0-9]+ Thunderbird/[0-9.]+`)

// sameVersion makes requests of different releases comparable.
func sameVersion(request string) string { return version.ReplaceAllString(request, "rv) Thunderbird") }

// The requests that the server's tests are made of are those that Thunderbird
// sends, byte for byte but for its version.
func TestThunderbirdSendsTheCapturedRequests(t *testing.T) {
	needInternals(t)
	const database = "https://autoconfig.example.net/v1.1/"
	names := []string{"autoconfig.example.org", "example.org", "autodiscover.example.org", "autoconfig.example.net",
		"autoconfig.hoster.example"}
	authority := probetest.NewAuthority()
	r := &recorder{seen: map[string]bool{}}
	plain, secure := r.listen(t, nil), r.listen(t, authority.TLS(90*probetest.Day, names...))
	to := map[string]string{}
	for _, name := range names {
		to[name+":80"], to[name+":443"] = plain, secure
	}
	tb := startThunderbird(t, startNames(t),
		dnstest.Start(t,
			"$ORIGIN example.\n@ 60 IN SOA ns.example. root.example. 1 3600 600 86400 60\nunserved 60 IN MX 10 in.mx.hoster.example.\n"), authority)
	tb.net.use(to)
	for _, address := range []string{"user@example.org", "user@unserved.example", "Jörg+tag's@example.org"} {
		tb.run(nil, `await detect(args[0], true, args[1])`, address, database)
	}
	tb.run(nil, `await detect(args[0], true, args[1], "pass", "user")`, "o'neil&x=1@example.org", database)
	files, err := filepath.Glob("../server/testdata/requests/thunderbird-[0-9tu]*.http")
	if err != nil || len(files) < 11 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !r.seen[sameVersion(string(text))] {
			t.Errorf("Thunderbird did not send %s", filepath.Base(file))
		}
	}
	t.Logf("%d captured requests among the %d that Thunderbird sent", len(files), len(r.seen))
	if t.Failed() {
		for request := range r.seen {
			t.Logf("%q", request)
		}
	}
}
