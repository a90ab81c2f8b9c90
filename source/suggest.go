package source

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"
	"golang.org/x/net/publicsuffix"

	"autoconfig/provider"
)

// SuggestDomain is the built-in domain that a domain was probably meant to be, or "": a slip in the name (hotmial.com),
// in the ending (msn.cmo), the other form of a country's ending (live.uk) or a wrong or missing dot (livecouk). domain
// need not be a domain name. It is never one of another country, and names that exist (outlook.co.il, windowslive.com)
// are left alone.
func SuggestDomain(domain string) string {
	domain = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(domain), "."))
	if len(domain) > longestSlip || provider.VendorOwned(domain) != "" || slices.Contains(realDomains, domain) {
		return ""
	}
	best, least, tie := "", 3, false
	typed := cutName(rightCountry(domain))
	for _, known := range builtinNames() {
		switch d := slip(typed, known); {
		case d < least:
			best, least, tie = known.whole, d, false
		case d == least && best != "" && country(known.whole) != country(best):
			tie = true
		}
	}
	if tie {
		return ""
	}
	return best
}

// SuggestAddress is the address that text was probably meant to be, where its
// domain has a slip; or "". It need not be an address.
func SuggestAddress(text string) string {
	text = provider.Unwrap(text)
	at := strings.LastIndexByte(text, '@')
	domain := SuggestDomain(text[at+1:])
	if domain == "" || at < 0 {
		return domain
	}
	if a, err := provider.ParseAddress(text[:at+1] + domain); err == nil {
		return a.String()
	}
	return ""
}

// longestSlip is more than any built-in domain with a slip has, in octets.
const longestSlip = 64

// realDomains are domains of other providers that differ from a built-in one as a slip would.
var realDomains = strings.Fields("love.com line.com life.com five.com lived.com olive.com alive.com lime.com" +
	" mail.com email.com ymail.com")

// never is a distance that is more than a slip.
const never = 9

// named is a domain cut into parts.
type named struct{ whole, letters, name, ending string }

func cutName(domain string) named {
	name, ending, _ := strings.Cut(domain, ".")
	return named{domain, letters(domain), name, ending}
}

var builtinNames = sync.OnceValue(func() []named {
	var out []named
	for _, p := range provider.Builtins() {
		for _, domain := range p.Domains {
			out = append(out, cutName(domain))
		}
	}
	return out
})

// slip is how far a typed domain is from a known one: 0 for the same letters
// with other dots, 1 for one slip, 2 for one in the name and one in the ending.
func slip(typed, known named) int {
	switch {
	case typed.letters == known.letters:
		return 0
	case typed.name == known.name:
		return endingSlip(typed.ending, known.ending)
	case edits(typed.name, known.name) != 1:
		return never
	}
	d := endingSlip(typed.ending, known.ending)
	if d > 0 && len(known.name) < 5 && len(typed.name) == len(known.name) && !transposed(typed.name, known.name) {
		return never // another letter and another ending make another name
	}
	return d + 1
}

// letters are those of a domain, without what is typed between its labels.
func letters(domain string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(".,;: _/", r) {
			return -1
		}
		return r
	}, domain)
}

// endingSlip compares what follows the first label. An ending of the same
// country is near; that of another country never is, however similar it looks.
func endingSlip(typed, known string) int {
	last, knownLast := country(typed), country(known)
	switch {
	case typed == known:
		return 0
	case last == knownLast && (typed == last || edits(typed, known) == 1): // uk, or co.uk with a slip
		return 1
	case edits(typed, known) == 1 && (len(knownLast) > 2 || !exists(last)): // com is not a country's
		return 1
	}
	return never
}

// country is the last label of a domain.
func country(domain string) string { return domain[strings.LastIndexByte(domain, '.')+1:] }

// rightCountry swaps the last two letters of a domain if that gives a country of
// the built-in domains and they are not an ending as they are.
func rightCountry(domain string) string {
	last := country(domain)
	for _, known := range builtinNames() {
		if c := country(known.whole); transposed(last, c) && !exists(last) {
			return strings.TrimSuffix(domain, last) + c
		}
	}
	return domain
}

// exists reports whether a last label is one that domains can be registered under.
func exists(last string) bool {
	_, known := publicsuffix.PublicSuffix("x." + last)
	return known
}

// edits is the number of letters to change, where swapped neighbours count once;
// for names of very different length just a large number.
func edits(a, b string) int {
	if len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return never
	}
	if transposed(a, b) {
		return 1
	}
	return levenshtein.ComputeDistance(a, b)
}

// realHosts are Microsoft's servers for governments and for China, which look like slips of the others.
var realHosts = []string{"outlook.office365.us", "smtp.office365.us", "partner.outlook.cn", "smtp.partner.outlook.cn"}

// SuggestHost is the server name that a host was probably meant to be, or "": a built-in provider's host, also below
// another ending (outlook.co.uk), or the same name with a slip in smtp, imap, pop3 or mail corrected.
func SuggestHost(host string) string {
	var known []string
	for _, p := range provider.Builtins() {
		for _, s := range p.Servers() {
			known = append(known, s.Host)
		}
	}
	if slices.Contains(known, host) || slices.Contains(realHosts, host) {
		return ""
	}
	if h := near(host, known, 2); h != "" {
		return h
	}
	for _, k := range known {
		stem := strings.TrimSuffix(k, ".com")
		if depth := strings.Count(stem, ".") + 1; strings.Count(host, ".") >= depth {
			labels := strings.Split(host, ".")
			long := func(label string) bool { return len(label) > len("com") }
			if edits(strings.Join(labels[:depth], "."), stem) <= 1 && !slices.ContainsFunc(labels[depth:], long) {
				return k
			}
		}
	}
	label, rest, _ := strings.Cut(host, ".")
	word, suffix, _ := strings.Cut(label, "-")
	for _, w := range []string{"smtp", "imap", "pop3", "mail"} {
		if word != w && transposed(word, w) {
			if suffix != "" {
				w += "-" + suffix
			}
			fixed := w + "." + rest
			return cmp.Or(near(fixed, known, 1), fixed)
		}
	}
	return ""
}

// Nearest is the known name that a name was probably meant to be, or "".
func Nearest(name string, known []string) string { return near(name, known, 2) }

// near is the known name that is the fewest edits away, at most n; "" for one that is known.
func near(name string, known []string, n int) string {
	best, least := "", n+1
	for _, k := range known {
		if d := edits(name, k); d < least {
			best, least = k, d
		}
	}
	if least == 0 {
		return ""
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
