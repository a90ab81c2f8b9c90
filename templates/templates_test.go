package templates

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

func TestLanguages(t *testing.T) {
	s := New()
	if got := strings.Join(s.Languages(), " "); got != "en de" {
		t.Errorf("languages %q", got)
	}
	for lang, want := range map[string]string{"en": "16 September 2024", "de": "16. September 2024"} {
		if got := s.catalogs[lang].date("2024-09-16"); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	if got := s.catalogs["en"].date("soon"); got != "soon" {
		t.Errorf("what is no date became %q", got)
	}
	if len(strings.Fields(s.Message("de", "date.months"))) != 12 {
		t.Error("a German year does not have twelve months")
	}
}

// A value cannot bring marks or further names into a text.
func TestValues(t *testing.T) {
	c := &catalog{messages: map[string]string{"x": "Tap *Add {what}* for {who}"}}
	c.spans = map[string][]Span{"x": cut(c.messages["x"])}
	got := c.rich("x", "what", "a*b", "who", "{what}")
	want := []Span{{"Tap ", false}, {"Add a*b", true}, {" for {what}", false}}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("%v, want %v", got, want)
	}
	if got := c.text("y.z"); got != "y.z" {
		t.Errorf("a missing text shows as %q", got)
	}
}

// A variant replaces single steps, or has a list of its own.
func TestSteps(t *testing.T) {
	c := &catalog{messages: map[string]string{"a.1": "one", "a.2": "two", "a.web.2": "two, web", "a.own.1": "only"}, spans: map[string][]Span{}}
	for key, text := range c.messages {
		c.spans[key] = cut(text)
	}
	for variant, want := range map[string]string{"": "one/two", "none": "one/two", "web": "one/two, web", "own": "only"} {
		var got []string
		for _, step := range c.steps("a", variant) {
			got = append(got, step[0].Text)
		}
		if strings.Join(got, "/") != want {
			t.Errorf("%s: %q, want %q", variant, got, want)
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
		if a.Gzip == nil {
			continue
		}
		z, err := gzip.NewReader(bytes.NewReader(a.Gzip))
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
