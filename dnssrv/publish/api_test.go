package publish_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"autoconfig/dnssrv/publish"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// through is a publisher to a fake API.
func through(t testing.TB, f *fakeAPI, change ...func(*publish.Options)) *publish.Publisher {
	t.Helper()
	api, err := publish.NewAPI(f.name, f.server.URL, apiToken)
	if err != nil {
		t.Fatal(err)
	}
	api.PerSecond = -1
	o := publish.Options{API: api, Timeout: 20 * time.Second, Wait: time.Millisecond, Pause: time.Millisecond}
	for _, c := range change {
		c(&o)
	}
	return publish.New(query.New(query.Options{Resolvers: []string{"127.0.0.1:1"}, Tries: 1}), o)
}

// forEach runs a test against each provider.
func forEach(t *testing.T, test func(t *testing.T, name string)) {
	t.Helper()
	for _, name := range publish.Providers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, name)
		})
	}
}

var apiPlan = append([]string{
	"_submission._tcp SRV 0 1 587 a", "_submission._tcp SRV 10 1 587 b",
	`_ua-auto-config TXT "v=UAAC1; a=sha256; d=x\"y"`, "ua-auto-config CNAME host.test."}, smallPlan...)

// apiStart is a zone in which one set of the plan is right, one has another TTL,
// one lacks a record and has one too many, and one has another target.
var apiStart = []string{"_pop3._tcp SRV 0 0 0 .", "_imaps._tcp 7200 SRV 0 1 993 imap", "_submission._tcp SRV 0 1 587 a",
	"_submission._tcp SRV 0 1 25 c",
	"autodiscover CNAME old.test.", "www A 192.0.2.1", "www.autoconfig A 192.0.2.2"}

var apiEnd = []string{
	"_imaps._tcp 3600 SRV 0 1 993 imap.example.test.", "_pop3._tcp 3600 SRV 0 0 0 .",
	"_submission._tcp 3600 SRV 0 1 587 a.example.test.", "_submission._tcp 3600 SRV 10 1 587 b.example.test.",
	`_ua-auto-config 3600 TXT "v=UAAC1; a=sha256; d=x\"y"`, "autoconfig 3600 CNAME host.test.",
	"autodiscover 3600 CNAME host.test.",
	"example.test. 3600 MX 10 mx.example.test.", "example.test. 3600 NS ns1.example.test.",
	`example.test. 3600 TXT "v=spf1 mx -all"`,
	"ua-auto-config 3600 CNAME host.test.", "www 3600 A 192.0.2.1", "www.autoconfig 3600 A 192.0.2.2"}

// TestAPI publishes, and once more; what is not planned stays.
func TestAPI(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, name string) {
		f := startFake(t, name, apiStart...)
		p := through(t, f)
		u := prepared(t, p, plans(t, apiPlan...))
		if u.Count() != 9 || u.Zone != "example.test." || !strings.HasPrefix(u.Server, "127.0.0.1:") {
			t.Errorf("%d changes: %v", u.Count(), u.Changes)
		}
		if found := p.Publish(t.Context(), u); ids(found) != "dns-publish-done" {
			t.Fatalf("%+v", found)
		}
		if diff := cmp.Diff(apiEnd, f.zone()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		writes := len(f.writes())
		if again := prepared(t, p, plans(t, apiPlan...)); again.Count() != 0 || again.Ready() ||
			len(p.Publish(t.Context(), again)) > 0 || len(f.writes()) != writes {
			t.Errorf("second run: %v", again.Changes)
		}
	})
}

// TestAPIRaced: what is changed between the look and the request is said, and
// never overwritten.
func TestAPIRaced(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, name string) {
		for _, test := range []struct{ drop, put, got string }{
			{"autodiscover CNAME", "autodiscover CNAME theirs.test.", "autodiscover.example.test. 3600 IN CNAME theirs.test."},
			{"autodiscover CNAME", "autodiscover A 192.0.2.9", "autodiscover.example.test. 3600 IN A 192.0.2.9"},
			{"_pop3._tcp SRV", "", "_pop3._tcp.example.test SRV: gone"},
			{"", "_submission._tcp SRV 5 1 587 theirs",
				"_submission._tcp.example.test. 3600 IN SRV 5 1 587 theirs.example.test."},
			{"", "autoconfig TXT theirs", `autoconfig.example.test. 3600 IN TXT "theirs"`},
		} {
			f := startFake(t, name, apiStart...)
			p := through(t, f)
			u := prepared(t, p, plans(t, apiPlan...))
			f.drop(test.drop)
			if test.put != "" {
				f.put(test.put)
			}
			before := f.zone()
			if found := p.Publish(t.Context(), u); ids(found) != "dns-publish-raced" ||
				!slices.Contains(found[0].Got, test.got) {
				t.Errorf("%s: %+v", test.got, found)
			}
			if diff := cmp.Diff(before, f.zone()); diff != "" || len(f.writes()) > 0 {
				t.Errorf("%s: %v\n%s", test.got, f.writes(), diff)
			}
		}
	})
}

// TestAPIRacedLate: what is changed after the second look, while the request is
// on its way, is refused by the API where it can tell.
func TestAPIRacedLate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ drop, put string }{
		"cloudflare": {drop: "autodiscover CNAME", put: "autodiscover CNAME theirs.test."},
		"hetzner":    {put: "ua-auto-config CNAME theirs.test."},
	} {
		f := startFake(t, name, apiStart...)
		p := through(t, f)
		u := prepared(t, p, plans(t, apiPlan...))
		f.intercept(func(_ int, _ http.ResponseWriter, q *http.Request) bool {
			if q.Method == http.MethodPost && !strings.Contains(strings.Join(f.zone(), " "), "theirs.test.") {
				f.drop(test.drop)
				f.put(test.put)
			}
			return false
		})
		found := p.Publish(t.Context(), u)
		if id := ids(found); id != "dns-publish-raced" && id != "dns-publish-partial" ||
			!strings.Contains(fmt.Sprint(found[0].Got), "theirs.test.") {
			t.Errorf("%s: %+v", name, found)
		}
		if !strings.Contains(strings.Join(f.zone(), "\n"), strings.Replace(test.put, " CNAME", " 3600 CNAME", 1)) {
			t.Errorf("%s: overwritten: %v", name, f.zone())
		}
	}
}

// TestAPIFails: each way a request can end, on reading and on writing.
func TestAPIFails(t *testing.T) {
	t.Parallel()
	status := func(code int, header ...string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			fmt.Fprintf(w, `{"error": {"message": "no\u001b[2J way, %s"}}`, apiToken)
		}
	}
	text := func(s string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) }
	}
	for _, test := range []struct {
		name     string
		do       func(http.ResponseWriter, *http.Request)
		get, put string // what is found when reading, and when writing, ends so
	}{
		{"401", status(401), "dns-publish-token", "dns-publish-token"},
		{"403", status(403), "dns-publish-token", "dns-publish-token"},
		{"400", status(400), "dns-publish-rejected", "dns-publish-rejected"},
		{"422", status(422), "dns-publish-rejected", "dns-publish-rejected"},
		{"409", status(409), "dns-publish-raced", "dns-publish-raced"},
		{"429 for long", status(429, "Retry-After", "86400"), "dns-publish-limited", "dns-publish-limited"},
		{"429 and again", status(429, "Retry-After", "0"), "dns-publish-limited", "dns-publish-limited"},
		{"423", status(423, "Retry-After", "0"), "dns-publish-limited", "dns-publish-limited"},
		{"500", status(500), "dns-publish-unreadable", "dns-publish-unknown"},
		{"502", status(502), "dns-publish-unreadable", "dns-publish-unknown"},
		{"redirect", status(307, "Location", "http://127.0.0.1:1/"), "dns-publish-unreadable", "dns-publish-unknown"},
		{"a web page", text("<html>"), "dns-publish-unreadable", ""},
		{"nothing of it", text("{}"), "dns-publish-unreadable", ""},
		{"null", text("null"), "dns-publish-unreadable", ""},
		{"silence", func(_ http.ResponseWriter, q *http.Request) { hang(q) }, "dns-publish-unreadable",
			"dns-publish-unknown"},
		{"cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "dns-publish-unreadable",
			"dns-publish-unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			forEach(t, func(t *testing.T, name string) {
				f := startFake(t, name, apiStart...)
				short := func(o *publish.Options) {
					if test.name == "silence" { // the only one that waits for the end of it
						o.Timeout = 500 * time.Millisecond
					}
				}
				lists := func(q *http.Request) bool { // the request that lists records
					return q.Method == http.MethodGet &&
						(strings.Contains(q.URL.Path, "rrsets") || strings.Contains(q.URL.Path, "records") ||
							name == "powerdns" && q.URL.RawQuery == "")
				}
				f.intercept(func(_ int, w http.ResponseWriter, q *http.Request) bool {
					if lists(q) {
						test.do(w, q)
					}
					return lists(q)
				})
				updates, found := through(t, f, short).Prepare(t.Context(), plans(t, apiPlan...))
				if len(updates) != 1 || len(found) > 0 || ids(updates[0].Findings) != test.get || updates[0].Ready() {
					t.Fatalf("reading: %v %+v", found, updates)
				}
				clean(t, updates[0].Findings)
				if test.put == "" {
					return
				}
				f.intercept(nil)
				p := through(t, f, short)
				u := prepared(t, p, plans(t, apiPlan...))
				f.intercept(func(_ int, w http.ResponseWriter, q *http.Request) bool {
					if q.Method != http.MethodGet {
						test.do(w, q)
					}
					return q.Method != http.MethodGet
				})
				before := f.zone()
				found = p.Publish(t.Context(), u)
				if ids(found) != test.put || found[0].Fix == "" {
					t.Errorf("writing: %+v", found)
				}
				clean(t, found)
				if diff := cmp.Diff(before, f.zone()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestAPIEndless: a list whose pages do not end is not read for ever.
func TestAPIEndless(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"cloudflare": `{"success": true, "result": [], "result_info": {"total_pages": 1000}}`,
		"desec":      `[{"subname": "www", "type": "A", "ttl": 60, "records": ["192.0.2.1"]}]`,
		"hetzner":    `{"rrsets": [{"name": "www", "type": "A"}], "meta": {"pagination": {"next_page": 1}}}`,
	} {
		f := startFake(t, name)
		var asked atomic.Int32
		f.intercept(func(_ int, w http.ResponseWriter, q *http.Request) bool {
			list := strings.Contains(q.URL.Path, "rrsets") || strings.Contains(q.URL.Path, "records")
			if !list || asked.Load() == 5 { // then the list ends
				return false
			}
			asked.Add(1)
			w.Header().Set("Link", `</domains/example.test/rrsets/?cursor=>; rel="next"`)
			fmt.Fprint(w, page)
			return true
		})
		updates, _ := through(t, f).Prepare(t.Context(), plans(t, apiPlan...))
		if len(updates) != 1 || ids(updates[0].Findings) != "dns-publish-unreadable" ||
			!strings.Contains(updates[0].Findings[0].Cause, "do not end") || asked.Load() > 2 {
			t.Errorf("%s: %d pages, %+v", name, asked.Load(), updates)
		}
	}
}

// clean: neither the token nor what moves a terminal is in a finding.
func clean(t testing.TB, found []finding.Finding) {
	t.Helper()
	if text := fmt.Sprintf("%+v %#v", found, found); strings.Contains(text, apiToken) ||
		strings.ContainsAny(text, "\x1b") {
		t.Errorf("the token or an escape sequence is in %s", text)
	}
}

// TestAPIRecovers: one failure of a kind that passes does not end a run, and a
// change whose answer got lost is looked for.
func TestAPIRecovers(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, name string) {
		f := startFake(t, name, apiStart...)
		seen := map[string]bool{}
		f.intercept(func(_ int, w http.ResponseWriter, q *http.Request) bool {
			key := q.Method + q.URL.Path + q.URL.RawQuery
			if seen[key] {
				return false
			}
			seen[key] = true
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		})
		p := through(t, f)
		if found := p.Publish(t.Context(), prepared(t, p, plans(t, apiPlan...))); ids(found) != "dns-publish-done" {
			t.Errorf("%+v", found)
		}
		if diff := cmp.Diff(apiEnd, f.zone()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAPILost: the API makes the changes and its answer gets lost.
func TestAPILost(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"powerdns", "desec", "cloudflare"} { // one request each
		f := startFake(t, name, apiStart...)
		p := through(t, f)
		u := prepared(t, p, plans(t, apiPlan...))
		f.intercept(func(_ int, _ http.ResponseWriter, q *http.Request) bool {
			if q.Method != http.MethodGet {
				f.intercept(nil)
				f.serve(http.ResponseWriter(nullWriter{}), q)
				panic(http.ErrAbortHandler)
			}
			return false
		})
		if found := p.Publish(t.Context(), u); ids(found) != "dns-publish-done" ||
			!strings.Contains(found[0].Cause, "although") {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

type nullWriter struct{}

func (nullWriter) Header() http.Header         { return http.Header{} }
func (nullWriter) Write(b []byte) (int, error) { return len(b), nil }
func (nullWriter) WriteHeader(int)             {}

// TestAPIPartial: what is half done is said, and the next run does the rest.
func TestAPIPartial(t *testing.T) {
	t.Parallel()
	f := startFake(t, "hetzner", apiStart...)
	p := through(t, f)
	u := prepared(t, p, plans(t, apiPlan...))
	posts := 0
	f.intercept(func(_ int, w http.ResponseWriter, q *http.Request) bool {
		if q.Method == http.MethodPost {
			posts++
		}
		if posts < 3 {
			return false
		}
		if q.Method == http.MethodPost {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	found := p.Publish(t.Context(), u)
	if ids(found) != "dns-publish-partial" || !strings.Contains(found[0].Cause, "has 2 of the 6 record sets") ||
		len(found[0].Want) == 0 {
		t.Fatalf("%+v", found)
	}
	f.intercept(nil)
	u = prepared(t, p, plans(t, apiPlan...))
	if len(u.Changes) != 4 {
		t.Errorf("left: %v", u.Changes)
	}
	if found := p.Publish(t.Context(), u); ids(found) != "dns-publish-done" {
		t.Errorf("%+v", found)
	}
	if diff := cmp.Diff(apiEnd, f.zone()); diff != "" {
		t.Error(diff)
	}
}

// TestAPIZones: where the zone is, and that it is not.
func TestAPIZones(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, name string) {
		f := startFake(t, name)
		plan := plans(t, `_imaps._tcp.shop SRV 0 1 993 imap`)
		plan[0].Domain = "shop.example.test"
		if u := prepared(t, through(t, f), plan); u.Zone != "example.test." || u.Count() != 1 {
			t.Errorf("%+v", u)
		}
		f.zones = []string{"other.test"}
		for _, zone := range []string{"", "example.test", "shop.example.test"} {
			_, found := through(t, f, func(o *publish.Options) { o.Zone = zone }).Prepare(t.Context(), plan)
			if ids(found) != "dns-publish-zone-missing" || !strings.Contains(found[0].Cause, "has no zone that") {
				t.Errorf("%q: %+v", zone, found)
			}
		}
		_, found := through(t, f, func(o *publish.Options) { o.Zone = "other.test" }).Prepare(t.Context(), plan)
		if ids(found) != "dns-publish-zone-wrong" {
			t.Errorf("%+v", found)
		}
		f.zones = []string{"example.test"}
		f.put("shop NS ns.elsewhere.test.")
		updates, _ := through(t, f).Prepare(t.Context(), plan)
		if len(updates) != 1 || ids(updates[0].Findings) != "dns-publish-delegated" {
			t.Errorf("%+v", updates)
		}
	})
}

// TestAPIHeld: what a provider keeps from being changed is said, not tried.
func TestAPIHeld(t *testing.T) {
	t.Parallel()
	for name, extra := range map[string]map[string]any{
		"powerdns":   {"disabled": true},
		"hetzner":    {"protected": true},
		"cloudflare": {"meta": map[string]any{"read_only": true}},
	} {
		f := startFake(t, name, "_imaps._tcp SRV 0 0 993 old")
		f.sets["_imaps._tcp.example.test. SRV"].extra = extra
		updates, _ := through(t, f).Prepare(t.Context(), plans(t, smallPlan...))
		if len(updates) != 1 || ids(updates[0].Findings) != "dns-publish-conflict" || updates[0].Ready() {
			t.Errorf("%s: %+v", name, updates[0].Findings)
		}
	}
}

// TestCloudflareShapes: text without quotes, a proxied alias whose TTL is
// Cloudflare's, and a zone TTL at Hetzner.
func TestAPIShapes(t *testing.T) {
	t.Parallel()
	f := startFake(t, "cloudflare", `_ua-auto-config TXT "v=UAAC1; d=x"`, "autoconfig 1 CNAME host.test.")
	f.sets["_ua-auto-config.example.test. TXT"].extra = map[string]any{"unquoted": true}
	f.sets["autoconfig.example.test. CNAME"].extra = map[string]any{"proxied": true}
	if u := prepared(t, through(t, f),
		plans(t, `_ua-auto-config TXT "v=UAAC1; d=x"`, "autoconfig CNAME host.test.")); u.Count() != 0 {
		t.Errorf("%v", u.Changes)
	}
	f = startFake(t, "hetzner", "autoconfig 86400 CNAME host.test.")
	f.sets["autoconfig.example.test. CNAME"].nullTTL = true
	p := through(t, f)
	u := prepared(t, p, plans(t, "autoconfig CNAME host.test."))
	if found := p.Publish(t.Context(), u); u.Count() != 2 || ids(found) != "dns-publish-done" || len(f.writes()) != 1 ||
		!strings.HasSuffix(f.writes()[0], "change_ttl") {
		t.Errorf("%v %+v %v", u.Changes, found, f.writes())
	}
}

// TestAPIRedirect: the token is for the API's host alone.
func TestAPIRedirect(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, name string) {
		f, other := startFake(t, name), startFake(t, name)
		f.intercept(func(_ int, w http.ResponseWriter, q *http.Request) bool {
			http.Redirect(w, q, other.server.URL+q.URL.RequestURI(), http.StatusTemporaryRedirect)
			return true
		})
		_, found := through(t, f).Prepare(t.Context(), plans(t, apiPlan...))
		if ids(found) != "dns-publish-unreadable" || len(other.requests) > 0 {
			t.Errorf("%+v %v", found, other.requests)
		}
	})
}

func TestNewAPI(t *testing.T) {
	t.Parallel()
	for _, test := range [][3]string{
		{"route53", "", "unknown provider"}, {"powerdns", "", "--api-url"}, {"powerdns", "127.0.0.1:8081", "https://HOST"},
		{"desec", "https://u:p@desec.test", "https://HOST"}, {"desec", "file:///etc", "https://HOST"},
		{"hetzner", "https://x/?a=b", "https://HOST"},
	} {
		if _, err := publish.NewAPI(test[0], test[1], apiToken); err == nil || !strings.Contains(err.Error(), test[2]) {
			t.Errorf("%v: %v", test, err)
		}
	}
	a, err := publish.NewAPI("desec", "", apiToken)
	if err != nil || strings.Contains(fmt.Sprintf("%v %+v %#v %s", a, a, a, a), apiToken) {
		t.Errorf("%v %v", a, err)
	}
	if p, err := publish.NewAPI("powerdns", "http://127.0.0.1:8081/api/v1/", apiToken); err != nil ||
		p.URL != "http://127.0.0.1:8081" {
		t.Errorf("%v %v", p, err)
	}
	if text := fmt.Sprintf("%+v %#v", publish.Options{API: a}, publish.Options{API: a}); strings.Contains(text, apiToken) {
		t.Error(text)
	}
}
