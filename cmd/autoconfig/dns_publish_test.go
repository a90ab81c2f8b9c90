package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"autoconfig/dnssrv/dnstest"
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
// port, and sets $API: zoneapi TOKEN ZONE…
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
}
