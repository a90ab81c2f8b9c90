package server

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"autoconfig/pages"
	"autoconfig/provider"
	"autoconfig/source"
)

// publicPages are the pages of settings that search engines may read, of one generation of settings. The page of a
// provider is the same for all of its domains but for their names, so it is made once for each language.
type publicPages struct {
	made sync.Map // pageKey → *madePage
	once sync.Once
	list list
}

type pageKey struct {
	of     *provider.Provider
	brand  *pages.Brand
	lang   string
	chosen bool
}

// madePage is a page cut where the domain is.
type madePage struct {
	*template
	lang string
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
	if err != nil {
		return s.noPage(r, err)
	}
	v := s.visit(r)
	made, err := s.publicPage(r, v, p)
	if err != nil {
		return s.page(0, served, pages.Page{}, err)
	}
	r.room = made.fill(r.room[:0], []byte(domain))
	a := content(domain, textHTML, cacheDocument, r.room)
	a.etag, a.header = made.etag(domain), publicHeaders(made.lang)
	return a
}

// publicHeaders are those of a page that everybody may keep.
func publicHeaders(lang string) [][2]string {
	return append([][2]string{{"Content-Language", lang}, {"Vary", "Accept-Language"}}, pageHeaders...)
}

func (s *Server) publicPage(r *request, v pages.Visit, p *provider.Provider) (*madePage, error) {
	key := pageKey{p, v.Brand, v.Lang, v.Chosen}
	if made, ok := r.set.public.made.Load(key); ok {
		return made.(*madePage), nil //nolint:errcheck,forcetypeassert // only these are stored
	}
	body, err := s.pages.Settings(v, standInDomain, p)
	if err != nil {
		return nil, err
	}
	made := &madePage{newTemplate(body.Body, standInDomain), body.Lang}
	r.set.public.made.Store(key, made)
	return made, nil
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
	p, err := s.pages.Trouble(s.visit(r), "missing")
	return s.page(http.StatusNotFound, notFound, p, err)
}

// settingsIndex lists the domains that have a page.
func (s *Server) settingsIndex(r *request) answer {
	v := s.visit(r)
	p, err := s.pages.SettingsIndex(v, r.set.listed().groups)
	if err != nil {
		return s.page(0, served, p, err)
	}
	a := content("", textHTML, cacheDocument, p.Body)
	a.etag, a.header = `"`+p.Tag+`"`, publicHeaders(p.Lang)
	return a
}

// list is what the public pages are about.
type list struct {
	groups  []pages.DomainGroup
	sitemap []byte
	tag     string
}

// listed are the domains that are named in public, by provider: what is in the configuration and its files. Databases
// are not asked for their lists.
func (set *Settings) listed() *list {
	set.public.once.Do(func() {
		l := &set.public.list
		for _, p := range provider.Builtins() {
			if len(p.Domains) > 0 {
				l.groups = append(l.groups, pages.DomainGroup{Provider: p.Name, Domains: slices.Sorted(slices.Values(p.Domains))})
			}
		}
		if set.PublicPages && set.Named != nil {
			l.groups = append(l.groups, ownGroups(set.Named)...)
		}
		if set.ServiceHost != "" {
			l.sitemap = sitemapOf(set.base(), l.groups)
			l.tag = `"` + strconv.FormatUint(fnv(fnvStart, l.sitemap), 36) + `"`
		}
	})
	return &set.public.list
}

func ownGroups(named *source.Index) (out []pages.DomainGroup) {
	own, count := map[string][]string{}, 0
	for domain, err := range named.Domains(context.Background()) { // of files: there is no error
		if err != nil {
			break
		}
		p, err := named.Lookup(context.Background(), provider.Address{Domain: domain})
		if err == nil && !builtinDomain(domain) && count < maxListed {
			own[p.Name] = append(own[p.Name], domain)
			count++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		slices.Sort(own[name])
		out = append(out, pages.DomainGroup{Provider: name, Domains: own[name]})
	}
	return out
}

// sitemapOf lists the pages for search engines (sitemaps.org).
func sitemapOf(base string, groups []pages.DomainGroup) []byte {
	b := []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + "\n")
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
	l := r.set.listed()
	if l.sitemap == nil {
		return text(http.StatusNotFound, notOffered, "not found")
	}
	a := content("", "application/xml; charset=utf-8", cacheDocument, l.sitemap)
	a.etag = l.tag
	return a
}

// base is what absolute links begin with; empty without a service host.
func (set *Settings) base() string {
	if set.ServiceHost == "" {
		return ""
	}
	return "https://" + set.ServiceHost
}
