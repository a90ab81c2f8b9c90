package service

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autoconfig/dnssrv/dnstest"
)

// Two resellers, and a provider of the operator's own. One customer of the second is in a database.
const resellersConfig = `
service_host: autoconfig.hoster.test
admin: 127.0.0.1:0
pages: {public: true, records: true}
dns: {resolver: ["RESOLVER"]}
limits: {per_minute: 6000, burst: 600}
branding:
  name: Hoster Mail
  resellers: [{for: [first], name: First Look}, {for: [second], name: Second Look}]
providers:
  - {id: first, service_host: setup.first-reseller.test, domains: [a.test], incoming: [imaps://mail.a.test], outgoing: [submissions://mail.a.test]}
  - {id: second, service_host: autoconfig.b.test, domains: [b.test], mx: [mx.b.test], pages: {public: false, records: false},
     incoming: [imaps://mail.b.test], outgoing: [submissions://mail.b.test]}
  - {id: own, domains: [c.test], incoming: [imaps://mail.c.test], outgoing: [submissions://mail.c.test]}
sources:
  - {name: first, sql: sqlite, dsn_file: first.dsn, provider: second, domain: SELECT name FROM d WHERE name = :domain}
`

const (
	ownHost    = "autoconfig.hoster.test"
	firstHost  = "setup.first-reseller.test"
	secondHost = "autoconfig.b.test"
)

func resellers(t *testing.T, change ...string) *rig {
	t.Helper()
	soa := "@ 3600 IN SOA ns.test. root.test. 1 3600 600 86400 60\n@ 3600 IN NS ns.test.\n"
	dns := dnstest.Start(t, rootZone,
		"$ORIGIN hoster.test.\n"+soa+"autoconfig 60 IN A 203.0.113.1\n",
		"$ORIGIN first-reseller.test.\n"+soa+"setup 60 IN A 203.0.113.2\n",
		"$ORIGIN a.test.\n"+soa+"autoconfig 3600 IN CNAME setup.first-reseller.test.\nautodiscover 3600 IN A 203.0.113.1\n",
		"$ORIGIN b.test.\n"+soa+"autoconfig 60 IN A 203.0.113.3\nautodiscover 60 IN A 203.0.113.3\n",
		"$ORIGIN c.test.\n"+soa+"autoconfig 3600 IN CNAME autoconfig.hoster.test.\nautodiscover 3600 IN A 203.0.113.2\n",
		"$ORIGIN bymx.test.\n"+soa+"@ 60 IN MX 1 mx.b.test.\n")
	return newRig(t, strings.NewReplacer(append(change, "RESOLVER", dns.Addr())...).Replace(resellersConfig))
}

// at asks the public listener by a host name.
func (r *rig) at(host, method, path, body string) (int, string) {
	w := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(r.t.Context(), method, path, strings.NewReader(body))
	req.Host, req.RemoteAddr = host, "127.0.0.1:9"
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.srv.ServeHTTP(w, req)
	return w.Code, w.Body.String()
}

const poxRequest = `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>` +
	`<EMailAddress>x@DOMAIN</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a` +
	`</AcceptableResponseSchema></Request></Autodiscover>`

// A reseller's service host answers for the reseller's domains and for the built-in ones; the operator's answers for
// all. What it refuses names neither a server nor a look of anybody else.
func TestResellersHosts(t *testing.T) {
	r := resellers(t)
	requests := []struct{ method, path, body string }{
		{"GET", "/mail/config-v1.1.xml?emailaddress=x@DOMAIN", ""},
		{"GET", "/v1.1/DOMAIN", ""},
		{"GET", "/api/v1/settings?email=x@DOMAIN", ""},
		{"GET", "/autodiscover/autodiscover.xml?email=x@DOMAIN", ""},
		{"POST", "/autodiscover/autodiscover.xml", poxRequest},
		{"GET", "/autodiscover/autodiscover.json?Email=x@DOMAIN&Protocol=AutodiscoverV1", ""},
		{"GET", "/mobileconfig?email=x@DOMAIN", ""},
		{"GET", "/qr.svg?email=x@DOMAIN", ""},
		{"GET", "/setup?email=x@DOMAIN", ""},
		{"POST", "/setup", "email=x@DOMAIN"},
		{"GET", "/records/DOMAIN", ""},
		{"GET", "/settings/DOMAIN", ""},
	}
	served := map[string][]string{
		ownHost:    {"a.test", "b.test", "first.test", "bymx.test", "c.test", "live.co.uk"},
		firstHost:  {"a.test", "live.co.uk"},
		secondHost: {"b.test", "first.test", "bymx.test", "live.co.uk"},
	}
	looks := map[string]string{ownHost: "Hoster Mail", firstHost: "First Look", secondHost: "Second Look"}
	for host, domains := range served {
		for _, domain := range served[ownHost] {
			for _, q := range requests {
				if q.path == "/mobileconfig?email=x@DOMAIN" && domain == "live.co.uk" || // OAuth2 alone: there is no such profile
					strings.HasPrefix(q.path, "/records") && domain != "a.test" && domain != "c.test" || // TestResellersPages
					strings.HasPrefix(q.path, "/settings") && (domain == "b.test" || domain == "first.test" || domain == "bymx.test") {
					continue
				}
				fill := strings.NewReplacer("DOMAIN", domain)
				status, body := r.at(host, q.method, fill.Replace(q.path), fill.Replace(q.body))
				found := status == http.StatusOK && !strings.Contains(body, "<ErrorCode>500</ErrorCode>")
				if want := slices.Contains(domains, domain); found != want {
					t.Errorf("%s %s at %s: %d, want it served: %v", q.method, fill.Replace(q.path), host, status, want)
				}
				for other, look := range looks {
					if host != ownHost && host != other && (strings.Contains(body, look) || strings.Contains(body, other)) {
						t.Errorf("%s at %s names %s or %s", fill.Replace(q.path), host, look, other)
					}
				}
				if !found && strings.Contains(body, "mail."+domain) {
					t.Errorf("%s at %s names the servers of %s", q.path, host, domain)
				}
			}
		}
	}
	for host, look := range looks {
		for _, path := range []string{"/", "/help", "/settings", "/setup", "/nowhere/page", "/settings/unknown.test"} {
			if _, body := r.at(host, "GET", path, ""); strings.HasPrefix(body, "<!") && !strings.Contains(body, look) {
				t.Errorf("%s at %s has not the look %s", path, host, look)
			}
		}
	}
	if _, body := r.at(ownHost, "GET", "/setup?email=x@b.test", ""); !strings.Contains(body, "Second Look") {
		t.Error("the page of a reseller's customer has not the reseller's look")
	}
	// The MX rule is for domains that nobody serves, and not for another reseller's.
	if status,
		_ := r.at(secondHost, "GET", "/mail/config-v1.1.xml?emailaddress=x@a.test", ""); status != http.StatusNotFound {
		t.Errorf("another reseller's customer gets the settings of the host's domain: %d", status)
	}
}

// Links and lists at a service host are its own, whether or not resellers have looks.
func TestResellersPages(t *testing.T) {
	t.Run("one look", func(t *testing.T) {
		resellersPages(t,
			resellers(t, "  resellers: [{for: [first], name: First Look}, {for: [second], name: Second Look}]\n", ""))
	})
	t.Run("looks", func(t *testing.T) { resellersPages(t, resellers(t)) })
}

func resellersPages(t *testing.T, r *rig) {
	t.Helper()
	for _, test := range []struct {
		host, path, has, hasNot string
		status                  int
	}{
		{ownHost, "/autodiscover/autodiscover.json?Email=x@a.test&Protocol=AutodiscoverV1",
			`"https://autoconfig.hoster.test/`, "", 200},
		{firstHost, "/autodiscover/autodiscover.json?Email=x@a.test&Protocol=AutodiscoverV1",
			`"https://setup.first-reseller.test/`, "", 200},
		{"autodiscover.a.test", "/autodiscover/autodiscover.json?Email=x@a.test&Protocol=AutodiscoverV1",
			`"https://autodiscover.a.test/`, "", 200},
		{ownHost, "/sitemap.xml", "https://autoconfig.hoster.test/settings/c.test<", "a.test", 200},
		{firstHost, "/sitemap.xml", "https://setup.first-reseller.test/settings/a.test<", "c.test", 200},
		{secondHost, "/sitemap.xml", "https://autoconfig.b.test/settings/live.co.uk<", "settings/b.test", 200},
		{"autoconfig.a.test", "/sitemap.xml", "https://setup.first-reseller.test/settings/a.test<", "hoster", 200},
		{firstHost, "/robots.txt", "Sitemap: https://setup.first-reseller.test/sitemap.xml\n", "", 200},
		{firstHost, "/settings", "a.test", "c.test", 200},
		{ownHost, "/settings", "c.test", "a.test", 200},
		{firstHost, "/", `<link rel="canonical" href="https://setup.first-reseller.test/`, "hoster.test", 200},
		{firstHost, "/help", `<link rel="canonical" href="https://setup.first-reseller.test/help`, "hoster.test", 200},
		{ownHost, "/", `<link rel="canonical" href="https://autoconfig.hoster.test/`, "reseller", 200},
		{ownHost, "/settings/a.test", `<link rel="canonical" href="https://setup.first-reseller.test/settings/a.test"`, "",
			200},
		{ownHost, "/settings/live.co.uk", `<link rel="canonical" href="https://autoconfig.hoster.test/settings/live.co.uk"`,
			"", 200},
		{firstHost, "/settings/live.co.uk",
			`<link rel="canonical" href="https://setup.first-reseller.test/settings/live.co.uk"`, "", 200},
		{ownHost, "/settings/b.test", "", "mail.b.test", 404},
		{secondHost, "/settings/b.test", "", "mail.b.test", 404},
		{ownHost, "/records/b.test", "", "mail.b.test", 404},
		{secondHost, "/records/first.test", "", "mail.b.test", 404},
		{firstHost, "/records/a.test", ">setup.first-reseller.test</code>", "", 200},
		{ownHost, "/records/a.test", ">setup.first-reseller.test</code>", "", 200},
		{ownHost, "/records/c.test", ">autoconfig.hoster.test</code>", "reseller", 200},
		{ownHost, "/qr.svg?email=x@a.test", "<svg", "", 200},
	} {
		status, body := r.at(test.host, "GET", test.path, "")
		if status != test.status || !strings.Contains(body, test.has) || test.hasNot != "" &&
			strings.Contains(body, test.hasNot) {
			t.Errorf("%s at %s: %d, and %q is there: %v, %q: %v", test.path, test.host, status, test.has,
				strings.Contains(body, test.has),
				test.hasNot, strings.Contains(body, test.hasNot))
		}
	}
	_, body := r.at(ownHost, "GET", "/records/a.test", "")
	states := map[string]string{}
	for _, m := range recordState.FindAllStringSubmatch(body, -1) {
		states[m[1]] = m[2]
	}
	if states["autoconfig.a.test"] != "published" || states["autodiscover.a.test"] != "differs" {
		t.Errorf("the records of a.test: %v", states)
	}
	found := regexp.MustCompile(`<th scope="row">Thunderbird[^<]*</th><td class="(\w+)">[^<]*</td><td class="(\w+)">`).FindStringSubmatch(body)
	if len(found) != 3 || found[1] != "found" || found[2] != "found" {
		t.Errorf("Thunderbird: %v", found)
	}
}

// A proxy gets a certificate for each service host, and for the names that lead to the one of their provider or to the
// operator's. The admin listener answers by each.
func TestResellersAsk(t *testing.T) {
	r := resellers(t)
	for host, want := range map[string]int{
		ownHost: 200, firstHost: 200, secondHost: 200, "autoconfig." + firstHost: 404, "first-reseller.test": 404,
		"autoconfig.a.test": 200, "autodiscover.a.test": 200, "autodiscover.b.test": 200, "autoconfig.c.test": 200,
		"autodiscover.c.test": 404, // it leads to a reseller that its provider is not of
	} {
		if status, body := ask(r.srv.Admin(), "/ask?domain="+host); status != want {
			t.Errorf("/ask about %s: %d %s, want %d", host, status, body, want)
		}
	}
	for host, want := range map[string]int{ownHost: 200, firstHost: 200, secondHost: 200, "a.test": 403} {
		w := httptest.NewRecorder()
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil)
		req.Host = host
		if r.srv.Admin().ServeHTTP(w, req); w.Code != want {
			t.Errorf("the admin listener by %s: %d", host, w.Code)
		}
	}
}
