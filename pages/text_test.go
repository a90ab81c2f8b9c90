package pages

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/templates"
)

// Every text exists in every language with the same values, is used, and every
// one that is used exists.
func TestMessages(t *testing.T) {
	read := func(lang string) map[string]string {
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
	used, families := usedMessages(t)
	names := regexp.MustCompile(`\{[a-z]+\}`)
	english := read("en")
	for _, lang := range templates.New().Languages() {
		texts := read(lang)
		for key, text := range texts {
			want := names.FindAllString(english[key], -1)
			have := names.FindAllString(text, -1)
			slices.Sort(want)
			slices.Sort(have)
			if english[key] == "" || !slices.Equal(want, have) || strings.Count(text, "*")%2 == 1 {
				t.Errorf("%s: %s: %q, English %q", lang, key, text, english[key])
			}
			if !used[key] && !slices.ContainsFunc(families, func(f *regexp.Regexp) bool { return f.MatchString(key) }) {
				t.Errorf("%s: %s is not used", lang, key)
			}
		}
		for key := range english {
			if texts[key] == "" {
				t.Errorf("%s: no %s", lang, key)
			}
		}
	}
	for key := range used {
		if english[key] == "" {
			t.Errorf("%s is used and does not exist", key)
		}
	}
	for _, a := range provider.Auths() {
		if english["auth."+string(a)] == "" {
			t.Errorf("no auth.%s", a)
		}
	}
}

// usedMessages are the keys that templates and the server name, and the
// families of keys whose end is computed.
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
	call := regexp.MustCompile(`(?:\bt|c\.text|Message\([\w.]+,|Translations|steps)[ (]*"([a-z-]+(?:\.[a-z-]+)+)"`)
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
			if strings.Contains(string(body), `steps "`+m[1]) {
				families = append(families, regexp.MustCompile("^"+regexp.QuoteMeta(m[1])+`\.`))
				continue
			}
			used[m[1]] = true
		}
		for _, m := range format.FindAllStringSubmatch(string(body), -1) {
			families = append(families, regexp.MustCompile("^"+strings.Replace(regexp.QuoteMeta(m[1]), "%s", "[a-z0-9-]+", 1)+"$"))
		}
	}
	for _, kind := range deviceOrder("") { // steps .Kind .Mode
		families = append(families, regexp.MustCompile(`^`+kind+`\.((microsoft|web|password)\.)?[1-9]$`))
	}
	return used, families
}

// Every finding that a person meets, and not the operator alone, is there in
// every language.
func TestFindingTranslations(t *testing.T) {
	for _, lang := range templates.New().Languages() {
		for _, e := range finding.Catalogue() {
			problem := e.Level == finding.Warn || e.Level == finding.Fail
			if got, _ := finding.In(lang, e.ID); got.Lang != lang && problem && areaOf(e.ID) != operatorArea {
				t.Errorf("%s is not translated in templates/findings/%s.json", e.ID, lang)
			}
		}
	}
}
