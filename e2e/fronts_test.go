//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/discover/probe/probetest"
	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

// front is a proxy as a file of deploy/ has it; pairs say what the test has
// otherwise.
type front struct {
	file    string
	waits   string // its line about how long it waits for an answer
	noPOST  bool   // it cannot send one again
	command func(dir, config string) []string
	change  func(t testing.TB, f *fleet, dir string) (pairs []string)
}

func (p front) start(t testing.TB, f *fleet, pairs ...string) {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join("..", "deploy", p.file))
	if err != nil {
		t.Fatal(err)
	}
	pairs = append(pairs, p.change(t, f, dir)...)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(text), pairs[i]) {
			t.Fatalf("%s has no %q", p.file, pairs[i])
		}
	}
	config := filepath.Join(dir, p.file)
	write(t, config, strings.NewReplacer(pairs...).Replace(string(text)))
	args := p.command(dir, config)
	start(t, exec.CommandContext(context.Background(), component.Need(t, args[0]), args[1:]...))
	until(t, "the proxy listens", func() bool {
		status, _, _ := newAsker(f.http, false).get("autoconfig.live.co.uk", settingsPath)
		return status == http.StatusOK
	})
}

// replicaPairs lead a proxy to the two replicas.
func (f *fleet) replicaPairs() []string {
	return []string{"192.0.2.11:8080", "127.0.0.2:" + f.plain, "192.0.2.12:8080", "127.0.0.3:" + f.plain}
}

var haproxy = front{"haproxy.cfg", "timeout server 20s", false,
	func(_, config string) []string { return []string{"haproxy", "-db", "-f", config} },
	func(t testing.TB, f *fleet, dir string) []string {
		cert, key := hosterCertificate(t, dir)
		write(t, filepath.Join(dir, "both.pem"), cert+key)
		return append(f.replicaPairs(), "bind :80", "bind "+f.http, "bind :443", "bind "+f.https, "/etc/haproxy/certs/",
			filepath.Join(dir, "both.pem"),
			"check port 8081 inter 1s", "check port "+f.admin+" inter 200ms")
	}}

var passThrough = front{"haproxy-passthrough.cfg", "timeout server 60s", false, haproxy.command,
	func(_ testing.TB, f *fleet, _ string) []string {
		return []string{"bind :80", "bind " + f.http, "bind :443", "bind " + f.https,
			"192.0.2.11:80\n", "127.0.0.2:" + f.plain + "\n", "192.0.2.12:80\n", "127.0.0.3:" + f.plain + "\n",
			"192.0.2.11:443", "127.0.0.2:" + f.tls, "192.0.2.12:443", "127.0.0.3:" + f.tls,
			"check port 8081 inter 1s", "check port " + f.admin + " inter 200ms"}
	}}

var nginx = front{"nginx.conf", "proxy_read_timeout 5s", false,
	func(dir, config string) []string {
		return []string{"nginx", "-p", dir, "-e", "stderr", "-g",
			fmt.Sprintf("daemon off; worker_processes 2; user root; pid %s/pid; error_log stderr crit;", dir), "-c", config}
	},
	func(t testing.TB, f *fleet, dir string) []string {
		hosterCertificate(t, dir)
		return append(f.replicaPairs(), "upstream replicas {", fmt.Sprintf(`events {}
http {
access_log off;
client_body_temp_path %[1]s;
proxy_temp_path %[1]s;
fastcgi_temp_path %[1]s;
uwsgi_temp_path %[1]s;
scgi_temp_path %[1]s;
upstream replicas {`, dir), "tries 3;\n    }\n}\n", "tries 3;\n    }\n}\n}\n",
			"listen 80", "listen "+f.http, "listen 443", "listen "+f.https, "/etc/nginx/certs/hoster.pem",
			filepath.Join(dir, "cert.pem"), "/etc/nginx/certs/hoster.key", filepath.Join(dir, "key.pem"))
	}}

var caddy = front{"Caddyfile", "response_header_timeout 20s", true,
	func(_, config string) []string {
		return []string{"caddy", "run", "--adapter", "caddyfile", "--config", config}
	},
	func(t testing.TB, f *fleet, dir string) []string {
		return append(f.replicaPairs(), "{\n\ton_demand_tls",
			fmt.Sprintf("{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\tdefault_bind 127.0.0.1\n\tstorage file_system %s\n\thttp_port %s\n\thttps_port %s\n\ton_demand_tls",
				dir, port(f.http), port(f.https)), "9080", port(freeport.On(t, "127.0.0.1")), "192.0.2.11:8081",
			"127.0.0.2:"+f.admin, "192.0.2.12:8081", "127.0.0.3:"+f.admin,
			"health_port 8081", "health_port "+f.admin, "health_interval 1s", "health_interval 200ms")
	}}

// hosterCertificate writes cert.pem and key.pem, and returns them.
func hosterCertificate(t testing.TB, dir string) (cert, key string) {
	t.Helper()
	certFile,
		keyFile := probetest.Files(t, dir, probetest.NewAuthority().Certificate(90*probetest.Day, "autoconfig.hoster.test"))
	for path, text := range map[string]*string{certFile: &cert, keyFile: &key} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		*text = string(b)
	}
	return cert, key
}

// port is the port of an address.
func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }
