package finding

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"autoconfig/templates/findings"
)

// table is templates/findings/messages.txt, ready to be used; the head of the file describes its form.
type table struct {
	fragments  []fragment
	begins     [1 << 12][]int // fragments by the hash of their first bytes
	terms      map[string]int // by name
	clauses    []clause
	byTerm     [][]int // per term, the clauses that it begins
	groups     []ruleGroup
	providers  map[string]mailProvider // by domain
	logins     []mailProvider          // in the order of the table
	returned   rule                    // whether a text is a returned message
	announcers map[string]bool         // words before the number of an error
	mailWords  map[string]bool         // words that may be next to a number that is an error
	articles   map[string]bool         // the, der, la
	links      map[string]bool         // words before what an error is about
	places     map[string]bool         // words before the time, the place or the cause of an error
	sayings    map[string]bool         // words before a message that somebody or something shows
	nounFirst  map[string]bool         // "certificate" where adjectives follow it
	words      map[string]bool         // of messages, or their beginnings or ends with an asterisk
	inReturned map[string]string       // what a finding means in a returned message; others mean nothing there
}

// lists are the terms that are lists of words.
func (t *table) lists() map[string]*map[string]bool {
	return map[string]*map[string]bool{"{announcer}": &t.announcers, "{article}": &t.articles, "{link}": &t.links,
		"{mailword}": &t.mailWords, "{nounfirst}": &t.nounFirst, "{place}": &t.places, "{saying}": &t.sayings,
		"{vocabulary}": &t.words}
}

// fragment is words that are looked for.
type fragment struct {
	text  string
	terms []int // that it makes true
	loud  []int // that it makes true where a word such as error is before it
	said  bool  // by messages; otherwise only by other texts
}

// otherTexts are the terms of texts that are not messages of mail programs or servers.
var otherTexts = []string{"{elsewhere}", "{everyday}", "{prose}", "{no-error}"}

// minFragment is the length of the shortest fragment.
const minFragment = 3

// beginning is a hash of the first bytes of a fragment, or of a text at a place.
func beginning(text string) int { return int(text[0])<<7&0xfff ^ int(text[1])<<4 ^ int(text[2]) }

// clause is terms that must be in one sentence, and terms that must not.
type clause struct{ all, none []int }

// rule gives its id when all clauses of one of its patterns are met.
type rule struct {
	id  string
	any [][]int
}

// ruleGroup is rules of which the first that matches counts.
type ruleGroup struct {
	fallback bool // used only when nothing was recognised before
	returned bool // used only for returned messages
	rules    []rule
}

// mailProvider is what the table says about a provider.
type mailProvider struct{ name, login string }

// messages is the table. A mistake in it is one of this program.
var messages = sync.OnceValue(readTable)

func readTable() *table {
	b := builder{index: map[string]int{}, clauses: map[string]int{}, t: &table{
		terms: map[string]int{}, providers: map[string]mailProvider{}, inReturned: map[string]string{}}}
	b.lists = b.t.lists()
	for _, list := range b.lists {
		*list = map[string]bool{}
	}
	lines := strings.Split(findings.Messages, "\n")
	for i := 0; i < len(lines); i++ {
		line, number := lines[i], i+1
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], " ") {
			i++
			line += " " + strings.TrimSpace(lines[i])
		}
		if line != "" && line[0] != '#' && !b.line(line) {
			panic(fmt.Sprintf("finding: messages.txt:%d: %q is not understood", number, line))
		}
	}
	return b.t
}

// builder reads the table.
type builder struct {
	t       *table
	lists   map[string]*map[string]bool
	index   map[string]int // fragments by text
	clauses map[string]int
}

func (b *builder) line(line string) bool {
	if name, ok := strings.CutPrefix(line, "["); ok {
		b.t.groups = append(b.t.groups, ruleGroup{
			fallback: strings.HasSuffix(name, "?]"), returned: strings.HasPrefix(name, "returned ")})
		return true
	}
	head, body, ok := strings.Cut(line, " = ")
	if !ok {
		return false
	}
	switch {
	case b.lists[head] != nil:
		list := *b.lists[head]
		for word := range strings.FieldsSeq(body) {
			list[word] = true
		}
	case head[0] == '{':
		for text := range strings.SplitSeq(body, " | ") {
			b.fragment(text, b.term(head), !slices.Contains(otherTexts, head))
		}
	case head[0] == '@':
		name, login, _ := strings.Cut(head[1:], " ")
		b.term("{@" + name + "}")
		b.t.logins = append(b.t.logins, mailProvider{name, login})
		for domain := range strings.FieldsSeq(body) {
			b.t.providers[domain] = mailProvider{name, login}
		}
	case head[0] == '>':
		for id := range strings.FieldsSeq(body) {
			b.t.inReturned[id] = cmp.Or(head[1:], id)
		}
	case len(b.t.groups) == 0:
		return false
	default:
		r := rule{id: strings.TrimPrefix(head, "-")}
		for pattern := range strings.SplitSeq(body, " | ") {
			var all []int
			for text := range strings.SplitSeq(pattern, " ++ ") {
				all = append(all, b.clause(text))
			}
			r.any = append(r.any, all)
		}
		g := &b.t.groups[len(b.t.groups)-1]
		g.rules = append(g.rules, r)
		if g.returned && r.id == returnedMessage {
			b.t.returned = r
		}
	}
	return true
}

// clause reads terms and fragments with " + " or, before those that must not be there, " - " between them.
func (b *builder) clause(text string) int {
	if at, ok := b.clauses[text]; ok {
		return at
	}
	var c clause
	if strings.Trim(text, "0123456789") == "" { // a number alone
		text = "#" + text
	}
	for i, part := range strings.Split(strings.ReplaceAll(text, " - ", " + -"), " + ") {
		part, not := strings.CutPrefix(part, "-")
		term := b.term(part)
		if part[0] != '{' {
			b.fragment(part, term, !not)
		}
		if not {
			c.none = append(c.none, term)
			continue
		}
		c.all = append(c.all, term)
		if i == 0 {
			b.t.byTerm[term] = append(b.t.byTerm[term], len(b.t.clauses))
		}
	}
	b.clauses[text] = len(b.t.clauses)
	b.t.clauses = append(b.t.clauses, c)
	return b.clauses[text]
}

func (b *builder) term(name string) int {
	at, ok := b.t.terms[name]
	if !ok {
		at = len(b.t.terms)
		b.t.terms[name] = at
		b.t.byTerm = append(b.t.byTerm, nil)
	}
	return at
}

// fragment adds words that make a term true. An asterisk at an end lets the word there go on; scripts without blanks
// have no ends of words.
func (b *builder) fragment(text string, term int, said bool) {
	folded := fold(strings.Trim(text, "*"))
	word := folded
	if strings.HasSuffix(text, "*") || isOpen(word, utf8.DecodeLastRuneInString) {
		word = strings.TrimSuffix(word, " ")
	}
	if strings.HasPrefix(text, "*") || isOpen(word, utf8.DecodeRuneInString) {
		word = strings.TrimPrefix(word, " ")
	}
	at, ok := b.index[word]
	if !ok {
		at = len(b.t.fragments)
		b.index[word] = at
		b.t.fragments = append(b.t.fragments, fragment{text: word})
		first := beginning(word)
		b.t.begins[first] = append(b.t.begins[first], at)
	}
	if said && !b.t.fragments[at].said {
		b.t.fragments[at].said = true
		b.t.learn(text, folded)
	}
	to := &b.t.fragments[at].terms
	if text[0] == '#' {
		to = &b.t.fragments[at].loud
	}
	*to = append(*to, term)
}

// isOpen reports whether the letter at an end of a folded word is of a script that puts no blanks between words.
func isOpen(word string, end func(string) (rune, int)) bool {
	r, _ := end(strings.TrimSpace(word))
	return isWide(r)
}
