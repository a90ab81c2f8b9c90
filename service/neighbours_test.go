package service

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"autoconfig/acme"
	"autoconfig/config"
	"autoconfig/discover"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/query"
	"autoconfig/provider"
)

// A policy is what the URL itself answers with status 200, up to its bound.
func TestNeighboursFetch(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/policy":
			_, _ = fmt.Fprint(w, "version: STSv1")
		case "/moved":
			http.Redirect(w, r, "/policy", http.StatusFound)
		case "/long":
			_, _ = fmt.Fprint(w, strings.Repeat("x", 100_000))
		default:
			http.NotFound(w, r)
		}
	}))
	defer web.Close()
	n := Neighbours(config.Default(), &discover.Env{AllowPrivate: true})
	for path, want := range map[string]string{"/policy": "version: STSv1", "/moved": "status 302", "/none": "status 404",
		"/long": strings.Repeat("x", 65536)} {
		body, err := n.Fetch(t.Context(), web.URL+path)
		got := string(body)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %.80s, want %.80s", path, got, want)
		}
	}
	for _, bad := range []string{"http://[", "http://127.0.0.1:1/policy"} {
		if body, err := n.Fetch(t.Context(), bad); err == nil || body != nil || strings.Contains(err.Error(), "/policy") {
			t.Errorf("%s: %q %v", bad, body, err)
		}
	}
}

// CAA records are compared with the authorities that are configured, where their names in such records are known.
func TestNeighboursAuthorities(t *testing.T) {
	for text, want := range map[string][]string{
		"listen: 127.0.0.1:0\n":                      nil,
		"listen_tls: 127.0.0.1:0\ntls: {acme: {}}\n": {"letsencrypt.org"},
		"listen_tls: 127.0.0.1:0\ntls: {acme: {directories: [{url: https://ca.hoster.test/}, {url: https://acme.zerossl.com/v2/DV90}]}}\n": {"sectigo.com"},
	} {
		if got := Neighbours(loaded(t, t.TempDir(), text), nil).CAs; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// Which names lead to this server is found out where that counts: for certificates on demand, and for a proxy that
// asks about them, by the configured resolver.
func TestLeads(t *testing.T) {
	dns := dnstest.Start(t, rootZone, "$ORIGIN hoster.test.\n@ 60 IN SOA ns.test. root.test. 1 3600 600 86400 60\n"+
		"autoconfig 60 IN A 192.0.2.1\nother 60 IN A 192.0.2.2\n")
	resolver := "dns: {resolver: [\"" + dns.Addr() + "\"]}\n"
	load := func(text string) (*acme.Leads, []string) {
		cfg := loaded(t, t.TempDir(), resolver+text)
		return leads(cfg, "127.0.0.1:443"), cfg.ServiceHosts()
	}
	if l, _ := load("listen: 127.0.0.1:0\n"); l != nil {
		t.Error("names are looked up for nobody")
	}
	for _, text := range []string{
		"listen_tls: 127.0.0.1:443\ntls: {acme: {addresses: [192.0.2.1]}}\n",
		"service_host: autoconfig.hoster.test\n",
		"service_host: autoconfig.hoster.test\nlisten_tls: 127.0.0.1:443\ntls: {acme: {}}\n",
	} {
		l, services := load(text)
		if l == nil {
			t.Fatal(text)
		}
		for host, here := range map[string]bool{"autoconfig.hoster.test": true, "other.hoster.test": false,
			"none.hoster.test": false} {
			if err := l.Check(t.Context(), host, services...); (err == nil) != here {
				t.Errorf("%s with\n%s%v", host, text, err)
			}
		}
	}
}

// The MX source is there with a resolver in the configuration, and nowhere without; the system's resolvers are asked
// where the configuration has none.
func TestMXSource(t *testing.T) {
	dns := dnstest.Start(t, rootZone,
		"$ORIGIN customer.test.\n@ 60 IN SOA ns.test. root.test. 1 3600 600 86400 60\n@ 60 IN MX 10 mx.hoster.test.\n")
	cfg := loaded(t, t.TempDir(), "dns: {resolver: [\""+dns.Addr()+"\"]}\n")
	own := []*provider.Provider{{ID: "hosted", MX: []string{"mx.hoster.test"}}}
	if p, err := MXSource(cfg, own).Lookup(t.Context(), provider.Address{Domain: "customer.test"}); err != nil ||
		p != own[0] {
		t.Errorf("%v %v", p, err)
	}
	if MXSource(config.Default(), own) != nil {
		t.Error("asks strangers' domains although nobody has switched it on")
	}
	system := query.NewSystem(query.SystemFile).Resolvers()
	for _, cfg := range []*config.Config{nil, config.Default(), loaded(t, t.TempDir(), "dns: {resolver: system}\n")} {
		if got := Resolvers(cfg)(); !slices.Equal(got, system) {
			t.Errorf("%q, the system's are %q", got, system)
		}
	}
	if got := Resolvers(cfg)(); !slices.Equal(got, []string{dns.Addr()}) {
		t.Errorf("%q", got)
	}
}
