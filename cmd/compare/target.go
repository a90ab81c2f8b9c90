package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"autoconfig/provider"
)

// target is a server that is asked.
type target struct {
	base string // scheme, host and port
	http *http.Client
}

// connections is how many clients ask at once under load.
const connections = 16

func newTarget(base string) *target {
	return &target{base, &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: connections, DisableCompression: true,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // a stand for comparison has any certificate
		},
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

// ours is this server, started for the comparison.
type ours struct {
	*target
	cmd *exec.Cmd
	dir string
}

// configure describes to this server what the other one answers, so that only
// the answers themselves differ; p is nil when that could not be read.
func configure(domain string, p *provider.Provider) string {
	if p == nil || len(p.Incoming) == 0 || len(p.Outgoing) == 0 {
		return fmt.Sprintf("admin: \"\"\nproviders:\n  - domains: [%[1]s]\n    incoming: [imaps://imap.%[1]s]\n    outgoing: [submissions://smtp.%[1]s]\n", domain)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "admin: \"\"\nproviders:\n  - domains: [%s]\n    name: %q\n    username: %q\n", domain, cmp.Or(p.Name, domain), p.Incoming[0].Username)
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

var listening = regexp.MustCompile(`msg=listening addr=(\S+)`)

// startOurs serves a configuration on a free loopback port.
func startOurs(binary, config string) (*ours, error) {
	dir, err := os.MkdirTemp("", "autoconfig-compare")
	if err != nil {
		return nil, err
	}
	o := &ours{dir: dir}
	path := filepath.Join(dir, "autoconfig.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		o.stop()
		return nil, err
	}
	cmd := exec.CommandContext(context.Background(), binary, "--config", path, "serve", "--listen", "127.0.0.1:0") //nolint:gosec // the program to compare
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		o.stop()
		return nil, fmt.Errorf("%s: %w; build it first", binary, err)
	}
	o.cmd = cmd
	said := bufio.NewScanner(log)
	for said.Scan() {
		if m := listening.FindStringSubmatch(said.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, log) }() // or it would block on its access log
			o.target = newTarget("http://" + m[1])
			return o, nil
		}
	}
	o.stop()
	return nil, errors.New("this server did not start; try it by hand: " + binary + " --config FILE serve")
}

func (o *ours) stop() {
	if o.cmd != nil {
		_ = o.cmd.Process.Signal(os.Interrupt)
		_ = o.cmd.Wait()
	}
	_ = os.RemoveAll(o.dir)
}
