package publish_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const apiToken = "t0k3n-of-the-test"

// fakeAPI is one zone behind a provider's API, as strict as its published
// description: an unknown key, a missing header, a record it does not take and
// anything else that is not described is an error of the test's own.
type fakeAPI struct {
	t    testing.TB
	name string // of the provider

	mu       sync.Mutex
	zones    []string
	sets     map[string]*fakeSet // by "name. TYPE"
	next     int                 // of the ids
	before   func(n int, w http.ResponseWriter, q *http.Request) (done bool)
	requests []string
	actions  map[int]int // how often each is still said to be running
	pageSize int
	server   *httptest.Server
}

type fakeSet struct {
	ttl     uint32
	nullTTL bool // Hetzner: the zone's
	data    []string
	ids     []string
	extra   map[string]any // further keys of the answer
}

// startFake serves example.test with records given as zone lines.
func startFake(t testing.TB, name string, lines ...string) *fakeAPI {
	t.Helper()
	f := &fakeAPI{t: t, name: name, zones: []string{"example.test"}, sets: map[string]*fakeSet{}, actions: map[int]int{},
		pageSize: 3}
	f.put("@ NS ns1", "@ MX 10 mx", `@ TXT "v=spf1 mx -all"`)
	f.put(lines...)
	f.server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.server.Close)
	return f
}

// intercept lets before see each request from now on; true: it has answered. A
// request that was given up may still be served.
func (f *fakeAPI) intercept(before func(n int, w http.ResponseWriter, q *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = before
}

// put adds records.
func (f *fakeAPI) put(lines ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rr := range records(f.t, lines...) {
		f.add(rr.Header().Name, dns.TypeToString[rr.Header().Rrtype], rr.Header().Ttl,
			strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
}

func (f *fakeAPI) add(name, kind string, ttl uint32, data string) {
	s := f.sets[name+" "+kind]
	if s == nil {
		s = &fakeSet{}
		f.sets[name+" "+kind] = s
	}
	f.next++
	s.ttl, s.data, s.ids = ttl, append(s.data, data), append(s.ids, fmt.Sprintf("id%d", f.next))
}

// drop removes a set, "name TYPE" below the zone.
func (f *fakeAPI) drop(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	label, kind, _ := strings.Cut(key, " ")
	delete(f.sets, label+".example.test. "+kind)
}

// zone is what is there, sorted, one line a record.
func (f *fakeAPI) zone() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for key, s := range f.sets {
		name, kind, _ := strings.Cut(key, " ")
		for _, d := range s.data {
			out = append(out, strings.TrimSuffix(name, ".example.test.")+" "+strconv.Itoa(int(s.ttl))+" "+kind+" "+d)
		}
	}
	slices.Sort(out)
	return out
}

// writes are the requests that were not GET.
func (f *fakeAPI) writes() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.requests), func(r string) bool { return strings.HasPrefix(r, "GET") })
}

func (f *fakeAPI) serve(w http.ResponseWriter, q *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, q.Method+" "+q.URL.RequestURI())
	n, before := len(f.requests), f.before
	f.mu.Unlock()
	if before != nil && before(n, w, q) {
		return
	}
	want := map[string]string{"powerdns": apiToken, "desec": "Token " + apiToken}[f.name]
	got := q.Header.Get(map[bool]string{true: "X-API-Key", false: "Authorization"}[f.name == "powerdns"])
	if want == "" {
		want = "Bearer " + apiToken
	}
	if got != want {
		f.answer(w, http.StatusUnauthorized, map[string]any{"detail": "Invalid token."})
		return
	}
	body, _ := io.ReadAll(q.Body)
	if q.Method == http.MethodGet && len(body) > 0 || q.Method != http.MethodGet &&
		q.Header.Get("Content-Type") != "application/json" {
		f.t.Errorf("%s %s: body %q of type %q", q.Method, q.URL, body, q.Header.Get("Content-Type"))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	map[string]func(http.ResponseWriter, *http.Request, []byte){
		"powerdns": f.powerDNS, "desec": f.desec, "hetzner": f.hetzner, "cloudflare": f.cloudflare}[f.name](w, q, body)
}

// answer writes JSON, with a key that no client knows.
func (f *fakeAPI) answer(w http.ResponseWriter, code int, v any) {
	if m, ok := v.(map[string]any); ok {
		m["from_the_future"] = map[string]any{"x": []int{1}}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

// read reads a request strictly, and reports whether it could.
func (f *fakeAPI) read(w http.ResponseWriter, body []byte, v any) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		f.t.Errorf("%s: %v in %s", f.name, err, body)
		f.answer(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
		return false
	}
	return true
}

// replace puts a set in place of what was there; "" or why it is refused.
func (f *fakeAPI) replace(name, kind string, ttl uint32, data []string) string {
	for key, s := range f.sets {
		if owner, other, _ := strings.Cut(key, " "); owner == name && other != kind && len(s.data) > 0 &&
			(kind == "CNAME" || other == "CNAME") {
			return "RRset " + name + " IN " + kind + ": Conflicts with pre-existing RRset"
		}
	}
	for _, d := range data {
		rr, err := dns.NewRR(name + " 1 IN " + kind + " " + d)
		if err != nil || !strings.HasSuffix(name, "example.test.") {
			return fmt.Sprintf("%s %s: %q is not valid", name, kind, d)
		}
		if canonical := strings.TrimPrefix(rr.String(), rr.Header().String()); canonical != d {
			return fmt.Sprintf("%s %s: %q is not in canonical form", name, kind, d)
		}
	}
	delete(f.sets, name+" "+kind)
	for _, d := range data {
		f.add(name, kind, ttl, d)
	}
	return ""
}

// sorted are the keys of the sets.
func (f *fakeAPI) sorted() []string {
	var keys []string
	for key := range f.sets {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// powerDNS: doc.powerdns.com/authoritative/http-api/zone.html
func (f *fakeAPI) powerDNS(w http.ResponseWriter, q *http.Request, body []byte) {
	name, ok := strings.CutPrefix(q.URL.Path, "/api/v1/servers/localhost/zones/")
	if !ok || !slices.Contains(f.zones, strings.TrimSuffix(name, ".")) || !strings.HasSuffix(name, ".") {
		f.answer(w, http.StatusNotFound, map[string]any{"error": "Not Found"})
		return
	}
	switch q.Method {
	case http.MethodGet:
		zone := map[string]any{"id": name, "name": name, "kind": "Native", "type": "Zone"}
		if q.URL.Query().Get("rrsets") != "false" {
			sets := []map[string]any{}
			for _, key := range f.sorted() {
				owner, kind, _ := strings.Cut(key, " ")
				var records []map[string]any
				for _, d := range f.sets[key].data {
					records = append(records,
						map[string]any{"content": d, "disabled": f.sets[key].extra["disabled"] == true, "modified_at": 1})
				}
				sets = append(sets, map[string]any{"name": owner, "type": kind, "ttl": f.sets[key].ttl, "records": records,
					"comments": []any{}})
			}
			zone["rrsets"] = sets
		}
		f.answer(w, http.StatusOK, zone)
	case http.MethodPatch:
		var in struct {
			RRSets []struct {
				Name, Type, ChangeType string
				TTL                    uint32
				Records                []struct {
					Content  string
					Disabled bool
				}
			}
		}
		if !f.read(w, body, &in) {
			return
		}
		before := f.clone()
		for _, set := range in.RRSets {
			var data []string
			for _, r := range set.Records {
				data = append(data, r.Content)
			}
			why := f.replace(set.Name, set.Type, set.TTL, data)
			if set.ChangeType != "REPLACE" || why != "" {
				f.sets = before
				f.answer(w, http.StatusUnprocessableEntity, map[string]any{"error": why + set.ChangeType})
				return
			}
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		f.t.Errorf("%s %s", q.Method, q.URL)
	}
}

func (f *fakeAPI) clone() map[string]*fakeSet {
	out := map[string]*fakeSet{}
	for key, s := range f.sets {
		c := *s
		out[key] = &c
	}
	return out
}

// desec: desec.readthedocs.io/en/latest/dns/rrsets.html
func (f *fakeAPI) desec(w http.ResponseWriter, q *http.Request, body []byte) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(q.URL.Path, "/domains/"), "/")
	switch {
	case !slices.Contains(f.zones, name):
		f.answer(w, http.StatusNotFound, map[string]any{"detail": "Not found."})
	case q.Method == http.MethodGet && rest == "":
		f.answer(w, http.StatusOK, map[string]any{"name": name, "minimum_ttl": 3600, "keys": []any{}})
	case q.Method == http.MethodGet && rest == "rrsets/":
		from, size := 0, f.pageSize
		if cursor, ok := q.URL.Query()["cursor"]; ok {
			from, _ = strconv.Atoi(strings.TrimPrefix(cursor[0], "c="))
		} else if size < len(f.sets) {
			f.answer(w, http.StatusBadRequest, map[string]any{"detail": "Pagination required."})
			return
		}
		keys := f.sorted()
		to := min(from+size, len(keys))
		var out []map[string]any
		for _, key := range keys[from:to] {
			owner, kind, _ := strings.Cut(key, " ")
			out = append(out, map[string]any{"domain": name, "name": owner,
				"subname": strings.TrimSuffix(strings.TrimSuffix(owner, "example.test."), "."),
				"type":    kind, "ttl": f.sets[key].ttl, "records": f.sets[key].data, "touched": "2020-04-06T09:24:09.987436Z"})
		}
		link := fmt.Sprintf(`<%s/domains/%s/rrsets/?cursor=>; rel="first"`, f.server.URL, name)
		if to < len(keys) {
			link += fmt.Sprintf(`, <%s/domains/%s/rrsets/?cursor=c%%3D%d>; rel="next"`, f.server.URL, name, to)
		}
		w.Header().Set("Link", link)
		f.answer(w, http.StatusOK, out)
	case q.Method == http.MethodPatch && rest == "rrsets/":
		var in []struct {
			Subname, Type string
			TTL           uint32
			Records       []string
		}
		if !f.read(w, body, &in) {
			return
		}
		before := f.clone()
		for _, set := range in {
			why := f.replace(strings.TrimPrefix(set.Subname+".example.test.", "."), set.Type, set.TTL, set.Records)
			switch {
			case set.TTL < 3600:
				why = "Ensure this value is greater than or equal to 3600."
			case set.Subname == "@" || strings.ToLower(set.Subname) != set.Subname:
				why = "Subname can only use (lowercase) a-z, 0-9, ., -, and _"
			}
			if why != "" {
				f.sets = before
				f.answer(w, http.StatusBadRequest, []any{map[string]any{}, map[string]any{"ttl": []string{why}}})
				return
			}
		}
		f.answer(w, http.StatusOK, []any{})
	default:
		f.t.Errorf("%s %s", q.Method, q.URL)
	}
}

// hetzner: docs.hetzner.cloud/reference/cloud#zone-rrsets
func (f *fakeAPI) hetzner(w http.ResponseWriter, q *http.Request, body []byte) {
	fail := func(code int, word, message string) {
		f.answer(w, code, map[string]any{"error": map[string]any{"code": word, "message": message, "details": nil}})
	}
	act := func(code int) {
		f.next++
		f.actions[f.next] = 2
		f.answer(w, code, map[string]any{"action": map[string]any{"id": f.next, "status": "running", "progress": 0,
			"error": nil}, "rrset": map[string]any{}})
	}
	parts := strings.Split(strings.Trim(q.URL.Path, "/"), "/")
	if len(parts) == 2 && parts[0] == "actions" {
		id, _ := strconv.Atoi(parts[1])
		f.actions[id]--
		status := map[bool]string{true: "running", false: "success"}[f.actions[id] > 0]
		f.answer(w, http.StatusOK, map[string]any{"action": map[string]any{"id": id, "status": status, "error": nil}})
		return
	}
	if len(parts) < 2 || parts[0] != "zones" || !slices.Contains(f.zones, parts[1]) {
		fail(http.StatusNotFound, "not_found", "zone not found")
		return
	}
	var in struct {
		Name, Type string
		TTL        *uint32
		Records    []struct{ Value string }
	}
	if q.Method == http.MethodPost && !f.read(w, body, &in) {
		return
	}
	var data []string
	for _, r := range in.Records {
		data = append(data, r.Value)
	}
	if in.TTL != nil && (*in.TTL < 60 || *in.TTL > 2147483647) {
		fail(http.StatusUnprocessableEntity, "invalid_input", "invalid ttl")
		return
	}
	switch key := ""; {
	case q.Method == http.MethodGet && len(parts) == 2:
		f.answer(w, http.StatusOK,
			map[string]any{"zone": map[string]any{"id": 42, "name": parts[1], "mode": "primary", "ttl": 86400}})
	case q.Method == http.MethodGet && len(parts) == 3:
		f.hetznerList(w, q)
	case q.Method == http.MethodPost && len(parts) == 3: // create
		if key = in.Name + ".example.test. " + in.Type; f.sets[key] != nil {
			fail(http.StatusConflict, "uniqueness_error", "RRSet already exists")
		} else if why := f.replace(in.Name+".example.test.", in.Type, *in.TTL, data); why != "" ||
			strings.HasSuffix(in.Name, ".") || strings.HasSuffix(in.Name, "example.test") {
			fail(http.StatusUnprocessableEntity, "invalid_input", why)
		} else {
			act(http.StatusCreated)
		}
	case q.Method == http.MethodPost && len(parts) == 7 && parts[5] == "actions":
		key = parts[3] + ".example.test. " + parts[4]
		set := f.sets[key]
		switch {
		case set == nil:
			fail(http.StatusNotFound, "not_found", "rrset not found")
		case parts[6] == "set_records" && len(data) > 0 && in.TTL == nil && in.Name == "":
			if why := f.replace(parts[3]+".example.test.", parts[4], set.ttl, data); why != "" {
				fail(http.StatusUnprocessableEntity, "invalid_input", why)
				return
			}
			f.sets[key].nullTTL = set.nullTTL
			act(http.StatusCreated)
		case parts[6] == "change_ttl" && len(data) == 0 && in.Name == "":
			set.nullTTL, set.ttl = in.TTL == nil, *in.TTL
			act(http.StatusCreated)
		default:
			f.t.Errorf("%s %s: %s", q.Method, q.URL, body)
		}
	default:
		f.t.Errorf("%s %s", q.Method, q.URL)
	}
}

func (f *fakeAPI) hetznerList(w http.ResponseWriter, q *http.Request) {
	page, _ := strconv.Atoi(q.URL.Query().Get("page"))
	keys := f.sorted()
	from := min((page-1)*f.pageSize, len(keys))
	to := min(from+f.pageSize, len(keys))
	sets := []map[string]any{}
	for _, key := range keys[from:to] {
		owner, kind, _ := strings.Cut(key, " ")
		set := f.sets[key]
		label := strings.TrimSuffix(owner, ".example.test.")
		if label == "example.test." {
			label = "@"
		}
		var records []map[string]any
		for _, d := range set.data {
			records = append(records, map[string]any{"value": d, "comment": ""})
		}
		var ttl any = set.ttl
		if set.nullTTL {
			ttl = nil
		}
		sets = append(sets,
			map[string]any{"id": label + "/" + kind, "name": label, "type": kind, "ttl": ttl, "records": records,
				"labels": map[string]any{}, "protection": map[string]any{"change": set.extra["protected"] == true}})
	}
	var next any
	if to < len(keys) {
		next = page + 1
	}
	f.answer(w, http.StatusOK, map[string]any{"rrsets": sets,
		"meta": map[string]any{"pagination": map[string]any{"page": page, "next_page": next}}})
}

// cloudflare: developers.cloudflare.com/api/resources/dns/subresources/records
func (f *fakeAPI) cloudflare(w http.ResponseWriter, q *http.Request, body []byte) {
	fail := func(code, word int, message string) {
		f.answer(w, code, map[string]any{"success": false, "result": nil, "messages": []any{},
			"errors": []any{map[string]any{"code": word, "message": message}}})
	}
	ok := func(result any, pages int) {
		f.answer(w, http.StatusOK, map[string]any{"success": true, "errors": []any{}, "messages": []any{}, "result": result,
			"result_info": map[string]any{"page": 1, "total_pages": pages}})
	}
	parts := strings.Split(strings.Trim(q.URL.Path, "/"), "/")
	switch {
	case q.Method == http.MethodGet && len(parts) == 1 && parts[0] == "zones":
		zones := []map[string]any{}
		for _, z := range f.zones {
			if z == q.URL.Query().Get("name") {
				zones = append(zones, map[string]any{"id": "zone-" + z, "name": z, "type": "full", "status": "active"})
			}
		}
		ok(zones, 1)
	case len(parts) < 3 || parts[0] != "zones" || !slices.Contains(f.zones, strings.TrimPrefix(parts[1], "zone-")):
		fail(http.StatusNotFound, 7003, "Could not route, perhaps your object identifier is invalid?")
	case q.Method == http.MethodGet && parts[2] == "dns_records":
		all := f.cloudflareRecords()
		page, _ := strconv.Atoi(q.URL.Query().Get("page"))
		from := min((page-1)*f.pageSize, len(all))
		ok(all[from:min(from+f.pageSize, len(all))], (len(all)+f.pageSize-1)/f.pageSize)
	case q.Method == http.MethodPost && len(parts) == 4 && parts[3] == "batch":
		type record struct {
			ID, Name, Type, Content string
			TTL                     uint32
			Proxied                 *bool
			Data                    *struct {
				Priority, Weight, Port uint16
				Target                 string
			}
		}
		var in struct{ Deletes, Patches, Posts []record }
		if !f.read(w, body, &in) {
			return
		}
		before := f.clone()
		rollBack := func(code, word int, message string) {
			f.sets = before
			fail(code, word, message)
		}
		for _, r := range in.Deletes {
			if !f.byID(r.ID, func(key string, i int) {
				s := f.sets[key]
				s.data, s.ids = slices.Concat(s.data[:i], s.data[i+1:]), slices.Concat(s.ids[:i], s.ids[i+1:])
				if len(s.data) == 0 {
					delete(f.sets, key)
				}
			}) {
				rollBack(http.StatusNotFound, 81044, "Record does not exist.")
				return
			}
		}
		for _, r := range in.Patches {
			if r.TTL < 60 || !f.byID(r.ID, func(key string, _ int) { f.sets[key].ttl = r.TTL }) {
				rollBack(http.StatusNotFound, 81044, "Record does not exist.")
				return
			}
		}
		for _, r := range in.Posts {
			content := r.Content
			switch {
			case r.Type == "SRV" && r.Data != nil && content == "":
				content = fmt.Sprintf("%d %d %d %s", r.Data.Priority, r.Data.Weight, r.Data.Port, dns.Fqdn(r.Data.Target))
			case r.Type == "CNAME":
				content = dns.Fqdn(content)
			case r.Type == "TXT" && strings.HasPrefix(content, `"`):
			default:
				rollBack(http.StatusBadRequest, 9005, "Content for "+r.Type+" record is invalid.")
				return
			}
			set := f.sets[r.Name+". "+r.Type]
			var data []string
			if set != nil {
				data = slices.Clone(set.data)
			}
			if slices.Contains(data, content) || r.Proxied != nil && r.Type != "CNAME" {
				rollBack(http.StatusBadRequest, 81058, "An identical record already exists.")
				return
			}
			if why := f.replace(r.Name+".", r.Type, r.TTL, append(data, content)); why != "" {
				rollBack(http.StatusBadRequest, 81053, why)
				return
			}
		}
		ok(map[string]any{}, 1)
	default:
		f.t.Errorf("%s %s", q.Method, q.URL)
	}
}

func (f *fakeAPI) byID(id string, then func(key string, i int)) bool {
	for key, s := range f.sets {
		if i := slices.Index(s.ids, id); i >= 0 {
			then(key, i)
			return true
		}
	}
	return false
}

// cloudflareRecords are the records as the API shows them: without final dots,
// SRV with its parts, MX with its priority beside it.
func (f *fakeAPI) cloudflareRecords() []map[string]any {
	out := []map[string]any{}
	for _, key := range f.sorted() {
		owner, kind, _ := strings.Cut(key, " ")
		s := f.sets[key]
		for i, d := range s.data {
			r := map[string]any{"id": s.ids[i], "name": strings.TrimSuffix(owner, "."), "type": kind, "ttl": s.ttl,
				"proxied": false,
				"content": strings.TrimSuffix(d, "."), "created_on": "2014-01-01T05:20:00.12345Z", "meta": map[string]any{},
				"tags": []any{}}
			switch p := strings.Fields(d); kind {
			case "SRV":
				n := func(i int) int { v, _ := strconv.Atoi(p[i]); return v }
				target := p[3]
				if target != "." {
					target = strings.TrimSuffix(target, ".")
				}
				r["data"] = map[string]any{"priority": n(0), "weight": n(1), "port": n(2), "target": target}
				r["priority"], r["content"] = n(0), strings.Join(p[1:], " ")
			case "MX":
				r["priority"], _ = strconv.Atoi(p[0])
				r["content"] = strings.TrimSuffix(p[1], ".")
			case "TXT":
				if s.extra["unquoted"] == true {
					r["content"] = strings.Trim(d, `"`)
				}
			}
			maps.Copy(r, s.extra)
			out = append(out, r)
		}
	}
	return out
}

// hang keeps a request from being answered until the client gives up.
func hang(q *http.Request) {
	_, _ = io.Copy(io.Discard, q.Body)
	select {
	case <-q.Context().Done():
	case <-time.After(10 * time.Second):
	}
}
