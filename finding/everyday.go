package finding

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// noteTopic notes a fragment that is a word of everyday life.
func (r *reading) noteTopic(f *fragment, at int) {
	if term, ok := r.t.terms["{everyday}"]; !ok || !slices.Contains(f.terms, term) {
		return
	}
	before, word := cutLastWord(r.text[:at+1])
	for r.t.articles[word] && !r.t.links[word] {
		r.steps++
		before, word = cutLastWord(before)
	}
	r.everyday = r.everyday || r.t.links[word]
	if r.topic == 0 {
		r.topic = at + 1
	}
}

// cutLastWord is a folded text without its last word, and the word.
func cutLastWord(text string) (rest, word string) {
	text = strings.TrimSuffix(text, " ")
	at := strings.LastIndexByte(text, ' ') + 1
	return text[:at], text[at:]
}

// isEveryday reports whether a word of everyday life is before the last words of a message, or belongs to them.
func (r *reading) isEveryday() bool { return r.everyday || r.topic > 0 && r.topic < r.last }

// isForeign reports whether the text speaks of something that no mail program or server speaks of. A list of such
// things has no end, so the nouns decide: after an article, and next to "certificate", a message has words that are
// somewhere in the table. What comes after the last words of a message only tells when and where it came.
func (r *reading) isForeign() bool {
	before, at := "", 0
	for word := range strings.FieldsSeq(r.text) {
		at += len(word) + 1
		r.steps++
		wantsNoun := r.t.articles[before] || r.t.nounFirst[before]
		switch {
		case at > r.last:
			return false
		case wantsNoun && !r.t.articles[word] && !r.t.knows(word),
			isCertificate(word) && before != "" && !r.t.articles[before] && !r.t.knows(before):
			return true
		}
		if before = word; word[0] == sentenceEnd {
			before = ""
		}
	}
	return false
}

// clauseEnd is between what a person says and what a program says.
var clauseEnd = regexp.MustCompile(`[.,:;!?]+(?:\s|$)|[\n()\[\]{}<>"“”„«»–—|*]|\s-+\s`)

// mostParts is how many parts of a text are read, at most; a longer text is not a message.
const mostParts = 100

// message is a text without the person's own words around the message: the parts, between punctuation marks and words
// such as "since" and "on", that speak of something else than mail. What was on both sides of such a part is not one
// sentence.
func (t *table) message(text string) string {
	var out strings.Builder
	clauses := clauseEnd.Split(text, mostParts+1)
	if len(clauses) > mostParts {
		return ""
	}
	parts := 0
	for _, clause := range clauses {
		for i, part := range t.parts(fold(clause)) {
			if parts++; parts > mostParts {
				return ""
			}
			text := strings.Join(part, " ")
			if i == 0 {
				text = t.withoutPlace(part)
			} else if newReading(t, text, nil).isOther() {
				text = ""
			}
			out.WriteString(cmp.Or(text, "!") + " ")
		}
	}
	return out.String()
}

// parts are the words of the parts of a folded clause.
func (t *table) parts(clause string) [][]string {
	var parts [][]string
	for word := range strings.FieldsSeq(clause) {
		if len(parts) == 0 || t.places[word] || t.sayings[word] {
			parts = append(parts, nil)
		}
		last := &parts[len(parts)-1]
		*last = append(*last, word)
	}
	return parts
}

// withoutPlace is the first part of a clause without the time or place at its beginning, or "" when it speaks of
// something else than mail.
func (t *table) withoutPlace(words []string) string {
	const longest = 4 // words: in my hotel room
	for n := range min(len(words), longest+1) {
		if rest := strings.Join(words[n:], " "); !newReading(t, rest, nil).isOther() {
			return rest
		}
		if !t.places[words[0]] {
			break
		}
	}
	return ""
}

// isOther reports whether the text speaks of something else than mail.
func (r *reading) isOther() bool {
	return r.isEveryday() || r.isLetter() || !r.named && r.isForeign()
}

// isLetter reports whether the text has words of people who write to each other, and none of mail.
func (r *reading) isLetter() bool { return r.met("{prose}") && !r.met("{mailish}") }

// isCertificate reports whether a word is "certificate" in one of seven languages.
func isCertificate(word string) bool {
	return strings.HasPrefix(word, "certifi") || strings.HasPrefix(word, "zertifi") || strings.HasPrefix(word, "certyfi")
}

// knows reports whether a word of a folded text is in the table, or could not tell: a short one, a number, a name.
func (t *table) knows(word string) bool {
	word, _, _ = strings.Cut(word, "'")
	if len(word) < minFragment || strings.ContainsAny(word, "0123456789._") || t.words[word] {
		return true
	}
	for n := range len(word) + 1 {
		if t.words[word[:n]+"*"] || t.words["*"+word[n:]] {
			return true
		}
	}
	return false
}

// learn adds the words of a fragment to those that messages have.
func (t *table) learn(fragment, folded string) {
	last := strings.Count(folded, " ") - 2
	i := 0
	for word := range strings.FieldsSeq(folded) {
		if i == last && strings.HasSuffix(fragment, "*") {
			word += "*"
		} else if i == 0 && strings.HasPrefix(fragment, "*") {
			word = "*" + word
		}
		t.words[word] = true
		i++
	}
}
