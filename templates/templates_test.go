package templates

import (
	"bytes"
	"compress/gzip"
	"html/template"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

// Every language is complete by itself: its name, its months, its dates.
func TestLanguages(t *testing.T) {
	s, names := New(), map[string]bool{}
	if list := s.Languages(); list[0] != "en" || !slices.Contains(list, "de") || !slices.IsSorted(list[1:]) {
		t.Errorf("languages %q", list)
	}
	for _, lang := range s.Languages() {
		c := s.catalogs[lang]()
		names[c.text("language.name")] = true
		if got := Date(lang, "2024-09-16"); !strings.Contains(got, "16") || !strings.Contains(got, "2024") ||
			strings.ContainsAny(got, "{}") {
			t.Errorf("%s: the date is %q", lang, got)
		}
		if n := len(strings.Fields(c.text("date.months"))); n != 12 {
			t.Errorf("%s: a year of %d months", lang, n)
		}
		if Date(lang, "soon") != "soon" {
			t.Errorf("%s: what is not a date became %q", lang, Date(lang, "soon"))
		}
		if tag := c.tag.String(); tag != lang {
			t.Errorf("%s.json is not named by a language tag (%s)", lang, tag)
		}
	}
	if len(names) != len(s.Languages()) {
		t.Errorf("%d languages have the names %v", len(s.Languages()), names)
	}
	for lang, want := range map[string]string{"en": "16 September 2024", "de": "16. September 2024"} {
		if got := Date(lang, "2024-09-16"); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

// A number takes the form of the language. What a language lacks comes from English.
func TestPlurals(t *testing.T) {
	english := map[string]string{"x#one": "{n} record", "x#other": "{n} records", "y": "Yes"}
	polish := &catalog{tag: language.Polish,
		messages: map[string]string{"x#one": "{n} rekord", "x#few": "{n} rekordy", "x#many": "{n} rekordów {of}"}}
	polish.complete(english)
	for n, want := range map[int]string{1: "1 rekord", 2: "2 rekordy", 5: "5 rekordów y", 22: "22 rekordy",
		112: "112 rekordów y"} {
		if got := polish.count("x", n, "of", "y"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	delete(polish.messages, "x#few")
	if got := polish.count("x", 3) + polish.text("y"); got != "3 recordsYes" {
		t.Errorf("what is missing became %q", got)
	}
	for lang, want := range map[string]string{"en": "other one", "pl": "many one few", "fr": "one other", "ja": "other"} {
		if got := strings.Join(pluralFormsOf(lang), " "); got != want {
			t.Errorf("%s: forms %q, want %q", lang, got, want)
		}
	}
}

func pluralFormsOf(lang string) (out []string) {
	c := &catalog{tag: language.Make(lang)}
	for n := range 200 {
		if form := c.form(n); !slices.Contains(out, form) {
			out = append(out, form)
		}
	}
	return out
}

// A tilde marks words that nobody could verify, and only at the start of such words.
func TestUnverified(t *testing.T) {
	for text, want := range map[string]string{"~ 5 *Add*": "~ 5 <b>Add</b>", "Tap *~Add* now": "Tap <b>Add</b><sup>?</sup> now"} {
		if got := rich(text); got != want || Doubtful(template.HTML(got)) != strings.Contains(want, "?") {
			t.Errorf("%s", got)
		}
	}
}

// A value cannot bring marks, elements or further names into a text.
func TestValues(t *testing.T) {
	c := &catalog{rich: map[string]string{"x": rich("Tap *Add {what}* & type {who}")}}
	s := &Set{catalogs: map[string]func() *catalog{"en": func() *catalog { return c }}}
	for got, want := range map[string]string{
		string(s.Rich("en", "x", "what", "a*b<i>", "who", "{what}")):      "Tap <b>Add a*b&lt;i&gt;</b> &amp; type {what}",
		string(s.List("en", []string{"x", "y.z"}, "what", "", "who", "")): "<li><span>Tap <b>Add </b> &amp; type </span></li><li><span>y.z</span></li>",
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if got := (&catalog{}).text("y.z"); got != "y.z" {
		t.Errorf("a missing text shows as %q", got)
	}
}

// A name breaks at its dots only, unless a part of it would not fit.
func TestBreaks(t *testing.T) {
	for in, want := range map[string]string{
		"smtp-mail.outlook.com":             "smtp-mail.outlook.com",
		"smtp-mail.outlook.example.org":     `<span class="whole">smtp-mail.<wbr>outlook.<wbr>example.<wbr>org</span>`,
		"o'neil.and.sons@example.org":       `<span class="whole">o&#39;neil.<wbr>and.<wbr>sons<wbr>@example.<wbr>org</span>`,
		"averyveryverylongname@example.org": `<span class="any">averyveryverylongname<wbr>@example.<wbr>org</span>`,
	} {
		if got := string(Breaks(in)); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func TestExecuteErrors(t *testing.T) {
	s := New()
	if s.Execute(io.Discard, "en", "nothing", nil) == nil || s.Execute(io.Discard, "xx", "home", nil) == nil {
		t.Error("a page or language that is not there is no error")
	}
	if s.Execute(io.Discard, "en", "home", struct{ Lang string }{"en"}) == nil {
		t.Error("a view model that does not fit is no error")
	}
}

func TestAssets(t *testing.T) {
	for _, a := range New().Assets() {
		if a.Type == "" || !strings.Contains(a.Name, ".") || strings.ToLower(a.Name) != a.Name {
			t.Errorf("%s: name %s, type %q", a.Source, a.Name, a.Type)
		}
		packed := a.Gzip()
		if packed == nil {
			continue
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(z); err != nil || !bytes.Equal(body, a.Body) {
			t.Errorf("%s: compressed to something else (%v)", a.Source, err)
		}
	}
	if a, b := NewAsset("x.css", []byte("a")), NewAsset("x.css", []byte("b")); a.Name == b.Name {
		t.Error("two contents under one name")
	}
}
