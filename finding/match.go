package finding

import (
	"strings"
	"sync"
)

// mostExplained bounds the text that Explain reads, in bytes.
const mostExplained = 64 << 10

// Explain says what a mail server's reply or a mail program's message means:
// a finding for each thing it recognises, the most particular first, and nil
// when it recognises nothing. Case, punctuation, line breaks, words around the
// message and the trailing [HOST date id] of Microsoft's replies do not matter.
func Explain(text string) []Finding {
	if len(text) > mostExplained {
		text = text[:mostExplained]
	}
	return explainWords(words(text))
}

func explainWords(text string) []Finding {
	var out []Finding
	for _, g := range compiledGroups() {
		if g.fallback && len(out) > 0 {
			continue
		}
		for _, r := range g.rules {
			if !r.matches(text) {
				continue
			}
			if r.id != "" {
				out = append(out, New(r.id, ""))
			}
			break // the rest of a group only says the same less precisely
		}
	}
	return out
}

// words is text as the rules compare it: lower case, one blank around each
// word, where a word is letters, digits and the dots, hyphens, underscores and
// slashes between them.
func words(text string) string {
	var b strings.Builder
	b.Grow(len(text) + 2)
	b.WriteByte(' ')
	blank, inner := true, byte(0) // inner: punctuation to write if the word goes on
	for i := range len(text) {
		c := text[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case (c == '.' || c == '_' || c == '/' || c == '\'') && !blank && inner == 0:
			inner = c
			continue
		default:
			if !blank {
				b.WriteByte(' ')
			}
			blank, inner = true, 0
			continue
		}
		if inner != 0 {
			b.WriteByte(inner)
			inner = 0
		}
		b.WriteByte(c)
		blank = false
	}
	if !blank {
		b.WriteByte(' ')
	}
	// smtplib prints replies as (535, b'5.7.3 …')
	return strings.ReplaceAll(b.String(), " b'", " ")
}

// rule recognises one meaning: any of its alternatives, of which every part
// must stand in the text as whole words.
type rule struct {
	id  string
	any [][]string
}

func (r rule) matches(text string) bool {
	for _, all := range r.any {
		found := true
		for _, part := range all {
			if !strings.Contains(text, part) {
				found = false
				break
			}
		}
		if found {
			return true
		}
	}
	return false
}

type compiledGroup struct {
	fallback bool // asked only when nothing was recognised before
	rules    []rule
}

var compiledGroups = sync.OnceValue(func() []compiledGroup {
	var out []compiledGroup
	for _, g := range groups() {
		c := compiledGroup{fallback: g.fallback}
		for _, row := range g.rows {
			c.rules = append(c.rules, compile(row))
		}
		out = append(out, c)
	}
	return out
})

// compile reads a row of the table.
func compile(row [2]string) rule {
	r := rule{id: row[0]}
	for alternative := range strings.SplitSeq(row[1], " | ") {
		var all []string
		for part := range strings.SplitSeq(alternative, " + ") {
			stem, goesOn := strings.CutSuffix(part, "*")
			word := words(stem)
			if goesOn {
				word = strings.TrimSuffix(word, " ")
			}
			all = append(all, word)
		}
		r.any = append(r.any, all)
	}
	return r
}
