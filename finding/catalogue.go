package finding

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"autoconfig/templates/findings"
)

// Entry is a finding of the catalogue with its texts in one language.
type Entry struct {
	ID    string // area-object-fault, kebab case; stable
	Level Level  // the usual level
	Lang  string // of the texts
	Text
}

// Text is what the catalogue says about a finding. Cause and Fix begin in lower case and have no full stop at their
// end.
type Text struct {
	Title string `json:"title"`           // one line
	Cause string `json:"cause"`           // what is wrong and why it matters, for a person
	Fix   string `json:"fix"`             // what to do next
	Admin string `json:"admin,omitempty"` // what the administrator of the mailbox can do
}

// Catalogue lists every entry in English, by area and id.
func Catalogue() []Entry { return loaded().list }

// Lookup finds an entry by its id, in English.
func Lookup(id string) (Entry, bool) { return In(findings.Fallback, id) }

// In finds an entry by its id, in a language or, where the language lacks it, in English; the entry's Lang says which.
func In(lang, id string) (Entry, bool) {
	c := loaded()
	e, ok := c.byID[id]
	if t, translated := texts().In(lang)[id]; ok && translated {
		e.Lang, e.Text = lang, t
	}
	return e, ok
}

// Languages lists the languages that have texts, English first.
func Languages() []string { return findings.Languages(texts()) }

// Area is the first word of the id.
func (e Entry) Area() string {
	area, _, _ := strings.Cut(e.ID, "-")
	return area
}

// nameFirst matches a text that begins with a host name or a key.
var nameFirst = regexp.MustCompile(`^[a-z0-9-]+([._][a-z0-9-]+)+`)

// Sentence is a clause of the catalogue with a capital and a full stop. A host name at its start keeps its case.
func Sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	if !nameFirst.MatchString(s) {
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	if !strings.ContainsAny(s[len(s)-1:], ".?!") {
		s += "."
	}
	return s
}

type catalogue struct {
	list []Entry
	byID map[string]Entry
}

// texts are those of the catalogue.
var texts = sync.OnceValue(findings.Texts[Text])

// loaded is the catalogue.
var loaded = sync.OnceValue(func() catalogue {
	c, english := catalogue{byID: map[string]Entry{}}, texts().In(findings.Fallback)
	for level, ids := range map[Level]string{OK: okIDs, Skipped: skippedIDs, Warn: warnIDs, Fail: failIDs} {
		for id := range strings.FieldsSeq(ids) {
			c.byID[id] = Entry{ID: id, Level: level, Lang: findings.Fallback, Text: english[id]}
			c.list = append(c.list, c.byID[id])
		}
	}
	slices.SortFunc(c.list, func(x, y Entry) int {
		return cmp.Or(cmp.Compare(x.Area(), y.Area()), cmp.Compare(x.ID, y.ID))
	})
	return c
})
