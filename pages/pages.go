// Package pages makes the pages for people: models out of providers and addresses, rendered by package templates. It
// knows nothing of HTTP, so that a test, or a command, can make any page without a request.
package pages

import (
	"bytes"
	"hash/fnv"
	"html"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/language"

	"autoconfig/apple"
	"autoconfig/source"
	"autoconfig/templates"
)

// MaxAddresses is how many mailboxes one page, and one profile, may hold.
const MaxAddresses = apple.MaxAccounts

// Pages makes every page in every language. It is safe for concurrent use.
type Pages struct {
	templates *templates.Set
	matcher   language.Matcher
	findings  map[string]func() findings // by language
	buffers   sync.Pool

	mu       sync.Mutex
	accepted map[string]string // the language of an Accept-Language header

	searchable func() []searchText // entries of the catalogue, in its order
}

// New parses the templates.
func New() *Pages {
	set := templates.New()
	p := &Pages{templates: set, findings: map[string]func() findings{}, accepted: map[string]string{}}
	p.searchable = sync.OnceValue(func() []searchText { return searchTexts(set.Languages()) })
	p.buffers.New = func() any { return new(bytes.Buffer) }
	var tags []language.Tag
	for _, lang := range set.Languages() {
		tags = append(tags, language.Make(lang))
		p.findings[lang] = sync.OnceValue(func() findings { return newFindings(lang) })
	}
	p.matcher = language.NewMatcher(tags)
	return p
}

// Visit is one request for a page: everything that shapes it apart from its content.
type Visit struct {
	Brand  *Brand
	Lang   string // one of the languages of package templates
	Chosen bool   // the language was chosen on the page, so its links keep it
	Agent  string // User-Agent: it decides the order of the devices and nothing else
	Posted bool   // a form was sent: what was typed may be shown again, and stays out of links
	Base   string // https://HOST of links that search engines follow; empty: there are none
}

// Chose is the language that was chosen on the page, or empty.
func (v *Visit) Chose() string {
	if v.Chosen {
		return v.Lang
	}
	return ""
}

// Language is the language of a page: a chosen one, if there is such, else the best for Accept-Language (RFC 9110
// §12.5.4), else English.
func (p *Pages) Language(accept, chosen string) (lang string, explicit bool) {
	languages := p.templates.Languages()
	same := func(have string) bool { return strings.EqualFold(chosen, have) }
	if i := slices.IndexFunc(languages, same); i >= 0 {
		return languages[i], true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if lang, ok := p.accepted[accept]; ok {
		return lang, false
	}
	tags, _, _ := language.ParseAcceptLanguage(accept) // none with an error
	_, i, _ := p.matcher.Match(tags...)
	if len(p.accepted) >= maxAccepted {
		clear(p.accepted)
	}
	if len(accept) < maxAccepted {
		p.accepted[accept] = languages[i]
	}
	return languages[i], false
}

// maxAccepted bounds the headers that are remembered, and the length of each. Most clients send one of a few hundred.
const maxAccepted = 500

// Page is a page that is ready to be sent.
type Page struct {
	Lang    string
	Body    []byte
	Private bool   // it shows an address: not for search engines and caches
	Tag     string // a hash of the body; empty when it is private
}

// Account is an address, or a bare domain, and the provider it was found at.
type Account = apple.Account

// view is what every page shows.
type view struct {
	Visit

	languages []string
	Path      string
	Query     string // of the links to other languages
	Private   bool
	Resend    []field // what is sent again to see the page in another language; empty: a link will do

	Description string // for search engines, as the following
	Canonical   string // the page's own address
	Alternates  []link // its address in each language; Text is hreflang
	Structured  node   // JSON-LD
}

type field struct{ Name, Value string }

// Href is the link to another page in the same language.
func (v *view) Href(path string) string {
	if !v.Chosen {
		return path
	}
	return path + "?lang=" + v.Lang
}

// view starts the view of the page at path.
func (p *Pages) view(visit Visit, path string) view {
	return view{Visit: visit, Path: path, languages: p.templates.Languages()}
}

// OtherLanguages are the links, or the buttons, to the page in all other languages. They are on every page, and a
// template would take as long for them as for the rest.
func (v *view) OtherLanguages() template.HTML {
	var b strings.Builder
	begin, end := "<div>", "</div>"
	if len(v.Resend) > 0 {
		begin, end = `<form method="post" action="`+html.EscapeString(v.Path)+`">`, "</form>"
	}
	b.WriteString(begin)
	for _, f := range v.Resend {
		b.WriteString(`<input type="hidden" name="` + f.Name + `" value="` + html.EscapeString(f.Value) + `">`)
	}
	for _, code := range v.languages {
		name := html.EscapeString(templates.Message(code, "language.name"))
		switch {
		case code == v.Lang:
		case len(v.Resend) > 0:
			b.WriteString(`<button name="lang" value="` + code + `" lang="` + code + `">` + name + "</button>")
		default:
			to := html.EscapeString(v.Path + "?" + v.Query + "lang=" + code)
			b.WriteString(`<a href="` + to + `" lang="` + code + `" hreflang="` + code + `">` + name + "</a>")
		}
	}
	return template.HTML(b.String() + end) //nolint:gosec // escaped
}

// render makes a page out of its view model, which embeds v.
func (p *Pages) render(v *view, name string, data any) (Page, error) {
	buf := p.buffers.Get().(*bytes.Buffer) //nolint:errcheck,forcetypeassert // only buffers are pooled
	defer p.buffers.Put(buf)
	buf.Reset()
	if err := p.templates.Execute(buf, v.Lang, name, data); err != nil {
		return Page{}, err
	}
	page := Page{Lang: v.Lang, Body: bytes.Clone(buf.Bytes()), Private: v.Private}
	if !v.Private {
		h := fnv.New64a()
		_, _ = h.Write(page.Body) // a hash takes everything
		page.Tag = strconv.FormatUint(h.Sum64(), 36)
	}
	return page, nil
}

type staticKey struct {
	Visit      // without an Agent
	name, kind string
}

// static is a page that depends only on the language, the brand and what its absolute addresses begin with, and is
// rendered once for each of them.
func (p *Pages) static(v *view, name, kind string, data func() any) (Page, error) {
	key := staticKey{v.Visit, name, kind}
	key.Agent = ""
	if page, ok := v.Brand.static.Load(key); ok {
		return page.(Page), nil //nolint:errcheck,forcetypeassert // only pages are stored
	}
	page, err := p.render(v, name, data())
	if err == nil {
		v.Brand.static.Store(key, page)
	}
	return page, err
}

// Trouble is the page that says why another cannot be shown: limited, unavailable or missing.
func (p *Pages) Trouble(visit Visit, kind string) (Page, error) {
	v := struct {
		view
		Kind string
	}{p.view(visit, "/"), kind}
	return p.static(&v.view, "trouble", kind, func() any { return &v })
}

// formView is a page with the address form.
type formView struct {
	view
	Typed string // what was typed before
	Wrong bool   // and is not an address

	Suggestion string // an address that may have been meant
}

// Home is the first page: the address form, and what it is good for.
func (p *Pages) Home(visit Visit) (Page, error) {
	v := formView{view: p.view(visit, "/")}
	v.public("/")
	return p.static(&v.view, "home", "", func() any { return &v })
}

// Form asks for the address again. Only a posted form shows what was typed again: a link cannot put words on the page.
func (p *Pages) Form(visit Visit, typed string, wrong bool) (Page, error) {
	v := formView{view: p.view(visit, "/setup"), Wrong: wrong}
	v.Private = wrong
	if visit.Posted && len(typed) <= 254 {
		v.Typed, v.Suggestion = typed, source.SuggestAddress(typed)
	}
	return p.render(&v.view, "home", &v)
}

// Asset is the file under /assets/ of a name: embedded, or of a brand.
func (p *Pages) Asset(brands *Brands, name string) (templates.Asset, bool) {
	named := func(a templates.Asset) bool { return a.Name == name }
	for _, list := range append([][]templates.Asset{p.templates.Assets()}, brands.assets...) {
		if i := slices.IndexFunc(list, named); i >= 0 {
			return list[i], true
		}
	}
	return templates.Asset{}, false
}

// Icon is the favicon.
func (p *Pages) Icon() templates.Asset { return p.templates.Asset("icon.png") }
