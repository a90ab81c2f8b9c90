package server

import (
	"html"
	"net/http"
	"strconv"
	"strings"

	"autoconfig/pages"
	"autoconfig/provider"
	"autoconfig/templates"
)

const textHTML = "text/html; charset=utf-8"

// pageHeaders keep a page to itself: nothing inline, nothing from elsewhere, no frame around it, and no address sent to
// the sites it links to.
var pageHeaders = [][2]string{
	{"Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
	{"Referrer-Policy", "no-referrer"},
}

// visit is what the page for a request depends on apart from its content.
func (s *Server) visit(r *request) pages.Visit {
	host := r.serviceHost()
	v := pages.Visit{Brand: r.brand(host), Agent: r.Request().UserAgent(), Posted: r.Request().Method == http.MethodPost,
		Base: base(host)}
	chosen, found, _ := query(r.form(), "lang")
	if !found && v.Posted {
		chosen, _, _ = query(r.Request().URL.RawQuery, "lang")
	}
	v.Lang, v.Chosen = s.pages.Language(r.Request().Header.Get("Accept-Language"), chosen)
	return v
}

// brand is the look for the host that was asked, for its service host's provider, or for another.
func (r *request) brand(serviceHost string, more ...string) *pages.Brand {
	return r.set.brands.Of(append([]string{r.host, bareHost(r.host), r.set.Hosts[serviceHost]}, more...)...)
}

// bareHost is a host without the name that clients put before it.
func bareHost(host string) string {
	domain, _ := provider.CutHostPrefix(host)
	return domain
}

// page is the answer with a page.
func (s *Server) page(p pages.Page, err error) answer {
	if err != nil {
		s.opts.Log.Error("a page cannot be made", "error", err)
		return text(http.StatusServiceUnavailable, unavailable, "temporarily unavailable")
	}
	a := content("", textHTML, "no-cache", p.Body)
	a.header = append([][2]string{{"Content-Language", p.Lang}, {"Vary", "Accept-Language, User-Agent"}}, pageHeaders...)
	if p.Private {
		a.cache = noStore
		a.header = append(a.header, [2]string{"X-Robots-Tag", "noindex"})
	} else {
		a.etag = `"` + p.Tag + `"`
	}
	return a
}

// as is a page that lacks what was asked for, with that status and outcome. A page that could not be made stays an error.
func (a answer) as(status int, o outcome) answer {
	if a.outcome == served {
		a.status, a.outcome, a.etag = status, o, ""
	}
	return a
}

// trouble is the page for a client over its limit, or a source that is down.
func (s *Server) trouble(r *request, err error) answer {
	status, o, _ := refusalOf(err)
	a := s.page(s.pages.Trouble(s.visit(r), string(o))).as(status, o)
	a.header, a.cache = append(a.header, retryAfter...), noStore
	return a
}

func (s *Server) home(r *request) answer {
	return s.page(s.pages.Home(s.visit(r)))
}

// helpKey is all that the page with an answer depends on, apart from the text that was sent.
type helpKey struct {
	pages.Visit // without an Agent
	answer      string
}

// helpText is the stand-in of a text that was sent; helpForms are the two forms in which the page shows it again.
const helpText = "zz0+text0zz"

func helpForms(text string) []string {
	escaped := html.EscapeString(text)
	inTemplate := strings.ReplaceAll(strings.ReplaceAll(escaped, "+", "&#43;"), "\x00", "\uFFFD")
	return []string{inTemplate, escaped}
}

// help explains a text. The page is made once for all texts that have the same answer.
func (s *Server) help(r *request) answer {
	text, found, _ := query(string(r.body), "error")
	if !found {
		text, _, _ = query(r.Request().URL.RawQuery, "q")
	}
	v := s.visit(r)
	v.Agent = "" // it decides nothing on this page
	h := s.pages.Help(v, text)
	var t *template
	if h.Text != "" {
		t = r.set.helps.of(helpKey{v, h.Key}, func() ([]byte, []string, error) {
			standIn := *h
			standIn.Text = helpText
			p, err := standIn.Page()
			return p.Body, helpForms(helpText), err
		})
	}
	if t == nil {
		return s.page(h.Page())
	}
	forms := helpForms(h.Text)
	r.room = t.fill(r.room[:0], []byte(forms[0]), []byte(forms[1]))
	p := pages.Page{Lang: v.Lang, Body: r.room, Private: v.Posted, Tag: strconv.FormatUint(t.sum, 36)}
	return s.page(p, nil)
}

func (s *Server) helpTopic(r *request) answer {
	p, ok, err := s.pages.Topic(s.visit(r), r.Param("id"))
	if !ok {
		return s.missing(r)
	}
	return s.page(p, err)
}

// robots keeps pages with an address out of search engines, and leads them to the public ones.
func (s *Server) robots(r *request) answer {
	body := "User-agent: *\nDisallow: /setup\nDisallow: /mobileconfig\nDisallow: /qr.svg\nDisallow: /api/\n" +
		"Disallow: /email.mobileconfig\nDisallow: /profile.mobileconfig\nDisallow: /records/\n"
	if host := r.serviceHost(); host != "" {
		body += "Sitemap: " + base(host) + "/sitemap.xml\n"
	}
	return content("", textPlain, cacheDocument, []byte(body))
}

// cacheForever is for files whose name changes with their content.
const cacheForever = "public, max-age=31536000, immutable"

// assetHeaders make sure that a logo, which may be an SVG with a script in it, is a picture and nothing else even when
// it is opened by itself.
var assetHeaders = [][2]string{
	{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Vary", "Accept-Encoding"},
}

func (s *Server) asset(r *request) answer {
	if f, ok := s.pages.Asset(r.set.brands, r.Param("file")); ok {
		return assetAnswer(r, &f)
	}
	return text(http.StatusNotFound, notFound, "not found")
}

func assetAnswer(r *request, f *templates.Asset) answer {
	a := content("", f.Type, cacheForever, f.Body)
	a.etag, a.header = `"`+f.Name+`"`, assetHeaders
	if acceptsGzip(r.Request().Header.Get("Accept-Encoding")) {
		if packed := f.Gzip(); packed != nil {
			a.body, a.etag = packed, `"`+f.Name+`.gz"`
			a.header = append([][2]string{{"Content-Encoding", "gzip"}}, a.header...)
		}
	}
	return a
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3) as far as it matters here: gzip is named and not refused with a
// weight of zero.
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

// favicon answers browsers that do not read the link in the page.
func (s *Server) favicon(r *request) answer {
	icon := s.pages.Icon()
	a := assetAnswer(r, &icon)
	a.cache = "public, max-age=86400"
	return a
}
