package templates

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"autoconfig/templates/findings"
)

// fallback is the language of people for whose language there is no file.
const fallback = "en"

// catalog is the texts of one language.
type catalog struct {
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
		c := &catalog{}
		if err := json.Unmarshal(body, &c.messages); err != nil {
			panic("messages/" + name + ": " + err.Error())
		}
		c.spans = make(map[string][]Span, len(c.messages))
		for key, text := range c.messages {
			c.spans[key] = cut(text)
		}
		all[strings.TrimSuffix(name, ".json")] = c
	}
	return all
}

func languagesOf(all map[string]*catalog) []string {
	list := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(lang string) bool { return lang == fallback })
	return append([]string{fallback}, list...)
}

// Message is the text of a key in a language with values put in for its {names}, given in pairs. A key that is missing
// shows as itself.
func (s *Set) Message(lang, key string, pairs ...string) string {
	return s.catalogs[lang].text(key, pairs...)
}

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

// Span is a piece of a text: plain, or the words that a person looks for on the screen, which the message file puts
// between asterisks.
type Span struct {
	Text  string
	Label bool
}

// cut splits a text into spans.
func cut(text string) []Span {
	var out []Span
	for i, part := range strings.Split(text, "*") {
		if part != "" {
			out = append(out, Span{part, i%2 == 1})
		}
	}
	return out
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
