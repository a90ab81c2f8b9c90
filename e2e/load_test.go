//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
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
)

// asker asks one service by whatever host name.
type asker struct {
	base string // scheme and address
	http *http.Client
}

func newAsker(addr string, keep bool) *asker {
	return &asker{"http://" + addr, client(&http.Transport{DisableKeepAlives: !keep})}
}

// newTLSAsker asks by https, whoever the certificate is for.
func newTLSAsker(addr string) *asker {
	return &asker{"https://" + addr,
		client(&http.Transport{TLSClientConfig: &tls.Config{ServerName: "autoconfig.hoster.test", InsecureSkipVerify: true}})}
}

// client follows no redirect.
func client(transport *http.Transport) *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get is the status and the body of a GET.
func (a *asker) get(host, path string) (int, string, error) {
	return a.do(http.MethodGet, host, path, "")
}

func (a *asker) do(method, host, path, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, a.base+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Host = host
	answer, err := a.http.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// must is the body of a 200.
func (a *asker) must(t testing.TB, host, path string) string {
	t.Helper()
	status, body, err := a.get(host, path)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s%s: status %d, %v: %s", host, path, status, err, body)
	}
	return body
}

// times asks for a span, each time on a connection of its own, and returns how
// long each took, sorted. Any answer but 200 ends the test.
func (a *asker) times(t testing.TB, span time.Duration, host, path string) []time.Duration {
	t.Helper()
	var out []time.Duration
	for end := time.Now().Add(span); time.Now().Before(end); {
		begin := time.Now()
		a.must(t, host, path)
		out = append(out, time.Since(begin))
	}
	slices.Sort(out)
	return out
}

func percent(sorted []time.Duration, p int) time.Duration {
	return sorted[min(len(sorted)-1, len(sorted)*p/100)].Round(time.Microsecond)
}

// vanish sends part of a request, or all of it, and is gone.
func vanish(addr, text string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	_, _ = io.WriteString(c, text)
	_ = c.(*net.TCPConn).SetLinger(0) // a reset, as a lost phone is to the server
	_ = c.Close()
}

// descriptors and resident read what the kernel says of a process (proc(5)).
func (p *process) descriptors(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "fd"))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

var vmRSS = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// resident is in MiB.
func (p *process) resident(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	m := vmRSS.FindSubmatch(text)
	if err != nil || m == nil {
		t.Fatalf("no VmRSS: %v", err)
	}
	kib, _ := strconv.Atoi(string(m[1]))
	return kib >> 10
}

// customers writes a domains file of n names, customerI.test.
func customers(t testing.TB, path string, n int) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "customer%d.test\n", i)
	}
	write(t, path, b.String())
}
