//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// twoDomains have documents that tell them apart.
const twoDomains = `
forwarded_host: %v
providers:
  - domains: [victim.example, attacker.example, smuggled.example]
    incoming: ["imaps://mail.%%EMAILDOMAIN%%"]
    outgoing: ["submissions://mail.%%EMAILDOMAIN%%"]
`

// A shared cache in front, by the nginx recipe of deploy/: nothing that a
// stranger sends with his request decides what the next client of another domain
// gets. The key is nginx's own, which lacks the Host, and the usual better one;
// with the line of the recipe gone, Vary alone has to do.
func TestCacheBehindNginx(t *testing.T) {
	const clears = `proxy_set_header X-Forwarded-Host "";`
	for name, key := range map[string]string{"nginx's key": "", "host and target": "proxy_cache_key $host$request_uri;",
		"host, path and query": "proxy_cache_key $scheme$host$uri$is_args$args;"} {
		for _, forwarded := range []bool{false, true} {
			for _, recipe := range []string{clears, ""} {
				t.Run(fmt.Sprintf("%s, read %v, cleared %v", name, forwarded, recipe != ""), func(t *testing.T) {
					f := newFleet(t)
					f.start(t, fmt.Sprintf(twoDomains, forwarded))
					cache := fmt.Sprintf("proxy_cache_path %s keys_zone=documents:1m;", filepath.Join(t.TempDir(), "cache"))
					nginx.start(t, f, "keepalive 64;\n}", "keepalive 64;\n}\n"+cache, clears, recipe, "proxy_connect_timeout 1s;",
						"proxy_connect_timeout 1s; proxy_cache documents; proxy_cache_valid 404 1m; add_header X-Cache $upstream_cache_status; "+key)
					attackCache(t, f.http)
				})
			}
		}
	}
}

func attackCache(t *testing.T, proxy string) {
	for i, attack := range []http.Header{
		{"X-Forwarded-Host": {"autoconfig.attacker.example"}},
		{"X-Forwarded-Host": {"autoconfig.attacker.example, autoconfig.victim.example"}},
		{"X-Forwarded-Host": {"autoconfig.victim.example", "autoconfig.attacker.example"}},
		{"X-Forwarded-Server": {"autoconfig.attacker.example"}, "X-Host": {"autoconfig.attacker.example"},
			"X-Original-Host": {"autoconfig.attacker.example"}},
		{"Forwarded": {"host=autoconfig.attacker.example"}},
		{"X-Forwarded-Host": {"nowhere.example"}}, // a 404 for the customer
	} {
		for _, path := range []string{"/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml",
			"/.well-known/user-agent-configuration.json"} {
			path += fmt.Sprintf("?round=%d", i) // not asked for before
			_, _, _ = through(t, proxy, "autoconfig.victim.example"+path, attack)
			for _, host := range []string{"autoconfig.victim.example", "autoconfig.attacker.example",
				"autoconfig.victim.example"} {
				status, body, from := through(t, proxy, host+path, nil)
				domain := strings.TrimPrefix(host, "autoconfig.")
				if status != http.StatusOK || !strings.Contains(body, "mail."+domain) {
					t.Errorf("after %v, %s%s: %d from %s:\n%s", attack, host, path, status, from, body)
				}
			}
			until(t, "answers from the cache to "+path, func() bool { // kept only after the answer was sent
				_, _, from := through(t, proxy, "autoconfig.victim.example"+path, nil)
				return from == "HIT"
			})
		}
	}
}

// through asks a proxy, and says what its cache did.
func through(t *testing.T, proxy, target string, headers http.Header) (status int, body, cache string) {
	t.Helper()
	host, path, _ := strings.Cut(target, "/")
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+proxy+"/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	maps.Copy(r.Header, headers)
	answer, err := client(&http.Transport{DisableKeepAlives: true}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header.Get("X-Cache")
}
