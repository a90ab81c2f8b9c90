package server

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autoconfig/provider"
	"autoconfig/source"
	"autoconfig/templates"
)

// public serves one more provider, whose host names hold the domain, and shows the operator's own domains.
func public(_ *Options, set *Settings) {
	listed := source.NewIndex(8, 256)
	p := custom("templated", func(p *provider.Provider) {
		p.Name = "Customers"
		for _, list := range [][]provider.Server{p.Incoming, p.Outgoing} {
			for i := range list {
				list[i].Host = "mail.%EMAILDOMAIN%"
			}
		}
	})
	for _, d := range []string{"b.example", "a.example"} {
		listed.Add(d, p)
	}
	database := source.NewIndex(8, 256) // served, and not the operator's own, as a copy of the ISPDB is
	database.Add("copied.example", p)
	set.Source, set.Listed = source.Chain{listed, set.Source, database}, source.Chain{listed, set.Listed}
	set.PublicPages, set.Named = true, listed
}

func TestSettingsPages(t *testing.T) {
	closed, open := newTestServer(t, nil), newTestServer(t, public)
	unknown := bodyOf(t, ask(t, closed, "GET http://x.example/settings/unserved.example", ""))
	for _, test := range []struct {
		s    *Server
		path string
		want string // in the page; empty: it is the 404 of a name that nobody serves
	}{
		{closed, "live.co.uk", "<code data-copy>smtp-mail.outlook.com</code>"},
		{closed, "LIVE.Co.Uk/", "live.co.uk email settings"},
		{closed, "live.co.uk.", "live.co.uk email settings"},
		{closed, "msn.com", "msn.com email settings: SMTP, IMAP, POP"},
		{closed, "hotmail.at", ""},  // not verified, though its MX says so
		{closed, "example.org", ""}, // the operator's own
		{closed, "customer.example", ""},
		{closed, "smtp-mail.outlook.com", ""},
		{closed, "a@live.co.uk", ""},
		{closed, "%20live.co.uk", ""},
		{closed, "..", ""},
		{closed, strings.Repeat("x.", 130) + "example", ""},
		{closed, "%00%ff", ""},
		{open, "a.example", "mail.a.example</span></code>"},
		{open, "b.example", "mail.b.example</span></code>"},
		{open, "example.org", "imap.example.org"},
		{open, "live.co.uk", "smtp-mail.outlook.com"},
		{open, "customer.example", ""}, // found by MX, not listed
		{open, "copied.example", ""},
		{open, "hotmail.at", ""},
		{open, "unserved.example", ""},
	} {
		r := ask(t, test.s, "GET http://x.example/settings/"+test.path, "")
		body := bodyOf(t, r)
		switch {
		case test.want == "" && (r.StatusCode != http.StatusNotFound || body != unknown):
			t.Errorf("%s: status %d, or another page than for a name that nobody serves", test.path, r.StatusCode)
		case test.want != "" && (r.StatusCode != http.StatusOK || !strings.Contains(body, test.want)):
			t.Errorf("%s: status %d, no %q", test.path, r.StatusCode, test.want)
		}
	}
	for _, domain := range []string{"example.org", "live.co.uk", "unserved.example"} { // records: false
		if r := ask(t, open, "GET http://x.example/records/"+domain, ""); r.StatusCode != http.StatusNotFound ||
			bodyOf(t, r) != unknown {
			t.Errorf("/records/%s: status %d", domain, r.StatusCode)
		}
	}
	owners := newTestServer(t, func(o *Options, set *Settings) {
		public(o, set)
		set.Records = exampleRecords
	})
	for domain, want := range map[string]int{"example.org": 200, "a.example": 200, "copied.example": 404,
		"live.co.uk": 404, "unserved.example": 404} {
		if r := ask(t, owners, "GET http://x.example/records/"+domain, ""); r.StatusCode != want || want == 404 &&
			bodyOf(t, r) != unknown {
			t.Errorf("/records/%s: status %d", domain, r.StatusCode)
		}
	}
	r := ask(t, newTestServer(t, func(_ *Options, set *Settings) {
		set.PublicPages = true
		set.Source = people{err: provider.ErrUnavailable}
	}), "GET http://x.example/settings/customer.example", "")
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Errorf("a database that is down: status %d, %v", r.StatusCode, r.Header)
	}
}

var (
	hreflangs  = regexp.MustCompile(`<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">`)
	canonical  = regexp.MustCompile(`<link rel="canonical" href="([^"]+)">`)
	structured = regexp.MustCompile(`<script type="application/ld\+json">(.*?)</script>`)
	address    = regexp.MustCompile(`[a-z0-9.]+@[a-z0-9.-]+`)
)

// What search engines read is there in every language, names the service host and nobody's address.
func TestSettingsForSearchEngines(t *testing.T) {
	s, tags := newTestServer(t, nil), map[string]string{}
	languages := templates.New().Languages()
	for _, lang := range languages {
		at := "https://autoconfig.hoster.example/settings/live.co.uk"
		if lang != "en" {
			at += "?lang=" + lang
		}
		for _, path := range []string{"/settings/live.co.uk?lang=" + lang, "/settings/live.co.uk"} {
			r := ask(t, s, "GET http://evil.example"+path, "", "Accept-Language: "+lang)
			body := bodyOf(t, r)
			if got := canonical.FindStringSubmatch(body); got == nil || got[1] != at {
				t.Errorf("%s in %s: canonical %q", path, lang, got)
			}
			var have []string
			for _, m := range hreflangs.FindAllStringSubmatch(body, -1) {
				have = append(have, m[1])
			}
			if !slices.Equal(have, append(slices.Clone(languages), "x-default")) {
				t.Errorf("%s in %s: hreflang %q", path, lang, have)
			}
			h := r.Header
			if h.Get("Content-Language") != lang || h.Get("Vary") != "Accept-Language" ||
				h.Get("Cache-Control") != cacheDocument || h.Get("X-Robots-Tag") != "" {
				t.Errorf("%s in %s: %v", path, lang, h)
			}
			title := regexp.MustCompile(`<title>(.*?)</title>`).FindString(body)
			for _, word := range []string{"live.co.uk", "SMTP", "IMAP", "POP"} {
				if !strings.Contains(title, word) {
					t.Errorf("%s: %s lacks %s", lang, title, word)
				}
			}
			if strings.Contains(body, "zz0") || strings.Contains(body, "noindex") || strings.Contains(body, "evil") {
				t.Errorf("%s in %s: a stand-in, the Host, or a mark for robots", path, lang)
			}
			for _, a := range address.FindAllString(body, -1) {
				if !strings.HasPrefix(a, "name@") { // what the form shows as an example
					t.Errorf("%s in %s: the address %s", path, lang, a)
				}
			}
			structuredData(t, path+" in "+lang, body)
			etag := h.Get("Etag")
			if other := tags[etag]; etag == "" || other != "" {
				t.Errorf("%s in %s: the tag %s is also that of %s", path, lang, etag, other)
			}
			tags[etag] = path + " in " + lang
			again := ask(t, s, "GET http://x.example"+path, "", "Accept-Language: "+lang, "If-None-Match: "+etag)
			if again.StatusCode != http.StatusNotModified || again.Header.Get("Vary") == "" {
				t.Errorf("%s in %s: status %d for the same tag", path, lang, again.StatusCode)
			}
		}
	}
	if a, b := ask(t, s, "HEAD http://x.example/settings/live.co.uk", ""),
		ask(t, s, "HEAD http://x.example/settings/msn.com", ""); a.Header.Get("Etag") == b.Header.Get("Etag") {
		t.Error("two domains have one tag")
	}
	bare := newTestServer(t, func(_ *Options, set *Settings) { set.ServiceHost = "" })
	for _, path := range []string{"/", "/settings", "/settings/live.co.uk", "/help"} {
		if body := get200(t, bare, "GET http://evil.example"+path, ""); strings.Contains(body, "evil") ||
			canonical.MatchString(body) || hreflangs.MatchString(body) {
			t.Errorf("%s: absolute addresses without a service host", path)
		}
	}
}

func structuredData(t *testing.T, name, body string) {
	t.Helper()
	var data struct {
		Graph []struct {
			Type       string `json:"@type"`
			URL        string
			MainEntity []struct {
				Name           string
				AcceptedAnswer struct{ Text string }
			}
			ItemListElement []struct {
				Position int
				Item     string
			}
		} `json:"@graph"`
	}
	m := structured.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("%s: no structured data", name)
	}
	if err := json.Unmarshal([]byte(m[1]), &data); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	count := map[string]int{}
	for _, n := range data.Graph {
		count[n.Type] = 1 + len(n.MainEntity) + len(n.ItemListElement)
		for _, q := range n.MainEntity {
			if q.Name == "" || len(q.AcceptedAnswer.Text) < 20 {
				t.Errorf("%s: question %q, answer %q", name, q.Name, q.AcceptedAnswer.Text)
			}
		}
	}
	if count["WebPage"] != 1 || count["FAQPage"] < 6 || count["BreadcrumbList"] != 3 {
		t.Errorf("%s: %v", name, count)
	}
}

// Every address in the sitemap is a page that says it is at that address.
func TestSitemap(t *testing.T) {
	closed, open := newTestServer(t, nil), newTestServer(t, public)
	if r := ask(t, newTestServer(t, func(_ *Options, set *Settings) { set.ServiceHost = "" }),
		"GET http://x.example/sitemap.xml", ""); r.StatusCode != http.StatusNotFound {
		t.Errorf("without a service host: status %d", r.StatusCode)
	}
	for s, want := range map[*Server]int{closed: 105, open: 107} {
		var doc struct {
			URLs []struct {
				Loc string `xml:"loc"`
			} `xml:"url"`
		}
		r := ask(t, s, "GET http://evil.example/sitemap.xml", "")
		if err := xml.Unmarshal([]byte(bodyOf(t, r)), &doc); err != nil || r.Header.Get("Etag") == "" {
			t.Fatalf("%v, %v", err, r.Header)
		}
		if len(doc.URLs) != want {
			t.Errorf("%d addresses, want %d", len(doc.URLs), want)
		}
		for _, u := range doc.URLs {
			body := get200(t, s, "GET "+u.Loc, "")
			if got := canonical.FindStringSubmatch(body); got == nil || got[1] != u.Loc {
				t.Errorf("%s says that it is at %q", u.Loc, got)
			}
		}
		index := get200(t, s, "GET http://x.example/settings", "")
		if n := strings.Count(index, `href="/settings/`); n != want-3 {
			t.Errorf("%d links on the list of domains", n)
		}
	}
	for heading, links := range groupsShown(get200(t, closed, "GET http://x.example/settings", "")) {
		if links == 0 {
			t.Errorf("%q is a heading without domains", heading)
		}
	}
	if body := get200(t, closed, "GET http://x.example/robots.txt", ""); !strings.Contains(body,
		"\nSitemap: https://autoconfig.hoster.example/sitemap.xml\n") || strings.Contains(body, "Disallow: /settings") {
		t.Errorf("robots.txt: %s", body)
	}
}

// groupsShown are the headings of the list of domains, and how many links each has.
func groupsShown(body string) map[string]int {
	out := map[string]int{}
	for _, section := range strings.Split(body, `<section class="stack"`)[1:] {
		heading, _, _ := strings.Cut(section, "</h2>")
		out[heading] = strings.Count(section, `href="/settings/`)
	}
	return out
}

// Listed are the operator's domains whose pages are public, each once; without such a list, the built-in ones alone.
func TestWhichDomainsAreListed(t *testing.T) {
	hidden := false
	named := source.NewIndex(3, 64)
	named.Add("shown.example", custom("shown", nil))
	named.Add("hidden.example", custom("hidden", func(p *provider.Provider) { p.Pages.Public = &hidden }))
	named.Add("live.co.uk", custom("shadow", nil))
	for name, change := range map[string]func(*Options, *Settings){
		"a list":  func(_ *Options, set *Settings) { set.PublicPages, set.Named = true, named },
		"none":    func(_ *Options, set *Settings) { set.PublicPages = true },
		"private": func(_ *Options, set *Settings) { set.Named = named },
	} {
		body := get200(t, newTestServer(t, change), "GET http://x.example/sitemap.xml", "")
		for domain, want := range map[string]int{"shown.example": b2n(name == "a list"), "hidden.example": 0,
			"live.co.uk": 1} {
			if n := strings.Count(body, "/settings/"+domain+"<"); n != want {
				t.Errorf("%s: %s is listed %d times, want %d", name, domain, n, want)
			}
		}
	}
}

// However many domains an operator has, the sitemap has no more than search engines read.
func TestSitemapIsBounded(t *testing.T) {
	const domains = 50_001
	listed, p := source.NewIndex(domains, 20*domains), custom("many", nil)
	for i := range domains {
		listed.Add(fmt.Sprintf("d%d.example", i), p)
	}
	s := newTestServer(t, func(_ *Options, set *Settings) { set.PublicPages, set.Named, set.MX = true, listed, nil })
	body := get200(t, s, "GET http://x.example/sitemap.xml", "")
	if n := strings.Count(body, "<loc>https://autoconfig.hoster.example/settings/d"); n != maxListed ||
		strings.Count(body, "<loc>") > 50_000 {
		t.Errorf("%d domains of %d addresses", n, strings.Count(body, "<loc>"))
	}
}
