package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
)

// oldServer answers as others do that have a database of domains: documents for
// one person, from the address in the query or in the body, and 404 for others.
func oldServer(t *testing.T) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		file := map[string]string{"/mail/config-v1.1.xml": "config-v1.1.xml", "/autodiscover/autodiscover.xml": "outlook.xml",
			"/mobileconfig": "profile.mobileconfig"}[strings.TrimSuffix(r.URL.Path, "/")]
		address := r.URL.Query().Get("emailaddress")
		if r.Method == http.MethodPost {
			_, after, _ := strings.Cut(string(body), "<EMailAddress>")
			address, _, _ = strings.Cut(after, "<")
			if strings.Contains(string(body), "mobilesync/responseschema") {
				file = "mobilesync.xml"
			}
		}
		text, err := os.ReadFile(filepath.Join("../../importer/testdata/answers", file))
		if err != nil || !strings.HasSuffix(address, "@example.org") {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(bytes.ReplaceAll(text, []byte("ADDRESS"), []byte(address)))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// All that a running server has for a domain becomes one entry, and what cannot
// be carried over, or differs, is said; nothing of a person is in it.
func TestImportServer(t *testing.T) {
	t.Parallel()
	url := oldServer(t)
	empty := filepath.Join(t.TempDir(), "autoconfig.yaml")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got, status := command(t.Context(), io.Discard, "import", url, "--domain", "example.org", "--allow-private",
		"--config", empty)
	got = strings.ReplaceAll(got, url, "http://old.example")
	const golden = "testdata/import-server.golden"
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) || status != exitOK {
		t.Errorf("status %d, %v\n%s", status, err, got)
	}
	if strings.Contains(got, "postmaster") || strings.Contains(got, "hunter2") {
		t.Error("a local part or a password is in it")
	}
	if err := os.WriteFile(empty, []byte(got), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, status := command(t.Context(), io.Discard, "config", "check", empty); status != exitOK {
		t.Errorf("config check: %d %s", status, out)
	}
	if _, status := command(t.Context(), io.Discard, "import", url, "--domain", "other.example", "--allow-private",
		"--config", empty); status != exitProblem {
		t.Errorf("a domain that the server lacks: %d", status)
	}
}

// What programs find for an address of ours is our own configuration.
func TestImportAddress(t *testing.T) {
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
	zone := "example.org. 3600 IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 300\n" + records
	for name, byHTTP := range map[string]bool{"documents": true, "SRV records alone": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dns := dnstest.Start(t, zone)
			args := []string{"import", "jo.secret@example.org", "--config", path, "--resolver", dns.Addr(), "--ca", ca.Root(t),
				"--ispdb", "https://ispdb.invalid/"}
			if byHTTP {
				args = append(args, "--connect-to", ":80:"+plain, "--connect-to", ":443:"+secure)
			}
			got, status := command(t.Context(), io.Discard, args...)
			if status != exitOK || strings.Contains(got, "jo.secret") {
				t.Fatalf("status %d\n%s", status, got)
			}
			again := filepath.Join(t.TempDir(), "autoconfig.yaml")
			if err := os.WriteFile(again, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			want, _ := command(t.Context(), io.Discard, "render", "text", "you@example.org", "--config", path)
			if have, _ := command(t.Context(), io.Discard, "render", "text", "you@example.org", "--config", again); byHTTP &&
				have != want {
				t.Errorf("got\n%s\nwant\n%s\nby\n%s", have, want, got)
			} else if !strings.Contains(have, "imap.example.org") {
				t.Errorf("%s\nby\n%s", have, got)
			}
		})
	}
}
