package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"autoconfig/provider"
	"autoconfig/tools/load"
)

// target is a server that is asked.
type target struct {
	*load.Server
	base string // scheme, host and port
	http *http.Client
}

// newTarget is one at a URL of which scheme and host count.
func newTarget(u *url.URL) *target {
	s := &load.Server{Name: u.Host, Addr: u.Host}
	insecure := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // a stand for comparison has any certificate
	if u.Scheme == "https" {
		s.TLS = insecure
	}
	if u.Port() == "" {
		s.Addr = net.JoinHostPort(u.Hostname(), u.Scheme) // the port by its name
	}
	return &target{s, u.Scheme + "://" + u.Host, &http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{DisableCompression: true, TLSClientConfig: insecure},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what a server said.
type answer struct {
	status int
	kind   string // Content-Type without parameters
	body   []byte
}

func (t *target) send(q request) (answer, error) {
	r, err := http.NewRequestWithContext(context.Background(), q.method, t.base+q.path, strings.NewReader(q.body))
	if err != nil {
		return answer{}, err
	}
	r.Host = q.host
	if q.body != "" {
		r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	}
	got, err := t.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	kind, _, _ := strings.Cut(got.Header.Get("Content-Type"), ";")
	return answer{got.StatusCode, kind, body}, err
}

// configure describes to this server what the other one answers, so that only
// the answers themselves differ; p is nil when that could not be read.
func configure(domain string, p *provider.Provider) string {
	if p == nil || len(p.Incoming) == 0 || len(p.Outgoing) == 0 {
		return fmt.Sprintf("admin: \"\"\nproviders:\n  - domains: [%[1]s]\n    incoming: [imaps://imap.%[1]s]\n    outgoing: [submissions://smtp.%[1]s]\n", domain)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "admin: \"\"\nproviders:\n  - domains: [%s]\n    name: %q\n    username: %q\n", domain,
		cmp.Or(p.Name, domain), p.Incoming[0].Username)
	for _, side := range []struct {
		key     string
		servers []provider.Server
	}{{"incoming", p.Incoming}, {"outgoing", p.Outgoing}} {
		fmt.Fprintf(&b, "    %s:\n", side.key)
		for _, s := range side.servers {
			fmt.Fprintf(&b, "      - {protocol: %s, host: %q, port: %d, security: %s}\n", s.Protocol, s.Host, s.Port, s.Security)
		}
	}
	return b.String()
}

// startOurs serves a configuration, kept in dir, on a free loopback port.
func startOurs(binary, dir, config string) (*target, error) {
	path := filepath.Join(dir, "autoconfig.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	s, err := load.Start("this server", func(ctx context.Context, addr string) *exec.Cmd {
		return exec.CommandContext(ctx, binary, "--config", path, "serve", "--listen", addr) //nolint:gosec // the program to compare
	})
	if err != nil {
		return nil, err
	}
	t := newTarget(&url.URL{Scheme: "http", Host: s.Addr})
	t.Server = s
	return t, nil
}
