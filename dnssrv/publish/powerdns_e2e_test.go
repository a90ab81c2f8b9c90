//go:build e2e

package publish_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	_ "modernc.org/sqlite"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/publish"
	"autoconfig/dnssrv/query"
	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

// pdns is PowerDNS with its HTTP API.
type pdns struct {
	t        testing.TB
	url, dns string
}

// startPowerDNS runs pdns_server until the test ends.
func startPowerDNS(t testing.TB) *pdns {
	t.Helper()
	dir := t.TempDir()
	schema, err := os.ReadFile(component.Need(t, "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "zones.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"PRAGMA journal_mode=WAL", string(schema)} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	_ = db.Close()
	p := &pdns{t: t, url: "http://" + freeport.On(t, "127.0.0.1"), dns: freeport.On(t, "127.0.0.1")}
	_, dnsPort, _ := net.SplitHostPort(p.dns)
	_, webPort, _ := net.SplitHostPort(strings.TrimPrefix(p.url, "http://"))
	dnstest.WriteFile(t, filepath.Join(dir, "pdns.conf"), fmt.Sprintf(`launch=gsqlite3
gsqlite3-database=%[1]s/zones.db
gsqlite3-pragma-synchronous=0
local-address=127.0.0.1
local-port=%[2]s
api=yes
api-key=%[3]s
webserver-address=127.0.0.1
webserver-port=%[4]s
socket-dir=%[1]s
zone-cache-refresh-interval=0
query-cache-ttl=0
cache-ttl=0
negquery-cache-ttl=0
`, dir, dnsPort, apiToken, webPort))
	cmd := exec.Command(component.Need(t, "pdns_server"), "--config-dir="+dir, "--daemon=no", "--guardian=no",
		"--loglevel=3")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://")); err == nil {
			_ = c.Close()
			return p
		}
		if time.Now().After(end) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			t.Fatalf("pdns_server does not answer:\n%s", log.String())
		}
	}
}

// call makes a request of its API, which must succeed.
func (p *pdns) call(method, path string, in any) []byte {
	p.t.Helper()
	body, _ := json.Marshal(in)
	q, _ := http.NewRequest(method, p.url+"/api/v1/servers/localhost/zones"+path, bytes.NewReader(body))
	q.Header.Set("X-API-Key", apiToken)
	q.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		p.t.Fatal(err)
	}
	defer a.Body.Close()
	said, _ := io.ReadAll(a.Body)
	if a.StatusCode/100 != 2 {
		p.t.Fatalf("%s %s: %s %s", method, path, a.Status, said)
	}
	return said
}

// zone makes a zone with records given as zone lines below example.test.
func (p *pdns) zone(name, kind string, lines ...string) {
	p.t.Helper()
	p.call(http.MethodPost, "", map[string]any{"name": name + ".", "kind": kind,
		"nameservers": []string{"ns1." + name + "."}, "rrsets": p.sets(lines...)})
}

func (p *pdns) sets(lines ...string) []map[string]any {
	var sets []map[string]any
	for _, rr := range records(p.t, lines...) {
		h := rr.Header()
		sets = append(sets,
			map[string]any{"name": h.Name, "type": dns.TypeToString[h.Rrtype], "ttl": h.Ttl, "changetype": "REPLACE",
				"records": []map[string]any{{"content": strings.TrimPrefix(rr.String(), h.String()), "disabled": false}}})
	}
	return sets
}

func (p *pdns) publisher(token string) *publish.Publisher {
	p.t.Helper()
	api, err := publish.NewAPI("powerdns", p.url, token)
	if err != nil {
		p.t.Fatal(err)
	}
	return publish.New(query.New(query.Options{Resolvers: []string{p.dns}}), publish.Options{API: api, Wait: time.Second})
}

// asked is what the server answers, as text.
func (p *pdns) asked(name, qtype string) string {
	a := query.New(query.Options{}).AskServer(p.t.Context(), p.dns, name+".example.test", dns.StringToType[qtype])
	var out []string
	for _, rr := range a.RRs {
		out = append(out, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	return strings.Join(out, "; ")
}

// TestPowerDNS publishes through the real thing: once, again, too late, with the
// wrong token, into no zone and into a copy of one.
func TestPowerDNS(t *testing.T) {
	p := startPowerDNS(t)
	p.zone("example.test", "Native", "@ MX 10 mx", `@ TXT "v=spf1 mx -all"`, "_imaps._tcp 7200 SRV 0 1 993 imap",
		"autodiscover CNAME old.test.", "www A 192.0.2.1")
	pub := p.publisher(apiToken)
	u := prepared(t, pub, plans(t, apiPlan...))
	if found := pub.Publish(t.Context(), u); ids(found) != "dns-publish-done" {
		t.Fatalf("%+v", found)
	}
	for _, want := range [][3]string{{"_imaps._tcp", "SRV", "0 1 993 imap.example.test."},
		{"_pop3._tcp", "SRV", "0 0 0 ."}, {"autodiscover", "CNAME", "host.test."},
		{"_ua-auto-config", "TXT", `"v=UAAC1; a=sha256; d=x\"y"`}, {"www", "A", "192.0.2.1"}} {
		if got := p.asked(want[0], want[1]); got != want[2] {
			t.Errorf("%s %s: %q, want %q", want[0], want[1], got, want[2])
		}
	}
	before := p.call(http.MethodGet, "/example.test.", nil)
	if again := prepared(t, pub, plans(t, apiPlan...)); again.Count() != 0 {
		t.Errorf("second run: %v", again.Changes)
	}
	if diff := cmp.Diff(string(before), string(p.call(http.MethodGet, "/example.test.", nil))); diff != "" ||
		!strings.Contains(string(before), "v=spf1") {
		t.Errorf("the second run changed something: %s", diff)
	}

	p.call(http.MethodPatch, "/example.test.", map[string]any{"rrsets": p.sets("autodiscover 60 CNAME older.test.")})
	u = prepared(t, pub, plans(t, apiPlan...))
	p.call(http.MethodPatch, "/example.test.", map[string]any{"rrsets": p.sets("autodiscover CNAME theirs.test.")})
	if found := pub.Publish(t.Context(), u); ids(found) != "dns-publish-raced" ||
		p.asked("autodiscover", "CNAME") != "theirs.test." {
		t.Errorf("%+v %s", found, p.asked("autodiscover", "CNAME"))
	}

	_, found := p.publisher("wrong").Prepare(t.Context(), plans(t, apiPlan...))
	if ids(found) != "dns-publish-token" {
		t.Errorf("%+v", found)
	}
	p.zone("copy.test", "Native")
	p.call(http.MethodPut, "/copy.test.", map[string]any{"kind": "Slave", "masters": []string{"192.0.2.1"}})
	for domain, want := range map[string]string{"other.test": "dns-publish-zone-missing",
		"copy.test": "dns-publish-not-authoritative"} {
		plan := plans(t, "_imaps._tcp."+domain+". SRV 0 1 993 imap")
		plan[0].Domain = domain
		if _, found := pub.Prepare(t.Context(), plan); ids(found) != want {
			t.Errorf("%s: %+v", domain, found)
		}
	}
}

// BenchmarkPowerDNS publishes b.N zones, one after the other, as SQLite likes it,
// and then has a bare loop make the same requests. Compare the two ms/zone:
//
//	go test -tags e2e -run '^$' -bench PowerDNS -benchtime 1000x ./dnssrv/publish
func BenchmarkPowerDNS(b *testing.B) {
	p := startPowerDNS(b)
	run := 0
	zones := func(b *testing.B) (names []string, plan func(string) publish.DomainPlan) {
		run++
		for i := range b.N {
			names = append(names, fmt.Sprintf("d%d-%d.test", run, i))
			p.zone(names[i], "Native")
		}
		return names, func(name string) publish.DomainPlan {
			var lines []string
			for _, line := range apiPlan {
				label, rest, _ := strings.Cut(line, " ")
				lines = append(lines, label+"."+name+". "+rest)
			}
			return publish.DomainPlan{Domain: name, Records: records(b, lines...)}
		}
	}
	each := func(b *testing.B, names []string, do func(string)) {
		b.ResetTimer()
		for _, name := range names {
			do(name)
		}
		b.StopTimer()
		b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/zone")
	}
	b.Run("publish", func(b *testing.B) {
		names, plan := zones(b)
		pub := p.publisher(apiToken)
		each(b, names, func(name string) {
			updates, found := pub.Prepare(b.Context(), []publish.DomainPlan{plan(name)})
			if len(updates) != 1 || len(found) > 0 || ids(pub.Publish(b.Context(), updates[0])) != "dns-publish-done" {
				b.Errorf("%s: %+v %+v", name, found, updates)
			}
		})
	})
	b.Run("bare", func(b *testing.B) {
		names, plan := zones(b)
		each(b, names, func(name string) {
			p.call(http.MethodGet, "/"+name+".?rrsets=false", nil)
			p.call(http.MethodGet, "/"+name+".", nil)
			p.call(http.MethodGet, "/"+name+".", nil)
			sets := map[string]map[string]any{}
			var list []map[string]any
			for _, rr := range plan(name).Records {
				h := rr.Header()
				key := h.Name + dns.TypeToString[h.Rrtype]
				if sets[key] == nil {
					sets[key] = map[string]any{"name": h.Name, "type": dns.TypeToString[h.Rrtype], "ttl": h.Ttl,
						"changetype": "REPLACE", "records": []map[string]any{}}
					list = append(list, sets[key])
				}
				sets[key]["records"] = append(sets[key]["records"].([]map[string]any),
					map[string]any{"content": strings.TrimPrefix(rr.String(), h.String()), "disabled": false})
			}
			p.call(http.MethodPatch, "/"+name+".", map[string]any{"rrsets": list})
			p.call(http.MethodGet, "/"+name+".", nil)
		})
	})
}
