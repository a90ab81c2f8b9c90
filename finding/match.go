package finding

import (
	"regexp"
	"slices"
	"strings"
)

// Limits of a text that Explain reads. Whoever means more things than mostMeanings is an article about messages, and
// not a message.
const (
	mostExplained = 64 << 10 // bytes
	mostMeanings  = 6
)

// Known says what is known of a host name or domain that a text names: the table's name of its provider;
// and of a retired server what replaces it, and since when it is one.
type Known func(name string) (vendor, use, why string)

// Explain says what a mail server's reply or a mail program's message means: a finding for each thing it recognises,
// the likeliest first, and nil when it recognises nothing, or when the text is not an error: a web page, a sentence of
// everyday life. Case, accents, punctuation, line breaks, words around the message and the trailing [HOST date id] of
// Microsoft's replies do not matter. Of a returned message it is the one reason for which that came back.
//
// Of a text that says where the login failed the answer is that provider's; known tells about host names and may be
// nil.
func Explain(text string, known Known) []Finding {
	if len(text) > mostExplained {
		text = text[:mostExplained]
	}
	if id := strings.ToLower(strings.TrimSpace(text)); strings.Contains(id, "-") {
		if _, ok := Lookup(id); ok { // the id that another command has shown
			return []Finding{New(id, "")}
		}
	}
	r := newReading(messages(), text, known)
	if !r.met("{surelymail}") && r.area == "" {
		if r.met("{elsewhere}") {
			return nil
		}
		r.doubtful = r.isOther() && !r.met("{bounce}")
	}
	if r.doubtful && !r.met("{no-error}") {
		message := newReading(r.t, r.t.message(text), nil)
		message.hosts(text, known)
		if out := message.meanings(); len(out) > 0 && len(out) <= mostMeanings {
			return out
		}
	}
	if r.doubtful && r.isEveryday() {
		return nil
	}
	if !r.doubtful && r.matches(r.t.returned) && (r.met("{report}") || !r.met("{no-error}")) {
		r = readReport(text)
	} else if r.met("{no-error}") {
		return nil
	}
	out := r.meanings()
	if len(out) > mostMeanings {
		return nil
	}
	return out
}

// reading is one text under the table.
type reading struct {
	t        *table
	text     string
	short    bool   // a number alone, or nearly so
	sentence int    // counts from 1
	seen     []int  // per term, the last sentence that has it; 0: none
	here     []int  // the terms of this sentence
	holding  []bool // per clause
	area     string // imap, pop3 or smtp, by the first host name that says so
	last     int    // end of the last fragment of a message
	topic    int    // place of the first word of everyday life; 0: none
	everyday bool   // a word of everyday life belongs to words of the message
	named    bool   // there is a host name
	doubtful bool   // the text may not be about mail
	returned bool   // it is a returned message
	retired  []Finding
	steps    int // work done, for the test that it is linear
}

func newReading(t *table, raw string, known Known) *reading {
	text := fold(raw)
	r := &reading{t: t, text: text, sentence: 1, seen: make([]int, len(t.byTerm)), holding: make([]bool, len(t.clauses))}
	r.short = strings.Count(text, " ") <= 4 && r.bare()
	r.hosts(raw, known)
	for i := range len(text) {
		if text[i] == sentenceEnd {
			r.endSentence()
		}
		r.steps++
		if i+minFragment > len(text) {
			continue
		}
		for _, at := range t.begins[beginning(text[i:])] {
			r.steps++
			if f := &t.fragments[at]; strings.HasPrefix(text[i:], f.text) {
				r.hit(f, i)
			}
		}
	}
	r.endSentence()
	return r
}

// hit notes a fragment that begins at a place of the text.
func (r *reading) hit(f *fragment, at int) {
	r.steps += 1 + len(f.terms)
	for _, term := range f.terms {
		r.note(term)
	}
	if f.said {
		r.last = at + len(f.text)
	} else {
		r.noteTopic(f, at)
	}
	if len(f.loud) > 0 && (r.short || r.announced(at)) {
		for _, term := range f.loud {
			r.note(term)
		}
	}
}

func (r *reading) note(term int) {
	if r.seen[term] != r.sentence {
		r.seen[term] = r.sentence
		r.here = append(r.here, term)
	}
}

// announced reports whether the word before a place makes a number an error.
func (r *reading) announced(at int) bool {
	before := strings.TrimRight(r.text[:at], " ")
	for _, short := range shortWords { // Fehler Nr. 535
		before = strings.TrimSuffix(before, " "+short)
	}
	word := before[strings.LastIndexByte(before, ' ')+1:]
	return word == "" || word == string(sentenceEnd) || r.t.announcers[word]
}

// bare reports whether a text is a number with hardly more than the name of a mail program.
func (r *reading) bare() bool {
	for word := range strings.FieldsSeq(r.text) {
		if !strings.ContainsAny(word, "0123456789") && !r.t.announcers[word] && !r.t.mailWords[word] {
			return false
		}
	}
	return true
}

func (r *reading) endSentence() {
	for _, term := range r.here {
		for _, c := range r.t.byTerm[term] {
			r.holding[c] = r.holding[c] || r.holds(r.t.clauses[c])
		}
	}
	r.here = r.here[:0]
	r.sentence++
}

func (r *reading) holds(c clause) bool {
	r.steps++
	is := func(term int) bool { return r.seen[term] == r.sentence }
	return !slices.ContainsFunc(c.all, func(term int) bool { return !is(term) }) && !slices.ContainsFunc(c.none, is)
}

// met reports whether a term is anywhere in the text.
func (r *reading) met(name string) bool {
	term, ok := r.t.terms[name]
	return ok && r.seen[term] > 0
}

// hosts notes what the host names and domains of the text say.
func (r *reading) hosts(raw string, known Known) {
	for word := range strings.FieldsFuncSeq(strings.ToLower(raw), notInHost) {
		word = strings.Trim(word, ".-")
		if len(word) > 253 || !strings.Contains(word, ".") {
			continue
		}
		r.named = r.named || hostEnd.MatchString(word)
		if r.area == "" {
			first := word[:strings.IndexAny(word, ".-")]
			r.area = map[string]string{"smtp": "smtp", "imap": "imap", "imap4": "imap", "pop": "pop3", "pop3": "pop3"}[first]
		}
		var vendor, use, why string
		if known != nil {
			vendor, use, why = known(word)
		}
		if use != "" && !slices.ContainsFunc(r.retired, func(f Finding) bool { return f.Subject == word }) {
			f := New("have-host-retired", word).Because("%s is an old name: %s", word, why).Do("use %s", use)
			f.Want = []string{use}
			r.retired = append(r.retired, f)
		}
		r.owner(word, vendor)
	}
}

// hostEnd is the last two labels of a host name; 5.7.1 and "e.g" are not host names.
var hostEnd = regexp.MustCompile(`[a-z0-9-]{2,}\.[a-z]{2,}$`)

// notInHost reports whether a letter ends a host name.
func notInHost(c rune) bool {
	return c != '.' && c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && c < 0x80
}

// owner notes the provider of a host name: the table's of one of the last four domains above it, or else the one that
// is known.
func (r *reading) owner(word, vendor string) {
	end := len(word)
	for i := 0; i < 4 && end >= 0; i++ {
		end = strings.LastIndexByte(word[:end], '.')
		if p, ok := r.t.providers[word[end+1:]]; ok {
			vendor = p.name
		}
	}
	if term, ok := r.t.terms["{@"+vendor+"}"]; ok {
		r.note(term)
	}
}

// meanings are the findings, the likeliest first.
func (r *reading) meanings() []Finding {
	var ids []string
	for _, g := range r.t.groups {
		if g.returned && !r.returned || r.returned && len(ids) > 0 {
			continue // about another kind of text, or a second reason
		}
		if g.fallback && !r.returned && (len(ids) > 0 || r.doubtful) {
			continue // a letter about something else, or what has been said already
		}
		for _, rule := range g.rules {
			if r.matches(rule) {
				ids = append(ids, r.meaning(rule.id)...)
				break // the rest of a group only says the same less precisely
			}
		}
	}
	if r.returned && len(ids) == 0 {
		ids = []string{returnedMessage}
	}
	var out []Finding
	for _, id := range ids {
		if !slices.ContainsFunc(out, func(f Finding) bool { return f.ID == id }) {
			out = append(out, New(id, ""))
		}
	}
	// a retired host explains why there is no connection
	at := slices.IndexFunc(out, func(f Finding) bool { return strings.HasPrefix(f.ID, "connect-") })
	if at < 0 {
		at = len(out)
	}
	return slices.Insert(out, at, r.retired...)
}

func (r *reading) matches(rule rule) bool {
	return slices.ContainsFunc(rule.any, func(all []int) bool {
		return !slices.ContainsFunc(all, func(c int) bool { return !r.holding[c] })
	})
}

// meaning is what the id of a rule means in this text: none, one or two findings.
func (r *reading) meaning(id string) []string {
	if id == "" {
		return nil
	}
	id = r.placed(id)
	if !r.returned {
		return r.atProvider(id)
	}
	if id = r.t.inReturned[id]; id == "" {
		return nil
	}
	return []string{id}
}

// placed replaces a question mark by the protocol that the text is about.
func (r *reading) placed(id string) string {
	rest, ok := strings.CutPrefix(id, "?")
	if !ok {
		return id
	}
	area := r.area
	for _, a := range []string{"pop3", "imap", "smtp"} {
		if r.met("{" + a + "}") {
			area = a
		}
	}
	for _, a := range []string{area, "imap"} {
		if _, ok := Lookup(a + rest); ok {
			return a + rest
		}
	}
	return "smtp" + rest
}

// atProvider is what a failed login means at the provider that the text names: where passwords are over, that is the
// answer, and where mail programs need a password of their own or a setting, it is one of the answers.
func (r *reading) atProvider(id string) []string {
	area, fault, _ := strings.Cut(id, "-")
	if fault != "auth-failed" && fault != "login-failed" || r.met("{oauth}") {
		return []string{id}
	}
	to := area
	if to == "pop3" {
		to = "imap" // its entries speak of POP as well
	}
	switch login := r.login(); {
	case login == "oauth2" && area == "pop3":
		return []string{"pop3-login-failed", to + "-auth-basic-retired"}
	case login == "oauth2" && fault == "login-failed":
		return []string{to + "-auth-basic-retired", id}
	case login == "oauth2":
		return []string{to + "-auth-basic-retired"}
	case login == "app-password":
		return []string{to + "-auth-app-password", id}
	case login == "two-factor":
		return []string{id, to + "-auth-app-password"}
	case login == "switched-off":
		return []string{id, "imap-access-off"}
	}
	return []string{id}
}

// login is how one logs in at the provider that the text names, as in the table, or "".
func (r *reading) login() string {
	for _, p := range r.t.logins {
		if r.met("{@" + p.name + "}") {
			return p.login
		}
	}
	return ""
}
