// Package templates holds the pages for people: their HTML, style, script and texts, embedded into the program. Every
// text a person reads is in messages/LANGUAGE.json, so a further language is one file there, and optionally one in
// findings/, which the package finding reads.
//
// What stands on a page is decided by the server; this package turns its view models into HTML.
package templates

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"path"
	"regexp"
	"strings"
)

//go:embed html messages assets
var files embed.FS

// Set is every page in every language, parsed, and the assets they use. It is safe for concurrent use.
type Set struct {
	assets    []Asset
	languages []string
	catalogs  map[string]*catalog
	pages     map[string]*template.Template // by language and name
}

// New parses the embedded files. It panics when they do not parse, which only a mistake in this package can bring
// about.
func New() *Set {
	s := &Set{assets: loadAssets(), catalogs: catalogs(), pages: map[string]*template.Template{}}
	s.languages = languagesOf(s.catalogs)
	list, err := files.ReadDir("html")
	if err != nil {
		panic(err)
	}
	for _, lang := range s.languages {
		c := s.catalogs[lang]
		base := template.New("").Funcs(template.FuncMap{"t": c.text, "steps": c.steps, "date": c.date, "asset": s.assetURL})
		for _, f := range list {
			if !strings.HasPrefix(f.Name(), "page-") {
				parse(base, c, f.Name())
			}
		}
		for _, f := range list {
			if name, isPage := strings.CutPrefix(f.Name(), "page-"); isPage {
				page := template.Must(base.Clone())
				parse(page, c, f.Name())
				s.pages[lang+"/"+strings.TrimSuffix(name, ".html")] = page
			}
		}
	}
	return s
}

// fixedText is a call for a text without values.
var fixedText = regexp.MustCompile(`\{\{t "([^"]+)"\}\}`)

// parse adds a file to the templates. Texts without values are put in now, so that a page spends no time on them.
func parse(t *template.Template, c *catalog, file string) {
	body, err := files.ReadFile(path.Join("html", file))
	if err != nil {
		panic(err)
	}
	text := fixedText.ReplaceAllStringFunc(string(body), func(call string) string {
		return template.HTMLEscapeString(c.text(fixedText.FindStringSubmatch(call)[1]))
	})
	template.Must(t.New(file).Parse(text))
}

// Languages lists the languages with a message file, the fall-back English first.
func (s *Set) Languages() []string { return s.languages }

// Execute writes a page in a language; data is its view model. An unknown page or language, or a view model that does
// not fit the page, is an error.
func (s *Set) Execute(w io.Writer, lang, page string, data any) error {
	t, ok := s.pages[lang+"/"+page]
	if !ok {
		return fmt.Errorf("templates: no page %q in %q", page, lang)
	}
	return t.ExecuteTemplate(w, "layout.html", data)
}
