package templates

import (
	"html/template"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"autoconfig/templates/findings"
)

// catalog is the texts of one language.
type catalog struct {
	tag      language.Tag
	messages map[string]string
	rich     map[string]string // the messages as HTML, before values are put in
}

// catalogs are the texts of every language. A language is read when it is first asked for.
var catalogs = sync.OnceValue(func() map[string]func() *catalog {
	all, texts := map[string]func() *catalog{}, findings.Load[string](files, "messages")
	for lang, messages := range texts {
		all[lang] = sync.OnceValue(func() *catalog {
			c := &catalog{tag: language.Make(lang), messages: messages()}
			c.complete(texts[findings.Fallback]())
			return c
		})
	}
	return all
})

// complete takes the texts that the language lacks from the fall-back, and makes HTML of all of them.
func (c *catalog) complete(from map[string]string) {
	for key, text := range from {
		if _, ok := c.messages[key]; !ok {
			c.messages[key] = text
		}
	}
	c.rich = make(map[string]string, len(c.messages))
	for key, text := range c.messages {
		c.rich[key] = rich(text)
	}
}

// Message is the text of a key in a language, or in English where there is no message file for it, with values put in
// for its {names}, given in pairs. A key that is missing shows as itself.
func Message(lang, key string, pairs ...string) string {
	texts, ok := catalogs()[lang]
	if !ok {
		texts = catalogs()[findings.Fallback]
	}
	return texts().text(key, pairs...)
}

// Date writes a date, 2006-01-02, as people of the language do. Other strings stay as they are.
func Date(lang, iso string) string {
	d, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return iso
	}
	month := strings.Fields(Message(lang, "date.months"))[d.Month()-1]
	return Message(lang, "date.form", "day", strconv.Itoa(d.Day()), "month", month, "year", strconv.Itoa(d.Year()))
}

func (c *catalog) text(key string, pairs ...string) string {
	text, ok := c.messages[key]
	if !ok {
		return key
	}
	return fill(text, pairs)
}

// fill puts values in for {names}; one without a value stays. It is made for short texts and few values.
func fill(text string, pairs []string) string {
	if len(pairs) == 0 || !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, _ := strings.Cut(text, "{")
		b.WriteString(before)
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			b.WriteString(text[len(before):])
			return b.String()
		}
		i := 0
		for i+1 < len(pairs) && pairs[i] != name {
			i += 2
		}
		if i+1 < len(pairs) {
			b.WriteString(pairs[i+1])
		} else {
			b.WriteString("{" + name + "}")
		}
		text = after
	}
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

// doubt marks words that nobody could verify.
const doubt = "<sup>?</sup>"

// rich is a text as HTML: the words that a person looks for on the screen, which the message file puts between
// asterisks, are bold. A tilde after the first asterisk says that nobody could verify the words in that language.
func rich(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(template.HTMLEscapeString(text), "*") {
		if i%2 == 1 {
			words, unverified := strings.CutPrefix(part, "~")
			if part = "<b>" + words + "</b>"; unverified {
				part += doubt
			}
		}
		b.WriteString(part)
	}
	return b.String()
}

// Rich is the text of a key as HTML, with bold labels, and with values put in, which are text.
func (s *Set) Rich(lang, key string, pairs ...string) template.HTML {
	return template.HTML(s.rich(lang, key, escaped(pairs))) //nolint:gosec // the message files' own, and escaped values
}

// Doubtful reports whether a text of [Set.List] has words that nobody could verify.
func Doubtful(list template.HTML) bool { return strings.Contains(string(list), doubt) }

// List is the texts of keys as items of a list, with values put in.
func (s *Set) List(lang string, keys []string, pairs ...string) template.HTML {
	var b strings.Builder
	pairs = escaped(pairs)
	for _, key := range keys {
		b.WriteString("<li><span>" + s.rich(lang, key, pairs) + "</span></li>")
	}
	return template.HTML(b.String()) //nolint:gosec // as in Rich
}

func (s *Set) rich(lang, key string, pairs []string) string {
	if text, ok := s.catalogs[lang]().rich[key]; ok {
		return fill(text, pairs)
	}
	return template.HTMLEscapeString(key)
}

func escaped(pairs []string) []string {
	out := slices.Clone(pairs)
	for i := 1; i < len(out); i += 2 {
		out[i] = template.HTMLEscapeString(out[i])
	}
	return out
}
