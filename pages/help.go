package pages

import (
	"slices"
	"strings"

	"autoconfig/finding"
	"autoconfig/provider"
)

// helpView is the help page: one field, and the findings for the text in it.
type helpView struct {
	view
	Text      string // as it was posted; a link could put words on the page by it
	Asked     bool
	Matches   []findingView // what the text means
	Areas     []helpArea    // entries with its words; all of them without a text
	Questions []string
	Next      []link
}

type helpArea struct {
	Name    string
	Open    bool
	Entries []findingView
}

// link is a way out of a page of help.
type link struct{ URL, Text string } // Text is a message topic.TEXT

// findingView is an entry of the catalogue in the page's language, or in English, which Lang then says.
type findingView struct {
	ID, Area, Title, Cause, Fix, Admin, Lang string
	Hint                                     string // what the text named: an old server and its successor
	UILang                                   string // of the words around it
	place                                    int    // in the catalogue
}

// Path is the page of the finding.
func (f findingView) Path() string { return "/help/" + f.ID }

// The areas of the catalogue that a person meets; all others are the operator's.
var helpAreas = []string{"smtp", "imap", "pop3", "oauth2", "connect", "tls"}

const operatorArea = "operator"

// The bytes of a text that are looked at, and the words up to which it is also searched for.
const (
	maxPasted = 8 << 10
	maxSearch = 8
)

// HelpAnswer is what the help page says about a text, before it is a page.
type HelpAnswer struct {
	Text string // trimmed; empty: the page is the catalogue
	Key  string // the same for all texts that have the same answer

	pages *Pages
	view  helpView
}

// Help finds what the help page says about a text, whether it was typed, pasted or came by a link.
func (p *Pages) Help(visit Visit, text string) *HelpAnswer {
	if len(text) > maxPasted {
		text = strings.ToValidUTF8(text[:maxPasted], "")
	}
	a := &HelpAnswer{Text: strings.TrimSpace(text), pages: p, view: helpView{view: p.view(visit, "/help")}}
	if a.Text == "" {
		return a
	}
	v := &a.view
	v.Asked = true
	v.Matches = p.explained(v.Lang, a.Text)
	if words := strings.Fields(strings.ToLower(a.Text)); len(words) <= maxSearch {
		v.Areas = p.areas(v, words)
	}
	var key strings.Builder
	for _, m := range v.Matches {
		key.WriteString(m.ID + " " + m.Hint + "\n")
	}
	for _, area := range v.Areas {
		for _, f := range area.Entries {
			key.WriteString("\n" + f.ID)
		}
	}
	a.Key = key.String()
	return a
}

// Page is the page with the answer. The text is shown again only to the person who sent it, and is not kept.
func (a HelpAnswer) Page() (Page, error) {
	v := &a.view
	if a.Text == "" {
		v.Questions = []string{"password", "aliases", "profile", "outlook"}
		v.public("/help")
		return a.pages.static(&v.view, "help", "", func() any { v.Areas = a.pages.areas(v, nil); return v })
	}
	if v.Posted {
		v.Text, v.Private, v.Resend = a.Text, true, []field{{"error", a.Text}}
	}
	v.Next = nextSteps(&v.view, v.Matches)
	return a.pages.render(&v.view, "help", v)
}

// explained are the findings that a text means, in a language.
func (p *Pages) explained(lang, text string) (out []findingView) {
	for _, f := range finding.Explain(text, provider.Known) {
		match := p.findings[lang]().byID[f.ID]
		if len(f.Want) > 0 {
			match.Hint = f.Subject + " → " + f.Want[0]
		}
		out = append(out, match)
	}
	return out
}

// nextSteps are the ways on from findings: the settings, and the provider that they speak of.
func nextSteps(v *view, list []findingView) []link {
	out := []link{{v.Href("/setup"), "setup"}}
	if slices.ContainsFunc(list, func(f findingView) bool { return strings.Contains(f.Cause+f.Fix, "Outlook.com") }) {
		out = append(out, link{"/setup?email=outlook.com", "microsoft"})
		if docs := provider.Builtin("outlook.com").Documentation; len(docs) > 0 {
			out = append(out, link{docs[0].URL, "provider"})
		}
	}
	return out
}

// findings is the catalogue in one language.
type findings struct {
	list []findingView
	byID map[string]findingView
}

func newFindings(lang string) findings {
	f := findings{byID: map[string]findingView{}}
	for i, e := range finding.Catalogue() {
		v := newFindingView(lang, e.ID)
		v.place = i
		f.byID[e.ID] = v
		if e.Level == finding.Warn || e.Level == finding.Fail { // good news has no topic
			f.list = append(f.list, v)
		}
	}
	return f
}

// areas are the catalogue's entries with all of the words, by area, without those that the page shows already.
func (p *Pages) areas(v *helpView, words []string) []helpArea {
	byName := map[string][]findingView{}
	list, search := p.findings[v.Lang]().list, p.searchable()
	for i := range list {
		f := &list[i]
		shown := func(m findingView) bool { return m.ID == f.ID }
		if (len(words) == 0 || search[f.place].has(words)) && !slices.ContainsFunc(v.Matches, shown) {
			byName[f.Area] = append(byName[f.Area], *f)
		}
	}
	var out []helpArea
	for _, name := range append(helpAreas, operatorArea) {
		if list := byName[name]; len(list) > 0 {
			out = append(out, helpArea{Name: name, Open: v.Asked, Entries: list})
		}
	}
	return out
}

func areaOf(id string) string {
	if area, _, _ := strings.Cut(id, "-"); slices.Contains(helpAreas, area) {
		return area
	}
	return operatorArea
}

// searchText is an entry in all languages, in lower case.
type searchText struct {
	all    string
	digits string // the words of it that hold a digit
}

// has reports whether every word occurs in the entry. A word with a digit must be whole: 535 is not in 65535.
func (t searchText) has(words []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool {
		if !strings.ContainsAny(word, digits) {
			return !strings.Contains(t.all, word)
		}
		for rest := t.digits; ; {
			before, after, found := strings.Cut(rest, word)
			if !found {
				return true
			}
			if !isCode(before[max(0, len(before)-1):]) && !isCode(after[:min(1, len(after))]) {
				return false
			}
			rest = after
		}
	})
}

const digits = "0123456789"

// isCode reports whether a byte next to a number goes on with it.
func isCode(s string) bool {
	return s != "" && strings.ContainsAny(s, digits+"abcdefghijklmnopqrstuvwxyz_")
}

// newFindingView is an entry as the pages of a language show it.
func newFindingView(lang, id string) findingView {
	e, _ := finding.In(lang, id)
	v := findingView{ID: id, Area: areaOf(id), Title: e.Title, UILang: lang,
		Cause: finding.Sentence(e.Cause), Fix: finding.Sentence(e.Fix), Admin: finding.Sentence(e.Admin)}
	if e.Lang != lang {
		v.Lang = e.Lang
	}
	return v
}

// searchTexts are the texts of every entry, in the order of the catalogue.
func searchTexts(languages []string) (out []searchText) {
	for _, e := range finding.Catalogue() {
		text := []string{e.ID}
		for _, lang := range languages {
			if in, _ := finding.In(lang, e.ID); lang == e.Lang || in.Lang == lang {
				text = append(text, in.Title, in.Cause, in.Fix, in.Admin)
			}
		}
		all := strings.ToLower(strings.Join(text, "\n"))
		plain := func(word string) bool { return !strings.ContainsAny(word, digits) }
		out = append(out, searchText{all, strings.Join(slices.DeleteFunc(strings.Fields(all), plain), " ")})
	}
	return out
}

// topicView is the page of one finding.
type topicView struct {
	view
	Finding findingView
	Related []findingView
	Next    []link
}

// Topic is the page of a finding; ok is false for an unknown id.
func (p *Pages) Topic(visit Visit, id string) (page Page, ok bool, err error) {
	v := topicView{view: p.view(visit, "/help/"+id)}
	if v.Finding, ok = p.findings[v.Lang]().byID[id]; !ok {
		return Page{}, false, nil
	}
	v.public(v.Path)
	v.Related, v.Next = p.related(&v.view, v.Finding), nextSteps(&v.view, []findingView{v.Finding})
	page, err = p.render(&v.view, "topic", &v)
	return page, true, err
}

// related are the other findings about the same object, each title once: those that share the first two words of the
// id.
func (p *Pages) related(v *view, of findingView) []findingView {
	parts := strings.SplitN(of.ID, "-", 3)
	titles := map[string]bool{of.Title: true}
	var out []findingView
	for _, f := range p.findings[v.Lang]().list {
		if strings.HasPrefix(f.ID, parts[0]+"-"+parts[1]+"-") && !titles[f.Title] {
			titles[f.Title] = true
			out = append(out, f)
		}
	}
	return out
}
