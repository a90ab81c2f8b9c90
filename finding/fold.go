package finding

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// sentenceEnd is between two sentences of a folded text.
const sentenceEnd = '|'

// fold is text as the table of messages compares it: lower case without accents, one blank around each word, and " | "
// between sentences. A word is letters, digits and the dots and underscores between them; what else there is only
// separates words.
func fold(text string) string {
	f := folder{out: make([]byte, 1, len(text)+len(text)/8+8)}
	f.out[0] = ' '
	f.start = 1
	text = strings.ToValidUTF8(text, " ")
	if strings.Contains(text, "\n") {
		text = brokenWord.ReplaceAllString(text, "$1$2")
	}
	for _, r := range norm.NFKD.String(text) {
		f.rune(r)
	}
	f.endWord()
	return string(f.out)
}

// brokenWord is where a mail program or a letter broke a word at the end of a line.
var brokenWord = regexp.MustCompile(`(\p{Ll})-\r?\n[ >]*(\p{Ll})`)

// folder writes a folded text.
type folder struct {
	out    []byte
	start  int  // of the word that is being written
	inner  byte // punctuation to write if the word continues
	quoted int  // letters after an apostrophe in the word
	lines  int  // line breaks since the last word
	wide   bool // the last letter was of a script without blanks
}

func (f *folder) rune(r rune) {
	switch {
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		f.letter(r)
	case 'A' <= r && r <= 'Z':
		f.letter(r + 'a' - 'A')
	case r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
		r = unicode.ToLower(r)
		if plain, ok := plainLetters()[r]; ok {
			for _, r := range plain {
				f.letter(r)
			}
			return
		}
		f.letter(r)
	case r >= utf8.RuneSelf && (unicode.Is(unicode.Mn, r) || r == '\u00ad' || r == '\u200b'): // accents; a soft hyphen or blank of no width
	case (r == '.' || r == '_' || r == '\'' || r == '’') && f.inner == 0 && len(f.out) > f.start:
		if r == '’' {
			r = '\''
		}
		f.inner = byte(r)
	default:
		ended := f.inner == '.' && !f.abbreviated()
		f.endWord()
		if r == '\n' {
			f.lines++
		}
		if r == '!' || r == '?' || r == '。' || f.lines == 2 || ended && unicode.IsSpace(r) {
			f.endSentence()
		}
	}
}

func (f *folder) letter(r rune) {
	f.lines = 0
	switch f.inner {
	case 0:
	case '\'': // kept before one or two letters: doesn't, server's; l'hôte and b'535 are two words
		f.quoted = len(f.out) + 1
		f.out = append(f.out, '\'')
	default:
		f.out = append(f.out, f.inner)
	}
	f.inner = 0
	if wide := isWide(r); wide != f.wide { // between IMAP and サーバー
		f.endWord()
		f.wide = wide
	}
	f.out = utf8.AppendRune(f.out, r)
	if f.quoted > 0 && len(f.out)-f.quoted > 2 {
		rest := string(f.out[f.quoted:])
		if head := f.out[f.start : f.quoted-1]; string(head) == "b" {
			f.out = append(f.out[:f.start], rest...) // a byte string of Python
		} else {
			f.out[f.quoted-1] = ' '
			f.start = f.quoted
		}
		f.quoted = 0
	}
}

func (f *folder) endWord() {
	f.inner, f.quoted = 0, 0
	if len(f.out) == f.start {
		return
	}
	word := f.out[f.start:]
	if code, ok := errorCode(word); ok {
		f.out = append(f.out[:f.start], code...)
	} else if bytes.HasSuffix(word, []byte("exception")) || bytes.HasSuffix(word, []byte("error")) {
		for i, c := range word { // java.net.ConnectException
			if c == '.' {
				word[i] = ' '
			}
		}
	}
	f.out = append(f.out, ' ')
	f.start = len(f.out)
}

// shortWords are written with a full stop that ends no sentence.
var shortWords = []string{"nr", "no", "num", "number"}

// abbreviated reports whether the word that is being written is one of shortWords.
func (f *folder) abbreviated() bool { return slices.Contains(shortWords, string(f.out[f.start:])) }

func (f *folder) endSentence() {
	if n := len(f.out); n > 2 && f.out[n-2] != sentenceEnd {
		f.out = append(f.out, sentenceEnd, ' ')
		f.start = len(f.out)
	}
}

// isWide reports whether a letter is of a script that puts no blanks between words.
func isWide(r rune) bool {
	return r >= 0x0e00 && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai))
}

// plainLetters are letters that have no accent to take off, and what people type instead.
var plainLetters = sync.OnceValue(func() map[rune]string {
	return map[rune]string{'ß': "ss", 'ł': "l", 'ø': "o", 'đ': "d", 'ı': "i", 'æ': "ae", 'œ': "oe"}
})

// digits puts digits for the letters that people, and programs that read pictures, take for them.
var digits = strings.NewReplacer("o", "0", "l", "1", "i", "1")

// errorCode is a reply code, an enhanced status code, a code of Microsoft's sign-in, or an error number of Windows as 0x
// and eight digits, all with digits for the letters that look like them. Programs leave 0x out or print the number as a
// negative decimal.
func errorCode(word []byte) ([]byte, bool) {
	if strings.IndexByte("02458ao", word[0]) < 0 {
		return nil, false
	}
	s := string(word)
	switch {
	case len(s) == 10 && (strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "ox")):
		return []byte("0x" + strings.ReplaceAll(s[2:], "o", "0")), true
	case len(s) == 8 && (strings.HasPrefix(s, "800") || strings.HasPrefix(s, "8019")):
		return []byte("0x" + s), true
	case strings.HasPrefix(s, "aadsts"):
		return []byte("aadsts" + digits.Replace(s[len("aadsts"):])), true
	case len(s) >= 3 && (s[0] == '4' || s[0] == '5') && (len(s) == 3 || s[1] == '.') &&
		strings.Trim(s, "0123456789.oli") == "":
		return []byte(digits.Replace(s)), true
	case len(s) == 10 && (strings.HasPrefix(s, "2146") || strings.HasPrefix(s, "2147")):
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n <= math.MaxInt32 {
			return []byte("0x" + strconv.FormatUint(uint64(uint32(-n)), 16)), true
		}
	}
	return nil, false
}
