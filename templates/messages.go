package templates

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"autoconfig/templates/findings"
)

// fallback is the language of people for whose language there is no file.
const fallback = "en"

// catalog is the texts of one language.
type catalog struct {
	tag      language.Tag
	messages map[string]string
	spans    map[string][]Span // of the messages, before values are put in
}

// catalogs are the texts of every language.
var catalogs = sync.OnceValue(loadCatalogs)

// Translations is a text in every language that has a message file.
func Translations(key string) map[string]string {
	out := map[string]string{}
	for lang, c := range catalogs() {
		out[lang] = c.text(key)
	}
	return out
}

func loadCatalogs() map[string]*catalog {
	all := map[string]*catalog{}
	for name, body := range findings.Embedded(files, "messages") {
		lang := strings.TrimSuffix(name, ".json")
		c := &catalog{tag: language.Make(lang)}
		if err := json.Unmarshal(body, &c.messages); err != nil {
			panic("messages/" + name + ": " + err.Error())
		}
		all[lang] = c
	}
	for _, c := range all {
		c.complete(all[fallback].messages)
	}
	return all
}

// complete takes the texts that the language lacks from the fall-back, and cuts all of them into spans.
func (c *catalog) complete(from map[string]string) {
	for key, text := range from {
		if _, ok := c.messages[key]; !ok {
			c.messages[key] = text
		}
	}
	c.spans = make(map[string][]Span, len(c.messages))
	for key, text := range c.messages {
		c.spans[key] = cut(text)
	}
}

func languagesOf(all map[string]*catalog) []string {
	list := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(lang string) bool { return lang == fallback })
	return append([]string{fallback}, list...)
}

// Message is the text of a key in a language that has a message file, with values put in for its {names}, given in
// pairs. A key that is missing shows as itself.
func Message(lang, key string, pairs ...string) string { return catalogs()[lang].text(key, pairs...) }

// Date writes a date, 2006-01-02, as people of the language do. Other strings stay as they are.
func Date(lang, iso string) string { return catalogs()[lang].date(iso) }

func (c *catalog) text(key string, pairs ...string) string {
	text, ok := c.messages[key]
	if !ok {
		return key
	}
	return fill(text, pairs)
}

func fill(text string, pairs []string) string {
	if len(pairs) == 0 || !strings.Contains(text, "{") {
		return text
	}
	named := make([]string, len(pairs))
	for i, p := range pairs {
		if i%2 == 0 {
			p = "{" + p + "}"
		}
		named[i] = p
	}
	return strings.NewReplacer(named...).Replace(text)
}

// pluralForms are the names of CLDR's plural forms.
var pluralForms = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few",
	plural.Many: "many", plural.Other: "other"}

// count is the text of a key for a number, which is put in for {n}: key#one, key#few and so on, as many as the language
// has forms for.
func (c *catalog) count(key string, n int, pairs ...string) string {
	form := key + "#" + c.form(n)
	if _, ok := c.messages[form]; !ok {
		form = key + "#other"
	}
	return c.text(form, append([]string{"n", strconv.Itoa(n)}, pairs...)...)
}

// form is the plural form of a whole number in the language.
func (c *catalog) form(n int) string {
	return pluralForms[plural.Cardinal.MatchPlural(c.tag, n, 0, 0, 0, 0)]
}

// PluralForms are the forms that whole numbers have in a language, those that count looks for.
func PluralForms(lang string) []string {
	c := &catalog{tag: language.Make(lang)}
	var out []string
	for n := range 200 {
		if form := c.form(n); !slices.Contains(out, form) {
			out = append(out, form)
		}
	}
	return out
}

// Span is a piece of a text: plain, or the words that a person looks for on the screen, which the message file puts
// between asterisks. A tilde after the first asterisk says that nobody could verify the words in that language.
type Span struct {
	Text       string
	Label      bool
	Unverified bool
}

// cut splits a text into spans.
func cut(text string) []Span {
	var out []Span
	for i, part := range strings.Split(text, "*") {
		if part == "" {
			continue
		}
		s := Span{Text: part, Label: i%2 == 1}
		if s.Label {
			s.Text, s.Unverified = strings.CutPrefix(part, "~")
		}
		out = append(out, s)
	}
	return out
}

// unverified reports whether one of the steps has words that nobody could verify.
func unverified(steps [][]Span) bool {
	return slices.ContainsFunc(steps, func(step []Span) bool {
		return slices.ContainsFunc(step, func(s Span) bool { return s.Unverified })
	})
}

// rich is the spans of a message with values put in.
func (c *catalog) rich(key string, pairs ...string) []Span {
	if !strings.Contains(c.messages[key], "{") {
		return c.spans[key]
	}
	out := slices.Clone(c.spans[key])
	for i := range out {
		out[i].Text = fill(out[i].Text, pairs)
	}
	return out
}

// steps are the texts key.1, key.2 and so on, as many as there are. A variant replaces single ones (key.variant.2); one
// that has its own first step is a list of its own.
func (c *catalog) steps(key, variant string, pairs ...string) [][]Span {
	has := func(k string) bool { _, ok := c.messages[k]; return ok }
	own := key + "." + variant
	if has(own + ".1") {
		key = own
	}
	var out [][]Span
	for n := 1; ; n++ {
		number := "." + strconv.Itoa(n)
		switch {
		case has(own + number):
			out = append(out, c.rich(own+number, pairs...))
		case has(key + number):
			out = append(out, c.rich(key+number, pairs...))
		default:
			return out
		}
	}
}

// date writes a date, 2006-01-02, as people of the language do. Other strings stay as they are.
func (c *catalog) date(iso string) string {
	d, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return iso
	}
	months := strings.Fields(c.text("date.months"))
	return c.text("date.form", "day", strconv.Itoa(d.Day()), "month", months[d.Month()-1], "year", strconv.Itoa(d.Year()))
}
