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
