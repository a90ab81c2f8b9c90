package pages

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/templates"
)

// Every text exists in every language with the same values, is used, and
// every one that is used exists. A text with a number has the plural forms of each language.
func TestMessages(t *testing.T) {
	used, families := usedMessages(t)
	english := messagesOf(t, "en")
	for _, lang := range templates.New().Languages() {
		for _, fault := range messageFaults(english, messagesOf(t, lang), pluralFormsOf(lang)) {
			t.Errorf("%s: %s", lang, fault)
		}
	}
	for key := range english {
		key, _, _ = strings.Cut(key, "#")
		if !used[key] && !slices.ContainsFunc(families, func(f *regexp.Regexp) bool { return f.MatchString(key) }) {
			t.Errorf("%s is not used", key)
		}
	}
	for key := range used {
		if english[key] == "" && english[key+"#other"] == "" {
			t.Errorf("%s is used and does not exist", key)
		}
	}
	for _, a := range provider.Auths() {
		if english["auth."+string(a)] == "" {
			t.Errorf("no auth.%s", a)
		}
	}
}

// pluralFormsOf are the forms that whole numbers have in a language (CLDR), as the names of the keys have them.
func pluralFormsOf(lang string) (out []string) {
	names := map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few",
		plural.Many: "many", plural.Other: "other"}
	for n := range 200 {
		form := names[plural.Cardinal.MatchPlural(language.Make(lang), n, 0, 0, 0, 0)]
		if !slices.Contains(out, form) {
			out = append(out, form)
		}
	}
	return out
}

func messagesOf(t *testing.T, lang string) map[string]string {
	t.Helper()
	m := map[string]string{}
	body, err := os.ReadFile(filepath.Join("../templates/messages", lang+".json"))
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var (
	valueNames = regexp.MustCompile(`\{[a-z]*\}`)
	tagLike    = regexp.MustCompile(`<[a-z/]|&[a-z]+;`) // texts are not HTML
)

// messageFaults says what is wrong with the texts of a language.
func messageFaults(english, texts map[string]string, forms []string) (out []string) {
	want := map[string]string{} // what English says for each key that the language must have
	for key, text := range english {
		base, _, plural := strings.Cut(key, "#")
		if !plural {
			want[key] = text
			continue
		}
		for _, form := range forms {
			want[base+"#"+form] = english[base+"#other"]
		}
	}
	values := func(text string) string {
		list := valueNames.FindAllString(text, -1)
		slices.Sort(list)
		return strings.Join(slices.Compact(list), " ")
	}
	for key, like := range want {
		text, ok := texts[key]
		switch labels := strings.Count(text, "*"); {
		case !ok:
			out = append(out, key+" is missing")
		case strings.TrimSpace(text) != text || text == "":
			out = append(out, key+" is empty, or has a blank at an end")
		case values(text) != values(like) && !strings.HasSuffix(key, "#one"): // "one record" may do without its number
			out = append(out, key+" has the values "+values(text)+", English "+values(like))
		case labels%2 == 1 || (labels > 0) != strings.Contains(like, "*"):
			out = append(out, key+" has not the asterisks of the English text")
		case tagLike.MatchString(text):
			out = append(out, key+" has a tag or an entity in it")
		}
	}
	for key := range texts {
		if _, ok := want[key]; !ok {
			out = append(out, key+" is not in the English file, or not a plural form of the language")
		}
	}
	slices.Sort(out)
	return out
}

func TestMessageFaults(t *testing.T) {
	english := map[string]string{"a": "Tap *Add {x}*", "b#one": "{n} record", "b#other": "{n} records"}
	good := map[string]string{"a": "*~Dodaj {x}* stuknij", "b#one": "rekord", "b#few": "{n} rekordy",
		"b#many": "{n} rekordów"}
	forms := []string{"one", "few", "many"}
	if got := messageFaults(english, good, forms); got != nil {
		t.Errorf("a good file: %q", got)
	}
	for key, texts := range map[string][]string{
		"a": {"", " Tap *{x}*", "Tap *Add {y}*", "Tap *Add*", "Tap *Add {x}", "Tap Add {x}", "Tap <b>*Add {x}*</b>",
			"Tap *Add {x}*&nbsp;", "Tap *Add {x}* {}"},
		"b#few":  {"rekordy", ""},
		"b#many": {"{m} rekordów"},
		"b#two":  {"{n} records"},
		"c":      {"x"},
	} {
		for _, text := range texts {
			bad := maps.Clone(good)
			bad[key] = text
			if got := messageFaults(english, bad, forms); len(got) != 1 || !strings.HasPrefix(got[0], key+" ") {
				t.Errorf("%s %q: %q", key, text, got)
			}
		}
	}
	for key := range good {
		bad := maps.Clone(good)
		delete(bad, key)
		if got := messageFaults(english, bad, forms); len(got) != 1 || got[0] != key+" is missing" {
			t.Errorf("without %s: %q", key, got)
		}
	}
}

// usedMessages are the keys that templates and the server name, and the families of keys whose end is computed.
func usedMessages(t *testing.T) (map[string]bool, []*regexp.Regexp) {
	t.Helper()
	used, families := map[string]bool{}, []*regexp.Regexp{}
	var files []string
	for _, pattern := range []string{"../templates/html/*.html", "../templates/*.go", "*.go"} {
		list, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	call := regexp.MustCompile(`(?:\bt|\bcount|\bsay|[cg]\.text|Message\([\w.]+,|[Rr]ich|link\([\w.]+,|after\([^"]+(?:"(?:profile|iphone\.1)"\)?)?,|key :?=|sign :?=|sign, web :?=|sign, w.Addon =)[ (]*"([a-z-]+(?:\.[a-z-]+)+(?:\.[0-9])?)"`)
	prefix := regexp.MustCompile(`(?:text\(|rich\(|Message\([\w.]+, )"([a-z.]+\.)" ?\+`) // the end of a key is computed
	format := regexp.MustCompile(`printf "([a-z-]*%s[a-z.-]*|[a-z.-]+%s[a-z.-]*)"`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(body), -1) {
			used[m[1]] = true
		}
		for _, m := range prefix.FindAllStringSubmatch(string(body), -1) {
			families = append(families, regexp.MustCompile("^"+regexp.QuoteMeta(m[1])+`[a-z0-9-]+$`))
		}
		for _, m := range format.FindAllStringSubmatch(string(body), -1) {
			families = append(families,
				regexp.MustCompile("^"+strings.Replace(regexp.QuoteMeta(m[1]), "%s", "[a-z0-9-]+", 1)+"$"))
		}
	}
	for _, a := range known().Apps {
		for _, steps := range []string{a.Microsoft, a.Plain} {
			for step := range strings.FieldsSeq(steps) {
				for _, account := range []string{"personal", "work"} {
					used[strings.ReplaceAll(step, "{account}", account)] = step != "{sign}"
				}
			}
		}
	}
	delete(used, "{sign}")
	for _, p := range provider.Builtins() {
		for _, n := range slices.Concat(p.Notes,
			provider.BuiltinAt(p.ID, time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)).Notes) {
			used["note."+n.Key] = true
		}
	}
	return used, families
}

// german are the areas of what an operator meets that are there in German as
// well: of lint, and of what changes at a provider.
var german = []string{"mozilla", "autodiscover", "profile", "pacc", "lint", "provider"}

// Every finding that a person meets, and not the operator alone, is there in every language.
func TestFindingTranslations(t *testing.T) {
	for _, lang := range templates.New().Languages() { // the findings may be there before the pages
		if !slices.Contains(finding.Languages(), lang) {
			t.Errorf("templates/messages/%s.json has no templates/findings/%[1]s.json", lang)
		}
	}
	for _, lang := range finding.Languages() {
		for _, e := range finding.Catalogue() {
			problem := e.Level == finding.Warn || e.Level == finding.Fail
			area, _, _ := strings.Cut(e.ID, "-")
			meant := areaOf(e.ID) != operatorArea || lang == "de" && slices.Contains(german, area)
			if got, _ := finding.In(lang, e.ID); got.Lang != lang && problem && meant {
				t.Errorf("%s is not translated in templates/findings/%s.json", e.ID, lang)
			}
		}
	}
}
