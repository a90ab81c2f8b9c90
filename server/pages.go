package server

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/text/language"

	"autoconfig/templates"
)

// pages are the pages for people: parsed templates, and what is derived from
// the settings in force.
type pages struct {
	templates *templates.Set
	matcher   language.Matcher
	findings  map[string]findings // by language
	brand     atomic.Pointer[brand]
	buffers   sync.Pool
}

func newPages() *pages {
	set := templates.New()
	p := &pages{templates: set, findings: map[string]findings{}, buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }}}
	var tags []language.Tag
	for _, lang := range set.Languages() {
		tags = append(tags, language.Make(lang))
		p.findings[lang] = newFindings(set, lang)
	}
	p.matcher = language.NewMatcher(tags)
	return p
}

const textHTML = "text/html; charset=utf-8"

// pageHeaders keep a page to itself: nothing inline, nothing from elsewhere,
// no frame around it, and no address told to the sites it links to.
var pageHeaders = [][2]string{
	{"Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
	{"Referrer-Policy", "no-referrer"},
}

// view is what every page shows.
type view struct {
	Lang      string
	Explicit  bool // the language was chosen on the page, so its links keep it
	Languages []languageLink
	Brand     *brand
	Path      string
	Private   bool    // the page shows an address: not for search engines
	Resend    []field // what the language switch must send again; empty: a link will do
}

type languageLink struct {
	Code, Name, URL string
	Current         bool
}

type field struct{ Name, Value string }

// Href is the link to another page in the same language.
func (v *view) Href(path string) string {
	if !v.Explicit {
		return path
	}
	return path + "?lang=" + v.Lang
}

// view starts the view of the page at path: its language comes from ?lang=,
// else from the browser (RFC 9110 §12.5.4).
func (s *Server) view(r *request, path string) view {
	v := view{Path: path, Brand: s.pages.brandOf(r.set)}
	v.Lang, v.Explicit = s.pages.language(r)
	for _, code := range s.pages.templates.Languages() {
		v.Languages = append(v.Languages, languageLink{Code: code, Name: s.pages.templates.Message(code, "language.name"),
			URL: path + "?lang=" + code, Current: code == v.Lang})
	}
	return v
}

// relink makes the language links lead to a path that has a query already.
func (v *view) relink(path string) {
	for i := range v.Languages {
		v.Languages[i].URL = path + "&lang=" + v.Languages[i].Code
	}
}

func (p *pages) language(r *request) (lang string, explicit bool) {
	for _, form := range []string{r.form(), r.Request().URL.RawQuery} {
		if want, found, _ := query(form, "lang"); found {
			for _, have := range p.templates.Languages() {
				if strings.EqualFold(want, have) {
					return have, true
				}
			}
		}
	}
	tags, _, err := language.ParseAcceptLanguage(r.Request().Header.Get("Accept-Language"))
	if err != nil {
		tags = nil
	}
	_, i, _ := p.matcher.Match(tags...)
	return p.templates.Languages()[i], false
}

// text is a message in the language of the page.
func (s *Server) text(v *view, key string) string { return s.pages.templates.Message(v.Lang, key) }

// render makes the answer of a page out of its view model, which embeds v.
func (s *Server) render(v *view, status int, o outcome, page string, data any) answer {
	buf := s.pages.buffers.Get().(*bytes.Buffer) //nolint:errcheck,forcetypeassert // only buffers are pooled
	defer s.pages.buffers.Put(buf)
	buf.Reset()
	if err := s.pages.templates.Execute(buf, v.Lang, page, data); err != nil {
		s.opts.Log.Error("a page cannot be made", "page", page, "error", err)
		return text(http.StatusServiceUnavailable, unavailable, "temporarily unavailable")
	}
	a := answer{status: status, outcome: o, kind: textHTML, cache: "no-cache", body: bytes.Clone(buf.Bytes()),
		header: append([][2]string{{"Content-Language", v.Lang}, {"Vary", "Accept-Language, User-Agent"}}, pageHeaders...)}
	if v.Private {
		a.cache = noStore
		a.header = append(a.header, [2]string{"X-Robots-Tag", "noindex"})
	} else if status == http.StatusOK {
		a.etag = `"` + strconv.FormatUint(fnv(fnvStart, a.body), 36) + `"`
	}
	return a
}

// static is a page that depends on nothing but the language and the brand. It
// is made once for each of both.
func (s *Server) static(v *view, page string, data func() any) answer {
	key := page + " " + v.Lang
	if v.Explicit {
		key += " chosen"
	}
	if a, ok := v.Brand.static.Load(key); ok {
		return a.(answer) //nolint:errcheck,forcetypeassert // only answers are stored
	}
	a := s.render(v, http.StatusOK, served, page, data())
	if a.status == http.StatusOK {
		v.Brand.static.Store(key, a)
	}
	return a
}

// trouble is the page that says why there is no other.
func (s *Server) trouble(r *request, status int, o outcome, kind string) answer {
	v := struct {
		view
		Kind string
	}{s.view(r, "/"), kind}
	a := s.render(&v.view, status, o, "trouble", &v)
	if status != http.StatusNotFound {
		a.header = append(a.header, retryAfter...)
		a.cache = noStore
	}
	return a
}

func (s *Server) tooMany(r *request) answer {
	return s.trouble(r, http.StatusTooManyRequests, limited, "limited")
}

// homeView is a page with the address form.
type homeView struct {
	view
	Typed string // what was typed before
	Wrong bool   // and is no address
}

func (s *Server) home(r *request) answer {
	if !s.allow(r) {
		return s.tooMany(r)
	}
	v := homeView{view: s.view(r, "/")}
	return s.static(&v.view, "home", func() any { return &v })
}

// form is the fields of a page's request.
func (r *request) form() string {
	if r.Request().Method == http.MethodPost {
		return string(r.body)
	}
	return r.Request().URL.RawQuery
}

// setupLink is the set-up page of addresses as a link.
func setupLink(emails ...string) string { return "/setup?" + url.Values{"email": emails}.Encode() }

// consent is what a device shows before it installs a profile, in every
// language; nothing in it was chosen by whoever asked for the profile.
var consent = sync.OnceValue(func() map[string]string {
	texts := templates.Translations("profile.consent")
	texts["default"] = texts["en"]
	return texts
})

// robots keeps pages with an address out of search engines.
func (s *Server) robots(*request) answer {
	return answer{status: http.StatusOK, outcome: served, kind: textPlain, cache: cacheDocument,
		body: []byte("User-agent: *\nDisallow: /setup\nDisallow: /mobileconfig\nDisallow: /qr.svg\nDisallow: /api/\n")}
}

// cacheForever is for files whose name changes with their content.
const cacheForever = "public, max-age=31536000, immutable"

// assetHeaders make sure that a logo, which may be an SVG with a script in it,
// is a picture and nothing else even when it is opened by itself.
var assetHeaders = [][2]string{
	{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Vary", "Accept-Encoding"},
}

func (s *Server) asset(r *request) answer {
	name := r.Param("file")
	for _, list := range [][]templates.Asset{s.pages.templates.Assets(), s.pages.brandOf(r.set).assets} {
		for i := range list {
			if list[i].Name == name {
				return assetAnswer(r, &list[i])
			}
		}
	}
	return text(http.StatusNotFound, notFound, "not found")
}

func assetAnswer(r *request, f *templates.Asset) answer {
	a := answer{status: http.StatusOK, outcome: served, kind: f.Type, body: f.Body, cache: cacheForever, etag: `"` + f.Name + `"`, header: assetHeaders}
	if f.Gzip != nil && acceptsGzip(r.Request().Header.Get("Accept-Encoding")) {
		a.body, a.etag = f.Gzip, `"`+f.Name+`.gz"`
		a.header = append([][2]string{{"Content-Encoding", "gzip"}}, a.header...)
	}
	return a
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3) as far as it matters
// here: gzip is named and not refused with a weight of nought.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			_, weight, weighted := strings.Cut(params, "q=")
			q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
			return !weighted || err == nil && q > 0
		}
	}
	return false
}

// favicon answers browsers that do not read the page's own link.
func (s *Server) favicon(r *request) answer {
	for _, f := range s.pages.templates.Assets() {
		if f.Source == "icon.png" {
			a := assetAnswer(r, &f)
			a.cache = "public, max-age=86400"
			return a
		}
	}
	return text(http.StatusNotFound, notFound, "not found")
}
