package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/finding"
)

// TestDiscoverBroken: the records are published as planned and what answers at
// their names is not right: it is named, and the exit status is 1.
func TestDiscoverBroken(t *testing.T) {
	t.Parallel()
	dir, ca := t.TempDir(), probetest.NewAuthority()
	names := []string{"autoconfig.example.org", "autodiscover.example.org", "ua-auto-config.example.org", "example.org",
		"autoconfig.hoster.example"}
	cert, key := probetest.Files(t, dir, ca.Certificate(90*probetest.Day, names...))
	path := filepath.Join(dir, "autoconfig.yaml")
	if err := os.WriteFile(path, []byte(strings.NewReplacer("CERT", cert, "KEY", key).Replace(discoverConfig)),
		0o600); err != nil {
		t.Fatal(err)
	}
	plain, secure := serveOurselves(t, path)
	records, _ := command(t.Context(), io.Discard, "dns", "plan", "example.org", "--format", "zone", "--config", path)
	dns := dnstest.Start(t, "example.org. 3600 IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 300\n"+records+
		"\nexample.org. 3600 IN MX 10 mx.example.org.\n")
	answering := func(status int, kind, body string, names ...string) string {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", kind)
			rw.WriteHeader(status)
			_, _ = io.WriteString(rw, body)
		}))
		s.TLS, s.Config.ErrorLog = ca.TLS(90*probetest.Day, names...), nil
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	notFound := answering(404, "text/plain", "not found\n", names...)
	for name, row := range map[string]struct {
		to     []string // --connect-to, before those of our own server
		status int
		id     string
		level  finding.Level
		says   string // in the subject and what was seen
	}{
		"all is right": {status: exitOK},
		"everything refuses": {[]string{":443:" + closed}, exitProblem, "discover-host-refused", finding.Fail,
			"autoconfig.example.org:443 the connection is refused"},
		"404 to everything": {[]string{":443:" + notFound}, exitProblem, "discover-path-missing", finding.Fail,
			"https://autoconfig.example.org/mail/config-v1.1.xml 404"},
		"502 from the proxy": {[]string{":443:" + answering(502, "text/html", "<html>Bad gateway</html>", names...)},
			exitProblem, "discover-server-error", finding.Fail, "502"},
		"a web page": {[]string{":443:" + answering(200, "text/html", "<!doctype html><html></html>", names...)}, exitProblem,
			"discover-page-not-404", finding.Fail, "https://autoconfig.example.org/"},
		"a certificate of another name": {[]string{":443:" + answering(200, "text/xml", "", "www.example.org")}, exitProblem,
			"discover-certificate-name", finding.Fail, "autoconfig.example.org www.example.org"},
		"only autodiscover. is dead": {[]string{"autodiscover.example.org:443:" + closed}, exitProblem,
			"discover-host-refused", finding.Fail, "autodiscover.example.org:443"},
		"only autoconfig. answers 404": {[]string{"autoconfig.example.org:443:" + notFound}, exitOK, "discover-path-missing",
			finding.Warn, "https://autoconfig.example.org/mail/config-v1.1.xml 404"},
		"only autoconfig. answers 403": {[]string{"autoconfig.example.org:443:" + answering(403, "text/html", "no", names...)}, exitOK, "discover-path-status", finding.Warn, "403"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"discover", "you@example.org", "--json", "--config", path, "--resolver", dns.Addr(), "--ca",
				ca.Root(t), "--ispdb", "https://ispdb.invalid/"}
			for _, to := range append(row.to, ":80:"+plain, ":443:"+secure) {
				if len(row.to) == 0 || to != ":443:"+secure || !strings.HasPrefix(row.to[0], ":443:") {
					args = append(args, "--connect-to", to)
				}
			}
			stdout, status := command(t.Context(), io.Discard, args...)
			var r discoverJSON
			if err := json.Unmarshal([]byte(stdout), &r); err != nil || status != row.status {
				t.Errorf("status %d, want %d, %v\n%+v", status, row.status, err, r.Findings)
			}
			if row.id == "" && finding.Summarize(r.Findings).Fail > 0 {
				t.Errorf("%+v", r.Findings)
			}
			for _, f := range r.Findings {
				if f.ID == row.id && f.Level == row.level && strings.Contains(f.Subject+" "+strings.Join(f.Got, " "), row.says) {
					return
				}
			}
			if row.id != "" {
				t.Errorf("no %s %s %q in\n%+v", row.level, row.id, row.says, r.Findings)
			}
		})
	}
}
