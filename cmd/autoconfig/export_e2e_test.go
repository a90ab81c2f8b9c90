//go:build e2e

package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

// An exported tree behind nginx and Caddy, configured as docs/export.md says,
// answers as the server itself: status, bytes and content type.
func TestExportedTree(t *testing.T) {
	const config = `providers:
  - {domains: [example.org, example.zip], incoming: [imaps://mail.example.org], outgoing: [submissions://mail.example.org]}
  - {domains: [nopacc.example], incoming: [imap://mail.example.org], outgoing: [submission://mail.example.org]}
`
	public, _ := startServer(t, config)
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { // nginx reads it as another user
		t.Fatal(err)
	}
	file := write(t, dir, "autoconfig.yaml", config)
	tree := filepath.Join(dir, "tree")
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: os.Stderr, env: os.LookupEnv}
	if status := a.main(t.Context(), []string{"export", tree, "--config", file}); status != 0 {
		t.Fatalf("export ends with status %d", status)
	}
	for _, kind := range []struct {
		name  string
		start func(t *testing.T, dir, text, listen string)
	}{{"nginx", startNginxTree}, {"caddyfile", startCaddyTree}} {
		t.Run(kind.name, func(t *testing.T) {
			listen := freeport.On(t, "127.0.0.1")
			text := strings.ReplaceAll(codeBlock(t, "export.md", kind.name), "/srv/autoconfig", tree)
			kind.start(t, t.TempDir(), strings.ReplaceAll(text, "127.0.0.1:8080", public), listen)
			compareTrees(t, public, listen)
		})
	}
}

func startNginxTree(t *testing.T, dir, text, listen string) {
	t.Helper()
	text = strings.Replace(text, "listen 80 default_server", "listen "+listen+" default_server", 1)
	path := write(t, dir, "nginx.conf",
		"daemon off; pid "+dir+"/pid; error_log stderr; user root;\nevents {}\nhttp { access_log off; client_body_temp_path "+
			dir+"; proxy_temp_path "+dir+
			"; fastcgi_temp_path "+dir+"; uwsgi_temp_path "+dir+"; scgi_temp_path "+dir+"; include /etc/nginx/mime.types;\n"+
			text+"}\n")
	start(t, dir, component.Need(t, "nginx"), "-c", path, "-p", dir)
}

func startCaddyTree(t *testing.T, dir, text, listen string) {
	t.Helper()
	path := write(t, dir, "Caddyfile", "{\n\tadmin off\n}\n"+strings.Replace(text, "http:// {",
		"http://:"+listen[strings.LastIndex(listen, ":")+1:]+" {\n\tbind 127.0.0.1", 1))
	start(t, dir, component.Need(t, "caddy"), "run", "--config", path, "--adapter", "caddyfile")
}

// compareTrees asks the server and the tree for the same.
func compareTrees(t *testing.T, public, listen string) {
	t.Helper()
	served := 0
	for _, host := range []string{"autoconfig.example.org", "example.org", "autodiscover.example.org",
		"ua-auto-config.example.org",
		"autoconfig.example.zip", "example.zip", "autoconfig.unknown.example", "ua-auto-config.nopacc.example",
		"autoconfig.live.co.uk"} {
		for _, path := range []string{"/mail/config-v1.1.xml",
			"/mail/config-v1.1.xml?emailaddress=you@" + strings.TrimPrefix(host, "autoconfig."), "/Mail/Config-v1.1.XML",
			"/.well-known/autoconfig/mail/config-v1.1.xml", "/.well-known/mail-v1.xml", "/autodiscover/autodiscover.xml",
			"/.well-known/user-agent-configuration.json", "/v1.1/example.org", "/v1.1/example.zip", "/v1.1/live.co.uk",
			"/v1.1/unknown.example", "/v1.1/..%2f.autoconfig-export", "/.autoconfig-export"} {
			if !exportedAt(host, path) {
				continue
			}
			want, wantBody := ask(t, public, host, path)
			got, gotBody := ask(t, listen, host, path)
			if got.StatusCode != want.StatusCode || got.StatusCode == 200 &&
				(gotBody != wantBody || got.Header.Get("Content-Type") != want.Header.Get("Content-Type")) {
				t.Errorf("%s%s: %d %s, want %d %s\n%s", host, path, got.StatusCode, got.Header.Get("Content-Type"), want.StatusCode,
					want.Header.Get("Content-Type"), gotBody)
			}
			if got.StatusCode == 200 {
				served++
			}
		}
	}
	if served < 30 {
		t.Errorf("only %d documents", served)
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+listen+"/autodiscover/autodiscover.xml", strings.NewReader(
		`<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>you@example.org</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "autodiscover.example.org"
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if body, _ := io.ReadAll(r.Body); r.StatusCode != 200 ||
		!strings.Contains(string(body), "<LoginName>you@example.org</LoginName>") {
		t.Errorf("Outlook's POST: %d\n%s", r.StatusCode, body)
	}
}

// exportedAt leaves out what docs/export.md says a tree does not have: a
// document at a host where no client asks for it.
func exportedAt(host, path string) bool {
	switch prefix, _, _ := strings.Cut(host, "."); {
	case strings.HasPrefix(path, "/autodiscover/"):
		return prefix != "autoconfig" && prefix != "ua-auto-config"
	case path == "/.well-known/user-agent-configuration.json":
		return prefix == "ua-auto-config"
	case strings.Contains(strings.ToLower(path), "mail"):
		return prefix != "autodiscover" && prefix != "ua-auto-config"
	}
	return true
}

func ask(t *testing.T, addr, host, path string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	for range 500 {
		r, err := http.DefaultClient.Do(req)
		if err == nil {
			defer func() { _ = r.Body.Close() }()
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			return r, string(body)
		}
		time.Sleep(20 * time.Millisecond) // it is starting
	}
	t.Fatalf("%s does not answer", addr)
	return nil, ""
}
