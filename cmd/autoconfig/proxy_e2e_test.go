//go:build e2e

package main

import (
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

// proxied reads X-Forwarded-Host, which a recipe must not let through.
const proxied = `
forwarded_host: true
service_host: autoconfig.hoster.example
providers:
  - domains: [example.org]
    incoming: [imaps://mail.example.org]
    outgoing: [submissions://mail.example.org]
`

// checkProxied asks what mail clients ask, through the proxy, by real names.
func checkProxied(t *testing.T, c client) {
	t.Helper()
	for _, test := range []struct {
		url    string
		status int
		want   string
	}{
		{"https://autoconfig.example.org/mail/config-v1.1.xml", 200, "<domain>example.org</domain>"},
		{"https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=a%2Bb%40live.co.uk", 200, "smtp-mail.outlook.com"},
		{"https://ua-auto-config.example.org/.well-known/user-agent-configuration.json", 200,
			`"imap":{"host":"mail.example.org"}`},
		{"https://autodiscover.example.org/Autodiscover/Autodiscover.xml", 200, "<Server>mail.example.org</Server>"},
		{"https://autodiscover.example.org/autodiscover/autodiscover.json/v1.0/U%40example.org?Protocol=AutodiscoverV1", 200,
			"https://autodiscover.example.org/"},
		{"http://autoconfig.example.org/mail/config-v1.1.xml", 200, "<domain>example.org</domain>"}, // never redirected
		{"http://autodiscover.example.org/autodiscover/autodiscover.xml", 302, ""},
		{"https://autoconfig.example.org/readyz", 404, ""},
	} {
		if status, body := c.get(t, test.url); status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d %s", test.url, status, body)
		}
	}
	asked, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		"https://autoconfig.example.org/mail/config-v1.1.xml", nil)
	if err != nil {
		t.Fatal(err)
	}
	asked.Header.Set("X-Forwarded-Host", "autoconfig.live.co.uk")
	r, err := c.http.Do(asked)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil || !strings.Contains(string(body), "<domain>example.org</domain>") {
		t.Errorf("a client chose the host: %v %s", err, body)
	}
	r, err = c.http.Post("https://autodiscover.example.org/autodiscover/autodiscover.xml", "text/xml",
		strings.NewReader(`<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>u@example.org</EMailAddress></Request></Autodiscover>`))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("POST: %d", r.StatusCode)
	}
}

// recipe is a recipe of docs/proxy.md with the test's ports and files.
func recipe(t *testing.T, language, dir string) (text, httpAddr, httpsAddr string, roots *x509.CertPool) {
	t.Helper()
	public, _ := startServer(t, proxied)
	httpAddr, httpsAddr = freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1")
	certPEM, keyPEM, roots := certificate(t, "autoconfig.example.org", "autodiscover.example.org",
		"ua-auto-config.example.org", "setup.example.org")
	return strings.NewReplacer(
		"    listen [::]:80;\n", "", "    listen [::]:443 ssl;\n", "", // the machine may have no IPv6
		"listen 80;", "listen "+httpAddr+";", "listen 443 ", "listen "+httpsAddr+" ", "listen 443;", "listen "+httpsAddr+";",
		"*:80>", httpAddr+">", "*:443>", httpsAddr+">", "127.0.0.1:8080", public,
		"/etc/letsencrypt/live/autoconfig.example.org/fullchain.pem", write(t, dir, "cert.pem", certPEM),
		"/etc/letsencrypt/live/autoconfig.example.org/privkey.pem", write(t, dir, "key.pem", keyPEM),
	).Replace(codeBlock(t, "proxy.md", language)), httpAddr, httpsAddr, roots
}

// The nginx recipe of docs/proxy.md, as it is there but for ports and files.
func TestBehindNginx(t *testing.T) {
	nginx := component.Need(t, "nginx")
	dir := t.TempDir()
	text, httpAddr, httpsAddr, roots := recipe(t, "nginx", dir)
	user := ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	conf := write(t, dir, "nginx.conf", user+`
daemon off;
pid `+dir+`/pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path `+dir+`;
    proxy_temp_path `+dir+`;
    fastcgi_temp_path `+dir+`;
    uwsgi_temp_path `+dir+`;
    scgi_temp_path `+dir+`;
`+text+"}\n")
	start(t, dir, nginx, "-c", conf, "-p", dir, "-e", "stderr")
	checkProxied(t, newClient(httpAddr, httpsAddr, roots))
}

// The Apache recipe.
func TestBehindApache(t *testing.T) {
	apache := component.Need(t, "apache2")
	dir := t.TempDir()
	text, httpAddr, httpsAddr, roots := recipe(t, "apache", dir)
	conf := "ServerRoot " + dir + "\nServerName localhost\nPidFile pid\nErrorLog /dev/stderr\nDefaultRuntimeDir " + dir +
		"\nListen " + httpAddr + "\nListen " + httpsAddr + "\n"
	if os.Getuid() == 0 {
		conf += "User nobody\nGroup nogroup\n"
	}
	for _, module := range []string{"mpm_event", "authz_core", "ssl", "proxy", "proxy_http", "headers"} {
		conf += "LoadModule " + module + "_module " + "/usr/lib/apache2/modules/mod_" + module + ".so\n"
	}
	start(t, dir, apache, "-D", "FOREGROUND", "-f", write(t, dir, "apache.conf", conf+text))
	checkProxied(t, newClient(httpAddr, httpsAddr, roots))
}

// The Caddy recipe, with certificates on demand from Caddy's own authority:
// what /ask does not vouch for gets none.
func TestBehindCaddy(t *testing.T) {
	caddy := component.Need(t, "caddy")
	names := dnstest.Start(t,
		"example. SOA ns.example. root.example. 1 3600 600 86400 60\nautoconfig.hoster.example. A 127.0.0.1\n",
		"example.org. SOA ns.example. root.example. 1 3600 600 86400 60\n*.example.org. A 127.0.0.1\n")
	public, admin := startServer(t, proxied+"dns: {resolver: [\""+names.Addr()+"\"]}\n")
	dir := t.TempDir()
	httpAddr, httpsAddr := freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1")
	port := func(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }
	text := strings.NewReplacer(
		"{\n\ton_demand_tls",
		"{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\tdefault_bind 127.0.0.1\n\tstorage file_system "+dir+
			"\n\thttp_port "+port(httpAddr)+"\n\thttps_port "+port(httpsAddr)+"\n\ton_demand_tls",
		"127.0.0.1:8081", admin, "127.0.0.1:8080", public,
	).Replace(codeBlock(t, "proxy.md", "caddyfile"))
	start(t, dir, caddy, "run", "--adapter", "caddyfile", "--config", write(t, dir, "Caddyfile", text))
	roots := x509.NewCertPool()
	for range 500 {
		pem, err := os.ReadFile(filepath.Join(dir, "pki/authorities/local/root.crt"))
		if err == nil && roots.AppendCertsFromPEM(pem) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	c := newClient(httpAddr, httpsAddr, roots)
	checkProxied(t, c)
	if r, err := c.http.Get("https://autoconfig.stranger.example/"); err == nil {
		_ = r.Body.Close()
		t.Errorf("a certificate for a stranger's name: %d", r.StatusCode)
	}
}
