//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

// Thunderbird finds in an exported tree, behind nginx as docs/export.md has it,
// what it finds at the server: every way that needs no look at the address.
func TestThunderbirdReadsTheExport(t *testing.T) {
	authority := probetest.NewAuthority()
	s := &service{dir: t.TempDir()}
	write(t, filepath.Join(s.dir, "autoconfig.yaml"), detectConfig)
	certified(t, authority, hosts(scenarios)...)(&exec.Cmd{Dir: s.dir})
	if _, err := tool(t, program, "--config", filepath.Join(s.dir, "autoconfig.yaml"), "export",
		filepath.Join(s.dir, "tree")); err != nil {
		t.Fatal(err)
	}
	s.http, s.tls = freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1")
	startExported(t, s)
	if !*withInternals {
		hubShows(t, s, scenarios[slices.IndexFunc(scenarios, func(c scenario) bool { return c.name == "autoconfig" })],
			authority)
		return
	}
	tb := startThunderbird(t, startNames(t), dnstest.Start(t, detectZone), authority)
	read := 0
	for _, c := range scenarios {
		if c.source == "" || c.model != "" || !strings.HasPrefix(c.source, "xml-") || c.asked != "" {
			continue
		}
		read++
		t.Run(c.name, func(t *testing.T) {
			tb.net.use(s.reach(strings.Fields(c.reach)))
			var got findings
			tb.run(&got, `return detect(args[0], args[1], args[2])`, c.address, false, "https://ispdb.test/v1.1/")
			if got.Source != c.source {
				t.Errorf("found by %q, want %q", got.Source, c.source)
			}
			compareSettings(t, s, c, got)
		})
	}
	if read < 7 {
		t.Errorf("%d ways", read)
	}
}

// startExported starts nginx over the tree.
func startExported(t *testing.T, s *service) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "export.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```nginx\n(.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("docs/export.md has no nginx configuration")
	}
	server := strings.NewReplacer(
		"listen 80 default_server", "listen "+s.http+" default_server",
		"# listen 443 ssl; ssl_certificate …; ssl_certificate_key …;",
		fmt.Sprintf("listen %s ssl; ssl_certificate %s/cert.pem; ssl_certificate_key %s/key.pem;", s.tls, s.dir, s.dir),
		"/srv/autoconfig", filepath.Join(s.dir, "tree"),
	).Replace(string(block[1]))
	config := filepath.Join(s.dir, "nginx.conf")
	write(t, config,
		fmt.Sprintf("events {}\nhttp { access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;\n%[2]s}\n", s.dir, server))
	nginx := start(t, exec.Command(component.Need(t, "nginx"), "-p", s.dir, "-e", "stderr", "-g",
		fmt.Sprintf("daemon off; user root; pid %s/pid; error_log stderr;", s.dir), "-c", config))
	awaitPort(t, nginx, s.tls, "")
}
