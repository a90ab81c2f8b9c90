package importer

import "testing"

// A word is one with no letter or digit on either side of it.
func TestReplaceWord(t *testing.T) {
	for in, want := range map[string]string{
		"jo": "X", "jo.doe": "X.doe", "a-jo/": "a-X/", "joe": "joe", "ajo": "ajo", "jo1 jo": "jo1 X", "ajo-jo": "ajo-X",
		"éjo": "éX", "": "",
	} {
		if got := replaceWord(in, "jo", "X"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
