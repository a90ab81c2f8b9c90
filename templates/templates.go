// Package templates holds the pages for people: their HTML, style, script and texts, embedded into the program. Every
// text a person reads is in messages/LANGUAGE.json, so a further language is one file there, and optionally one in
// findings/, which the package finding reads.
//
// The server decides what a page shows; this package turns its view models into HTML.
package templates

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"
	"sync"

	"autoconfig/templates/findings"
)

//go:embed html messages assets code
var files embed.FS

// Set is every page in every language, parsed, and the assets they use. It is safe for concurrent use.
type Set struct {
	assets    []Asset
	languages []string
	catalogs  map[string]func() *catalog
	pages     map[string]func() map[string]*template.Template // by language, and then by name
}

// New reads the embedded files. Pages are parsed when one in their language is first asked for; that panics when they
// do not parse, which only a mistake in this package can bring about.
func New() *Set {
	s := &Set{catalogs: catalogs(), pages: map[string]func() map[string]*template.Template{}}
	s.languages = findings.Languages(s.catalogs)
	for name, body := range findings.Embedded(files, "assets") {
		s.assets = append(s.assets, NewAsset(name, body))
	}
	for _, lang := range s.languages { // a language costs a start 5 ms, and most servers need one or two
		s.pages[lang] = sync.OnceValue(func() map[string]*template.Template { return s.parseAll(s.catalogs[lang]()) })
	}
	return s
}

// parseAll parses the pages in one language.
func (s *Set) parseAll(c *catalog) map[string]*template.Template {
	base := template.New("").Funcs(template.FuncMap{
		"t": c.text, "count": c.count, "breaks": Breaks, "breakable": Breakable,
	})
	for name, body := range findings.Embedded(files, "html") {
		if !strings.HasPrefix(name, "page-") {
			s.parse(base, c, name, body)
		}
	}
	out := map[string]*template.Template{}
	for file, body := range findings.Embedded(files, "html") {
		if name, isPage := strings.CutPrefix(file, "page-"); isPage {
			page := template.Must(base.Clone())
			s.parse(page, c, file, body)
			out[strings.TrimSuffix(name, ".html")] = page
		}
	}
	return out
}

// fixedText is a call for a text without values, or for the path of an asset.
var fixedText = regexp.MustCompile(`\{\{(t|asset) "([^"]+)"\}\}`)

// parse adds a file to the templates. Texts without values are put in now, so that a page spends no time on them.
func (s *Set) parse(t *template.Template, c *catalog, name string, body []byte) {
	text := fixedText.ReplaceAllStringFunc(string(body), func(call string) string {
		parts := fixedText.FindStringSubmatch(call)
		if parts[1] == "asset" {
			return "/assets/" + s.Asset(parts[2]).Name
		}
		return template.HTMLEscapeString(c.text(parts[2]))
	})
	template.Must(t.New(name).Parse(text))
}

// Languages lists the languages with a message file, the fall-back English first.
func (s *Set) Languages() []string { return s.languages }

// Execute writes a page in a language; data is its view model. An unknown page or language, or a view model that does
// not fit the page, is an error.
func (s *Set) Execute(w io.Writer, lang, page string, data any) error {
	if parsed, ok := s.pages[lang]; ok {
		if t, ok := parsed()[page]; ok {
			return t.ExecuteTemplate(w, "layout.html", data)
		}
	}
	return fmt.Errorf("templates: no page %q in %q", page, lang)
}

// Breaks is a host name, an address or a URL that breaks over lines at its dots, slashes and @ only, but where a part
// is too long for a line of a small screen. What fits into one line stays as it is.
func Breaks(s string) template.HTML {
	if len(s) <= narrow {
		return template.HTML(template.HTMLEscapeString(s)) //nolint:gosec // escaped
	}
	return Breakable(s)
}

// narrow is how many characters of a value a small screen has room for.
const narrow = 21

var (
	breaker    = strings.NewReplacer(".", ".<wbr>", "@", "<wbr>@")
	urlBreaker = strings.NewReplacer("://", "://", ".", ".<wbr>", "/", "/<wbr>")
)

// Breakable is a name as in [Breaks], where even a short one may need two lines.
func Breakable(s string) template.HTML {
	text, class := template.HTMLEscapeString(s), "whole"
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(".@/", r) }) {
		if len(part) > narrow/2+1 {
			class = "any"
		}
	}
	if strings.Contains(s, "://") {
		text = urlBreaker.Replace(text)
	} else {
		text = breaker.Replace(text)
	}
	return template.HTML(`<span class="` + class + `">` + text + "</span>") //nolint:gosec // escaped
}
