package provider

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ForbiddenIn names the first character of a text that a host or domain name cannot have, for an error message, or is
// "".
func ForbiddenIn(name string) string {
	r, ok := forbidden(widthMapped(name))
	if ok {
		i := strings.IndexAny(name, "\"'`_ ")
		if i < 0 {
			return ""
		}
		r = rune(name[i])
	}
	what := "character"
	if WithoutQuotes(r) < 0 {
		what = "quotation mark"
	}
	return fmt.Sprintf(": the %s %c (U+%04X) cannot be in a name", what, r, r)
}

// WithoutQuotes drops the characters that word processors and other languages
// write as quotation marks, for [strings.Map].
func WithoutQuotes(r rune) rune {
	if unicode.In(r, unicode.Pi, unicode.Pf, unicode.Quotation_Mark) || r == '`' || r == '´' {
		return -1
	}
	return r
}

// widthMapped is a name in lower case, with the full-width characters and the full stops of East Asian input as the
// usual ones (RFC 5895 §2).
func widthMapped(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '。' || r == '｡':
			return '.'
		case '！' <= r && r <= '～':
			r -= '！' - '!'
		}
		return unicode.ToLower(r)
	}, name)
}

// forbidden finds the first character beyond ASCII that IDNA2008 does not allow in a name where it is; ok means that
// there is none. UTS #46, which the library follows, lets symbols and emoji pass and maps others away.
func forbidden(name string) (r rune, ok bool) {
	runes := []rune(name)
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return '.'
		}
		return runes[i]
	}
	for i, r := range runes {
		allowed := r < 0x80 || permitted(r)
		switch r { // CONTEXTO of RFC 5892, appendix A
		case '·':
			allowed = at(i-1) == 'l' && at(i+1) == 'l'
		case '͵':
			allowed = unicode.Is(unicode.Greek, at(i+1))
		case '׳', '״':
			allowed = unicode.Is(unicode.Hebrew, at(i-1))
		case '・':
			allowed = strings.ContainsFunc(name, func(r rune) bool {
				return r != '・' && unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han)
			})
		}
		if !allowed {
			return r, false
		}
	}
	return 0, true
}

// permitted reports whether a character is one of a name's: PVALID by RFC 5892 §3, or a joiner, which the IDNA library
// checks in its context.
func permitted(r rune) bool {
	switch r {
	case '۽', '۾', '་', '〇', '\u200c', '\u200d':
		return true
	case 'ـ', 'ߺ', '〮', '〯', '〱', '〲', '〳', '〴', '〵', '〻':
		return false
	}
	switch { // old Hangul jamo
	case 0x1100 <= r && r <= 0x11ff, 0xa960 <= r && r <= 0xa97c, 0xd7b0 <= r && r <= 0xd7fb:
		return false
	}
	text := string(r)
	stable := norm.NFKC.String(strings.ToLower(norm.NFKC.String(text))) == text
	return stable && unicode.In(r, unicode.Ll, unicode.Lu, unicode.Lo, unicode.Lm, unicode.Nd, unicode.Mn, unicode.Mc) &&
		!unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
