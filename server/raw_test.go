package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"autoconfig/provider"
	"autoconfig/source"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// listen serves s as Run does, on a loopback port.
func listen(t testing.TB, s *Server) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := s.httpServer(s.instrument(s))
	go func() { _ = h.Serve(ln) }()
	t.Cleanup(func() { _ = h.Close() })
	return ln.Addr().String()
}

// exchange sends raw bytes, and reads answers until the server has no more.
func exchange(t testing.TB, addr string, raw []byte) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	sent := make(chan struct{})
	go func() { // while reading: the server may answer before it has read all
		defer close(sent)
		_, _ = conn.Write(raw)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	var got bytes.Buffer
	_, err = io.Copy(&got, conn)
	var netErr net.Error
	if errors.As(err, &netErr) && netErr.Timeout() {
		t.Errorf("the server holds the connection: %v", err)
	}
	<-sent
	return got.Bytes()
}

var volatile = regexp.MustCompile(`(?m)^Date: .*\r\n|Time="[0-9:.]+"`)

// What each mail client sends, byte for byte, and what it gets. A file in
// testdata/requests is a case; -update writes the answers.
func TestCapturedRequests(t *testing.T) {
	addr := listen(t, newTestServer(t, nil))
	files, err := filepath.Glob("testdata/requests/*.http")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	origins := origins(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
			if !slices.ContainsFunc(origins,
				func(o string) bool { ok, _ := filepath.Match(o, t.Name()[len("TestCapturedRequests/"):]); return ok }) {
				t.Error("testdata/requests/README.md does not say where it is from")
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := volatile.ReplaceAll(exchange(t, addr, raw), nil)
			golden := strings.TrimSuffix(file, ".http") + ".want"
			if *update {
				if err := os.WriteFile(golden, bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), strings.ReplaceAll(string(got), "\r\n", "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// origins are the patterns of names for which README.md has the origin.
func origins(t *testing.T) (patterns []string) {
	t.Helper()
	text, err := os.ReadFile("testdata/requests/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[min(1, len(cells)-1)], -1) {
			patterns = append(patterns, m[1])
		}
	}
	return patterns
}

// What strangers send. The name of a file in testdata/hostile begins with the
// statuses that must come back, or with none. The word EVIL must not.
func TestHostileRequests(t *testing.T) {
	s := newTestServer(t, nil)
	addr := listen(t, s)
	files, err := filepath.Glob("testdata/hostile/*.http")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := exchange(t, addr, raw)
			want, _, _ := strings.Cut(filepath.Base(file), "-")
			if statuses := statusesOf(got); statuses != want {
				t.Errorf("%s, want %s:\n%.400s", statuses, want, got)
			}
			if bytes.Contains(got, []byte("EVIL")) {
				t.Errorf("echoed:\n%s", got)
			}
			if strings.HasPrefix(filepath.Base(file), "200-pox") && !bytes.Contains(got, []byte("<ErrorCode>600<")) {
				t.Errorf("not refused:\n%s", got)
			}
		})
	}
	if n := len(s.places); n != 0 {
		t.Errorf("%d requests never ended", n)
	}
}

// statusesOf lists the statuses of the answers in raw, joined by +.
func statusesOf(raw []byte) string {
	in := bufio.NewReader(bytes.NewReader(raw))
	var out []string
	for {
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			break
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if r.StatusCode >= 200 {
			out = append(out, strconv.Itoa(r.StatusCode))
		}
	}
	if out == nil {
		return "none"
	}
	return strings.Join(out, "+")
}

// A client that shuts its sending side still gets the answer of a slow look-up.
func TestHalfClosed(t *testing.T) {
	addr := listen(t, newTestServer(t, func(_ *Options, set *Settings) {
		cache := source.NewMXCache(source.MXCacheOptions(), func(ctx context.Context, _ string) ([]string, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(50 * time.Millisecond): // longer than the server takes to see the end
				return []string{"1.mx.hoster.example"}, nil
			}
		})
		set.MX = source.NewMX([]*provider.Provider{custom("own",
			func(p *provider.Provider) { p.MX = []string{"mx.hoster.example"} })}, cache)
	}))
	for _, request := range []string{
		"GET /v1.1/slow.example HTTP/1.1\r\nHost: x.example\r\n\r\n",
		"GET /mail/config-v1.1.xml?emailaddress=a@slower.example HTTP/1.1\r\nHost: x.example\r\n\r\n",
	} {
		if got := statusesOf(exchange(t, addr, []byte(request))); got != "200" {
			t.Errorf("%.30q: %s", request, got)
		}
	}
}
