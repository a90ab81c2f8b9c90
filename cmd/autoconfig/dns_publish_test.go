package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/publish"
	"autoconfig/service"
)

// serveDynamicDNS serves zone files on a loopback port, takes updates signed
// with the key autoconfig, and sets $DNS: tsigdns SECRET ZONE…
func serveDynamicDNS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: tsigdns SECRET ZONEFILE…")
	}
	var zones []string
	for _, name := range args[1:] {
		zones = append(zones, ts.ReadFile(name))
	}
	t, ok := ts.Value(testingT{}).(testing.TB)
	if !ok {
		ts.Fatalf("no testing.TB in the environment")
	}
	s := dnstest.Start(t, zones...)
	s.Key("autoconfig", args[0])
	ts.Setenv("DNS", s.Addr())
}

// serveZoneAPI is a very small PowerDNS: zones behind its HTTP API, on a loopback
// port, and sets $API and $API_ADDR (its host:port): zoneapi TOKEN ZONE….
func serveZoneAPI(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: zoneapi TOKEN ZONE…")
	}
	token, zones := args[0], args[1:]
	type rrset struct {
		Name       string           `json:"name"`
		Type       string           `json:"type"`
		TTL        uint32           `json:"ttl"`
		ChangeType string           `json:"changetype,omitempty"`
		Records    []map[string]any `json:"records"`
	}
	var mu sync.Mutex
	sets := map[string]map[string]rrset{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		zone, ok := strings.CutPrefix(strings.TrimSuffix(q.URL.Path, "."), "/api/v1/servers/localhost/zones/")
		if sets[zone] == nil {
			sets[zone] = map[string]rrset{"mx": {Name: zone + ".", Type: "MX", TTL: 3600, Records: []map[string]any{{"content": "10 mx." + zone + "."}}}}
		}
		switch {
		case q.Header.Get("X-API-Key") != token:
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
		case !ok || !slices.Contains(zones, zone):
			http.Error(w, "Not Found", http.StatusNotFound)
		case q.Method == http.MethodPatch:
			var in struct{ RRSets []rrset }
			if err := json.NewDecoder(q.Body).Decode(&in); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			for _, set := range in.RRSets {
				set.ChangeType = ""
				sets[zone][set.Name+set.Type] = set
			}
			w.WriteHeader(http.StatusNoContent)
		default:
			list := []rrset{}
			for _, set := range sets[zone] {
				list = append(list, set)
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"id": zone + ".", "kind": "Native", "rrsets": list})
		}
	}))
	ts.Defer(s.Close)
	ts.Setenv("API", s.URL)
	ts.Setenv("API_ADDR", s.Listener.Addr().String())
}

// After an interrupt what was published before it is still reported; nothing else is
// shown, asked or sent.
func TestPublishInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, words bytes.Buffer
	d := &dnsPublish{app: &app{stdin: strings.NewReader("y\ny\n"), stdout: &out, stderr: &words}, done: &doneList{},
		list: domainList{all: true}}
	zone := func(name string, published bool) *publishedZone {
		update := &publish.ZoneUpdate{Zone: name + ".", Server: "192.0.2.53:53",
			Changes: []publish.Change{{Name: "_imaps._tcp." + name + "."}}}
		return &publishedZone{Zone: name, update: update, tried: published, Published: published}
	}
	d.yes = true // shows nothing of a list
	err := d.finish(ctx, &publishJob{zones: []*publishedZone{zone("one.test", true), zone("two.test", false)}})
	if !errors.Is(err, context.Canceled) || words.Len() > 0 ||
		!strings.HasPrefix(out.String(), "one.test: published ") || strings.Contains(out.String(), "two.test") {
		t.Errorf("%v\n%s%s", err, &out, &words)
	}
	if d.total.published != 1 || d.total.failed != 0 {
		t.Errorf("%+v", d.total)
	}
}

// Domains of a list are under way together, so a change that needs nobody's answer
// does not wait until the domains before it are reported. A look and a question do.
func TestPublishListed(t *testing.T) {
	const secret = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IDEyMzQ="
	s := dnstest.Start(t,
		"$ORIGIN example.test.\n@ 3600 IN SOA ns1 hostmaster 1 3600 600 86400 300\n@ 3600 IN NS ns1\nns1 3600 IN A 192.0.2.53\n")
	s.Key("autoconfig", secret)
	file := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config := file("autoconfig.yaml",
		"service_host: a.test\nproviders: [{domains: [example.test], incoming: [imaps://m.test], outgoing: [submissions://m.test]}]\n")
	key := file("tsig.key", "autoconfig:hmac-sha256:"+secret)
	for _, c := range []struct{ dryRun, yes, tried bool }{{true, false, false}, {true, true, false}, {false, false, false},
		{false, true, true}} {
		var out, words bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &words, configPath: config,
			env: func(string) (string, bool) { return "", false }}
		d := &dnsPublish{app: a, keyFile: key, yes: true, done: &doneList{}, list: domainList{all: true}}
		d.options.Server = s.Addr()
		if err := d.complete(); err != nil || d.load() != nil {
			t.Fatalf("%v %s", err, &words)
		}
		d.dryRun, d.yes = c.dryRun, c.yes
		d.own, d.publisher = service.NewOwnDomains(d.data), publish.New(d.network.dnsClient(d.cfg, 0), d.options)
		zones := d.work(t.Context(), "example.test").zones
		if len(zones) != 1 || len(zones[0].Changes) == 0 || zones[0].tried != c.tried || zones[0].Published != c.tried ||
			out.Len() > 0 {
			t.Errorf("%+v: %+v\n%s", c, zones, &out)
		}
	}
}
