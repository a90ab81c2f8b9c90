package finding

import (
	"regexp"
	"testing"
)

func TestCatalogue(t *testing.T) {
	id := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)
	for _, e := range Catalogue() {
		if !id.MatchString(e.ID) || e.Title == "" || e.Cause == "" || e.Level == "" {
			t.Errorf("%+v: incomplete, or not an id in kebab case", e)
		}
		if e.Level != OK && e.Fix == "" {
			t.Errorf("%s: no fix", e.ID)
		}
		if got, ok := Lookup(e.ID); !ok || got != e {
			t.Errorf("%s: not found by its id", e.ID)
		}
	}
}
