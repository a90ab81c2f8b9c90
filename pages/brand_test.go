package pages

import (
	"regexp"
	"testing"
)

// Whatever colour an operator chooses, it can be read.
func TestAccent(t *testing.T) {
	rule := regexp.MustCompile(`--accent:(#[0-9a-f]{6});--on-accent:(#[0-9a-f]{6})`)
	for _, accent := range []string{"#0a7", "#00aa77", "#ff0", "#000", "#fff", "#777", "#2457d6", "#f0f"} {
		c, ok := parseColor(accent)
		found := rule.FindAllStringSubmatch(string(accentStyle(c)), -1)
		if !ok || len(found) != 2 {
			t.Fatalf("%s: %s", accent, accentStyle(c))
		}
		for i, ground := range []color{lightGround, darkGround} {
			a, _ := parseColor(found[i][1])
			on, _ := parseColor(found[i][2])
			if contrast(a, ground) < 4.5 || contrast(a, on) < 4.5 {
				t.Errorf("%s: %v has contrast %.2f, with its text %.2f", accent, a, contrast(a, ground), contrast(a, on))
			}
		}
	}
	for _, bad := range []string{"", "red", "#12", "#ggg", "#+12345", "0a7"} {
		if _, ok := parseColor(bad); ok {
			t.Errorf("%q is a colour", bad)
		}
	}
}

// A picture that is a name in letters is told from a symbol by its shape.
func TestWordMark(t *testing.T) {
	size := func(width, height byte) []byte {
		return append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), 0, 0, 0, width, 0, 0, 0, height)
	}
	for _, test := range []struct {
		logo Logo
		want bool
	}{
		{Logo{size(200, 50), false}, true}, {Logo{size(64, 64), false}, false}, {Logo{size(90, 50), false}, false},
		{Logo{size(1, 0), false}, false},
		{Logo{[]byte("\x89PNG\r\n"), false}, false}, {Logo{}, false}, {Logo{[]byte("x"), true}, false},
		{Logo{[]byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 64">`), true}, true},
		{Logo{[]byte("<svg\n viewBox=\"-1,-1,32.5,32\">"), true}, false},
	} {
		if got := test.logo.wide(); got != test.want {
			t.Errorf("%q: %v", test.logo.Body, got)
		}
	}
}
