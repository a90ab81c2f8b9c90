package importer

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"autoconfig/apple"
	"autoconfig/autodiscover"
	"autoconfig/config"
	"autoconfig/discover"
	"autoconfig/mozilla"
	"autoconfig/pacc"
	"autoconfig/pages"
	"autoconfig/provider"
	"autoconfig/server"
)

// The keys that a format is said to have no place for are those that a provider
// which has every key loses in it.
func TestSilent(t *testing.T) {
	cfg, found := config.Load("testdata/providers.yaml")
	if config.Failed(found) {
		t.Fatal(found)
	}
	full := cfg.Model()[0].Provider
	a := provider.Address{Local: "jo", Domain: full.Domains[0]}
	accounts := []apple.Account{{Provider: &full, Address: a}}
	must := func(text []byte, err error) []byte {
		if err != nil {
			t.Error(err)
		}
		return text
	}
	for format, text := range map[discover.Format][]byte{
		Settings:               server.SettingsJSON(&full, a),
		discover.Autoconfig:    must(mozilla.Encode(&full, a.Domain)),
		discover.PACC:          must(pacc.Encode(&full, a.Domain)),
		discover.Profile:       must(apple.Encode(accounts, apple.Options{Words: pages.ProfileWords("en", apple.Mail, accounts)})),
		discover.Autodiscovery: must(autodiscover.EncodeOutlook(&full, a)),
	} {
		docs, err := Read("document", text, provider.Address{})
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		var lost []string
		was, is := reflect.ValueOf(full), reflect.ValueOf(*docs[0].Provider)
		for i := range was.NumField() {
			key, _, _ := strings.Cut(was.Type().Field(i).Tag.Get("yaml"), ",")
			if is.Field(i).IsZero() && key != "-" && key != "id" && key != "autodiscover" &&
				(format != discover.PACC || key != "domains") {
				lost = append(lost, key)
			}
		}
		i := slices.IndexFunc(silences, func(s silence) bool { return s.format == format })
		want := slices.DeleteFunc(strings.Fields(silences[i].keys), func(k string) bool { return k == "autodiscover" })
		slices.Sort(lost)
		slices.Sort(want)
		if !slices.Equal(lost, want) {
			t.Errorf("%s loses %v, and is said to lose %v", format, lost, want)
		}
	}
	page, err := os.ReadFile("../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range silences {
		if row := "| " + s.title + " | " + strings.ReplaceAll(s.keys, " ", ", ") + " | " + s.about +
			" |"; !strings.Contains(string(page), row) {
			t.Errorf("docs/import.md lacks the row\n%s", row)
		}
	}
}
