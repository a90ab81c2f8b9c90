package server

import (
	"context"
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"autoconfig/pages"
	"autoconfig/provider"
)

// publicPages are the pages of settings that search engines may read, of one generation of settings. The page of a
// provider is the same for all of its domains but for their names, so it is made once for each language.
type publicPages struct {
	made  templateCache[pageKey]
	once  sync.Once
	lists map[string]*list // by service host
}

type pageKey struct {
	pages.Visit // without an Agent
	of          *provider.Provider
}

// maxListed is how many of the operator's own domains are listed in public; a sitemap may have 50,000 addresses
// (sitemaps.org).
const maxListed = 49_000

// settingsPage shows the settings of a domain: a built-in one's, or an operator's own if its pages are public. Whether
// any other domain is served is not said.
func (s *Server) settingsPage(r *request) answer {
	domain, err := provider.ParseDomain(r.Param("domain"))
	if err != nil || !builtinDomain(domain) && !r.set.PublicPages {
		return s.missing(r)
	}
	var p *provider.Provider
	if builtinDomain(domain) {
		p, err = s.question(r, provider.Address{Domain: domain})
	} else {
		p, err = s.ownProvider(r, domain)
	}
	if err == nil && off(p.Pages.Public) && !builtinDomain(domain) {
		err = provider.ErrNotFound
	}
	if err != nil {
		return s.noPage(r, err)
	}
	v := s.visit(r)
	if !r.atOwnHost() {
		v.Base = base(p.ServedAt(r.set.ServiceHost))
	}
	v.Agent = "" // it decides nothing on this page
	made := r.set.public.made.of(pageKey{v, p}, func() ([]byte, []string, error) {
		page, err := s.pages.Settings(v, standInDomain, p)
		return page.Body, []string{standInDomain}, err
	})
	if made == nil {
		return s.page(s.pages.Settings(v, domain, p))
	}
	r.room = made.fill(r.room[:0], []byte(domain))
	a := content(domain, textHTML, cacheDocument, r.room)
	a.etag, a.header = made.etag(domain), publicHeaders(v.Lang)
	return a
}

// publicHeaders are those of a page that everybody may keep.
func publicHeaders(lang string) [][2]string {
	return append([][2]string{{"Content-Language", lang}, {"Vary", "Accept-Language"}}, pageHeaders...)
}

// builtinDomain reports whether a domain is one that a built-in provider certainly serves.
func builtinDomain(domain string) bool {
	_, ok := slices.BinarySearch(builtinDomains(), domain)
	return ok
}

var builtinDomains = sync.OnceValue(func() []string {
	var out []string
	for _, p := range provider.Builtins() {
		out = append(out, p.Domains...)
	}
	slices.Sort(out)
	return out
})

func (s *Server) missing(r *request) answer {
	return s.page(s.pages.Trouble(s.visit(r), "missing")).as(http.StatusNotFound, notFound)
}

// settingsIndex lists the domains that have a page.
func (s *Server) settingsIndex(r *request) answer {
	v := s.visit(r)
	p, err := s.pages.SettingsIndex(v, r.set.listed(r.serviceHost()).groups)
	if err != nil {
		return s.page(p, err)
	}
	a := content("", textHTML, cacheDocument, p.Body)
	a.etag, a.header = `"`+p.Tag+`"`, publicHeaders(p.Lang)
	return a
}

// list is what the public pages of one service host are about.
type list struct {
	groups  []pages.DomainGroup
	sitemap []byte
	tag     string
}

// listed are the domains that are named in public at a service host, by provider: what is in the configuration and its
// files. Databases are not asked for their lists.
func (set *Settings) listed(host string) *list {
	set.public.once.Do(func() {
		var builtin []pages.DomainGroup
		for _, p := range provider.Builtins() {
			if len(p.Domains) > 0 {
				builtin = append(builtin, pages.DomainGroup{Provider: p.Name, Domains: slices.Sorted(slices.Values(p.Domains))})
			}
		}
		own := set.ownDomains()
		set.public.lists = map[string]*list{}
		for _, host := range append(slices.Collect(maps.Keys(set.Hosts)), set.ServiceHost) {
			l := &list{groups: slices.Concat(builtin, groupsOf(own[host]))}
			if host != "" {
				l.sitemap = sitemapOf(base(host), l.groups)
				l.tag = `"` + strconv.FormatUint(fnv(fnvStart, l.sitemap), 36) + `"`
			}
			set.public.lists[host] = l
		}
	})
	return set.public.lists[host]
}

// ownDomains are the operator's domains that have a public page, by service host and the provider's name.
func (set *Settings) ownDomains() map[string]map[string][]string {
	own, count := map[string]map[string][]string{}, map[string]int{}
	if !set.PublicPages || set.Named == nil {
		return own
	}
	for domain, err := range set.Named.Domains(context.Background()) { // of files: there is no error
		if err != nil {
			break
		}
		p, err := set.Named.Lookup(context.Background(), provider.Address{Domain: domain})
		if err != nil || off(p.Pages.Public) || builtinDomain(domain) {
			continue
		}
		host := p.ServedAt(set.ServiceHost)
		if own[host] == nil {
			own[host] = map[string][]string{}
		}
		if count[host]++; count[host] <= maxListed {
			own[host][p.Name] = append(own[host][p.Name], domain)
		}
	}
	return own
}

func groupsOf(own map[string][]string) (out []pages.DomainGroup) {
	for _, name := range slices.Sorted(maps.Keys(own)) {
		slices.Sort(own[name])
		out = append(out, pages.DomainGroup{Provider: name, Domains: own[name]})
	}
	return out
}

// sitemapOf lists the pages for search engines (sitemaps.org).
func sitemapOf(base string, groups []pages.DomainGroup) []byte {
	b := []byte(xml.Header + `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + "\n")
	add := func(path string) { b = append(b, "<url><loc>"+base+path+"</loc></url>\n"...) }
	for _, path := range []string{"/", "/settings", "/help"} {
		add(path)
	}
	for _, g := range groups {
		for _, domain := range g.Domains {
			add("/settings/" + domain)
		}
	}
	return append(b, "</urlset>\n"...)
}

// sitemap has absolute addresses only, so there is none without a service host.
func (s *Server) sitemap(r *request) answer {
	l := r.set.listed(r.serviceHost())
	if l.sitemap == nil {
		return text(http.StatusNotFound, notOffered, "not found")
	}
	a := content("", "application/xml; charset=utf-8", cacheDocument, l.sitemap)
	a.etag = l.tag
	return a
}
