package provider

import (
	"strings"
	"testing"
)

func TestUnwrap(t *testing.T) {
	const want = "jo@example.org"
	for _, in := range []string{
		"jo@example.org", "mailto:jo@example.org", "MailTo:jo@example.org",
		"mailto:jo%40example.org?subject=Hi&cc=ann@example.net",
		"mailto://jo@example.org", "<jo@example.org>", "<mailto:jo@example.org>", "mailto:<jo@example.org>",
		`"Jo Long" <jo@example.org>`,
		"Jo Long <jo@example.org>", "Jo Long<jo@example.org>;", `"Long, Jo" <jo@example.org>,`, "“Jo” <jo@example.org>",
		"'jo@example.org'",
		`"jo@example.org"`, "“jo@example.org”", "„jo@example.org“", "»jo@example.org«", "‚jo@example.org‘",
		"`jo@example.org`", "'<jo@example.org>'",
		"'“jo@example.org”'", "jo＠example.org", "jo﹫example.org", "jo%40example.org", "%20jo@example.org",
		"jo@example.org%20", "jo%40example.org%0A",
		"jo@example.org%0d%0a", "%20%20jo@example.org", " jo@example.org\r\n", "\u00a0jo@example.org\u3000",
		"\ufeffjo@example.org\u200b",
		"\u202ajo@example.org\u202c", "jo@example.org,", "jo@example.org ;", "mailto:%20jo@example.org%20",
		"%C2%A0jo@example.org",
		"jo\u200b@example.org", "j\u00ado@exam\u200bple.org", "jo@\u200eexample.org", "jo @ example.org", "jo@ example.org",
		"(jo@example.org)", "[jo@example.org]", "(mailto:jo@example.org)", "smtp:jo@example.org", "SMTP:jo@example.org",
		"https://jo@example.org", "<sip:jo@example.org>",
	} {
		if got := Unwrap(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	for _, same := range []string{ // sound, or none that can be told
		"o'brien@example.org", "'jo@example.org", "jo+news@example.org", "+jo@example.org", "a%20b@example.org",
		"100%40@example.org", "jo?x@example.org",
		"", "@", "<", ">", "<>@", "a@b, c@d", "Jo <jo@example.org>, Ann <ann@example.org>", "jo@example.org\xff",
		"example.org", "mailto@example.org", "(jo@example.org", "(x)jo@example.org", "smtp@example.org", "jo:x@example.org",
		"\u0645\u06cc\u200c\u062e@example.org",
		strings.Repeat("<", 3000),
	} {
		if got := Unwrap(same); got != same {
			t.Errorf("%q became %q", same, got)
		}
	}
}

// What is sound stays, and what comes out does not change again.
func FuzzUnwrap(f *testing.F) {
	for _, s := range []string{"jo@example.org", "<mailto:jo@example.org?x>", "'“%20jo%40example.org”'", "a<b@c>",
		"mailto:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Unwrap(s)
		if again := Unwrap(once); len(s) <= mostPasted && again != once {
			t.Errorf("%q, then %q", once, again)
		}
		if a, err := ParseAddress(s); err == nil && !strings.HasPrefix(s, "%") &&
			!strings.Contains(s, ":") && strings.Map(visible, s) == s {
			if b, err := ParseAddress(once); err != nil || a != b {
				t.Errorf("%q is %v, and %v unwrapped (%v)", s, a, b, err)
			}
		}
	})
}

func TestRegistrable(t *testing.T) {
	for name, want := range map[string]string{"mail.example.co.uk": "example.co.uk", "example.org": "example.org",
		"uk": "uk", "co.uk": "co.uk"} {
		if got := Registrable(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
