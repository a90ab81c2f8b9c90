//go:build e2e

package e2e

import (
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"autoconfig/e2e/component"
)

// A machine that has IPv6 alone is served as any other: both listeners, the
// proxy's word, and the limits.
func TestIPv6Only(t *testing.T) {
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		component.Missing(t, "no IPv6 here: %v", err)
	} else {
		_ = l.Close()
	}
	s := startService(t, `
limits: {per_minute: 1, burst: 2}
providers:
  - {domains: [example.org], incoming: ["imaps://mail.example.org"], outgoing: ["submissions://mail.example.org"]}
`, func(cmd *exec.Cmd) {
		cmd.Args = []string{cmd.Path, "serve", "--listen", "[::1]:0", "--admin", "[::1]:0"}
	})
	if !strings.HasPrefix(s.http, "[::1]:") || !strings.HasPrefix(s.admin, "[::1]:") {
		t.Fatalf("it listens on %s and %s", s.http, s.admin)
	}
	public := newAsker(s.http, false)
	public.must(t, "autoconfig.example.org", settingsPath)
	if _, _, err := public.get("[2001:db8::1]", settingsPath); err != nil {
		t.Error(err)
	}
	for _, host := range []string{s.admin, "[::1]", "[2001:db8::7]:8081", "localhost"} {
		newAsker(s.admin, false).must(t, host, "/readyz")
	}
	served := 0
	for _, client := range []string{"[2001:db8:1:1::9]:4711", "2001:db8:1:1::a%eth0", "2001:db8:1:1::b",
		"2001:db8:1:1:c::"} { // of one /64
		if status, _,
			_ := through(t, s.http, "x.example/", http.Header{"X-Forwarded-For": {client}}); status == http.StatusOK {
			served++
		}
	}
	if served != 2 {
		t.Errorf("%d pages for one /64, want 2", served)
	}
}
