package source

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"autoconfig/provider"
)

// SuggestDomain is the well-known domain that a domain was probably meant to
// be, or "". Names that exist (outlook.co.il, windowslive.com) are left alone.
func SuggestDomain(domain string) string {
	known := slices.Clone(freemail)
	var exists []string
	for _, p := range provider.Builtins() {
		known = append(known, p.Domains...)
		exists = append(exists, p.Unverified...)
	}
	if slices.Contains(known, domain) || slices.Contains(exists, domain) {
		return ""
	}
	return near(domain, known, 1)
}

// freemail are the other domains people have in mind most often.
var freemail = []string{"gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "icloud.com", "gmx.de", "gmx.net", "web.de", "aol.com", "t-online.de", "proton.me", "protonmail.com"}

// SuggestHost is the server name that a host was probably meant to be, or "":
// a built-in provider's host, or the same name with a slip in smtp, imap, pop3
// or mail put right.
func SuggestHost(host string) string {
	var known []string
	for _, p := range provider.Builtins() {
		for _, s := range p.Servers() {
			known = append(known, s.Host)
		}
	}
	if slices.Contains(known, host) {
		return ""
	}
	if h := near(host, known, 2); h != "" {
		return h
	}
	label, rest, _ := strings.Cut(host, ".")
	word, suffix, _ := strings.Cut(label, "-")
	for _, w := range []string{"smtp", "imap", "pop3", "mail"} {
		if word != w && transposed(word, w) {
			if suffix != "" {
				w += "-" + suffix
			}
			fixed := w + "." + rest
			if h := near(fixed, known, 1); h != "" {
				return h
			}
			return fixed
		}
	}
	return ""
}

// Nearest is the known name that a name was probably meant to be, or "".
func Nearest(name string, known []string) string {
	if slices.Contains(known, name) {
		return ""
	}
	return near(name, known, 2)
}

// near is the known name at most n edits, or one transposition, away. A name
// in another registry (hotmail.co for hotmail.com) is a different name, but
// still the likeliest slip, so it is suggested and never corrected.
func near(name string, known []string, n int) string {
	best, least := "", n+1
	for _, k := range known {
		if d := len(k) - len(name); d > n || -d > n {
			continue
		}
		d := levenshtein.ComputeDistance(name, k)
		if transposed(name, k) {
			d = 1
		}
		if d > 0 && d < least {
			best, least = k, d
		}
	}
	return best
}

// transposed reports whether two neighbouring octets of b are swapped in a.
func transposed(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) - 1 {
		if a[i] != b[i] {
			return a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		}
	}
	return false
}
