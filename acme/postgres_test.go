package acme

import (
	"slices"
	"testing"
)

func TestEntries(t *testing.T) {
	all := []string{"a", "a/b", "a/b/c.crt", "a/b/c.key", "a/d"}
	for _, test := range []struct {
		recursive bool
		want      []string
	}{
		{false, []string{"a/b", "a/d"}},
		{true, []string{"a/b", "a/b/c.crt", "a/b/c.key", "a/d"}},
	} {
		var got []string
		seen := map[string]bool{}
		for _, key := range all {
			got = entries(got, seen, "a", key, test.recursive)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("recursive %v: %v", test.recursive, got)
		}
	}
}

func TestOpenPostgresBadDSN(t *testing.T) {
	if _, err := OpenPostgres("postgres://host:port/"); err == nil {
		t.Error("no error")
	}
}
