// Package templates holds the pages for people: their HTML, style, script and
// texts, embedded into the program. Every text a person reads is in
// messages/LANGUAGE.json, so a further language is one file there, and
// optionally one in findings/, which translates the catalogue of findings.
//
// What stands on a page is decided by the server; this package turns its view
// models into HTML.
package templates

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"path"
	"strings"
)

//go:embed html messages findings assets
var files embed.FS

// Set is every page in every language, parsed, and the assets they use. It is
// safe for concurrent use.
type Set struct {
	assets    []Asset
	languages []string
	catalogs  map[string]*catalog
	pages     map[string]*template.Template // by language and name
}

// New parses the embedded files. It panics when they do not parse, which only
// a mistake in this package can bring about.
func New() *Set {
	s := &Set{assets: loadAssets(), catalogs: loadCatalogs(), pages: map[string]*template.Template{}}
	s.languages = languagesOf(s.catalogs)
	for _, lang := range s.languages {
		base := template.Must(template.New("layout.html").Funcs(s.funcs(s.catalogs[lang])).ParseFS(files, "html/layout.html", "html/part-*.html"))
		pages, err := files.ReadDir("html")
		if err != nil {
			panic(err)
		}
		for _, f := range pages {
			name, isPage := strings.CutPrefix(f.Name(), "page-")
			if !isPage {
				continue
			}
			page := template.Must(template.Must(base.Clone()).ParseFS(files, path.Join("html", f.Name())))
			s.pages[lang+"/"+strings.TrimSuffix(name, ".html")] = page
		}
	}
	return s
}

// Languages lists the languages with a message file, the fall-back English
// first.
func (s *Set) Languages() []string { return s.languages }

// Execute writes a page in a language; data is its view model. An unknown page
// or language, or a view model that does not fit the page, is an error.
func (s *Set) Execute(w io.Writer, lang, page string, data any) error {
	t, ok := s.pages[lang+"/"+page]
	if !ok {
		return fmt.Errorf("templates: no page %q in %q", page, lang)
	}
	return t.Execute(w, data)
}

// funcs are what a template can call: t and steps for texts, asset for the
// name of a file under /assets/.
func (s *Set) funcs(c *catalog) template.FuncMap {
	return template.FuncMap{
		"t":     c.text,
		"rich":  c.rich,
		"steps": c.steps,
		"date":  c.date,
		"asset": s.assetURL,
		"dict":  dict,
	}
}

// dict makes one argument out of several for a {{template}} call.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("templates: %v is not a key", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}
