package pages

import (
	"strings"

	"autoconfig/finding"
	"autoconfig/provider"
)

// helpView is the help page: a field for an error message, and the catalogue.
type helpView struct {
	view
	Pasted    string
	Asked     bool
	Matches   []findingView
	Query     string
	Areas     []helpArea
	Questions []string
}

type helpArea struct {
	Name    string
	Open    bool
	Entries []findingView
}

// findingView is an entry of the catalogue in the page's language, or in
// English, which Lang then says.
type findingView struct {
	ID, Area, Title, Cause, Fix, Lang string
	UILang                            string // of the words around it
	words                             string // all of it in lower case, for the search
}

// Path is the page of the finding.
func (f findingView) Path() string { return "/help/" + f.ID }

// The areas of the catalogue that a person meets; all others are the
// operator's.
var helpAreas = []string{"smtp", "imap", "pop3", "oauth2", "connect", "tls"}

const operatorArea = "operator"

// How much of a pasted message and of a search is looked at, in bytes.
const (
	maxPasted = 8 << 10
	maxSearch = 100
)

// Help is the help page with the catalogue of findings, or what a search in it
// finds. The search is not repeated, for a link could put words on the page by it.
func (p *Pages) Help(visit Visit, search string) (Page, error) {
	v := p.helpView(visit)
	if len(search) <= maxSearch {
		v.Query = strings.TrimSpace(search)
	}
	if v.Query == "" {
		return p.static(&v.view, "help", "", func() any { v.Areas = p.areas(v); return v })
	}
	v.Areas = p.areas(v)
	return p.render(&v.view, "help", v)
}

// Explain is the help page with what a pasted message means. The message is
// shown again to whoever pasted it, and kept nowhere.
func (p *Pages) Explain(visit Visit, pasted string) (Page, error) {
	v := p.helpView(visit)
	if len(pasted) > maxPasted {
		pasted = strings.ToValidUTF8(pasted[:maxPasted], "")
	}
	v.Pasted, v.Asked, v.Private = pasted, true, true
	v.Resend = []field{{"error", pasted}}
	for _, f := range finding.Explain(pasted, provider.Known) {
		v.Matches = append(v.Matches, p.findings[v.Lang].byID[f.ID])
	}
	return p.render(&v.view, "help", v)
}

func (p *Pages) helpView(visit Visit) *helpView {
	return &helpView{view: p.view(visit, "/help"), Questions: []string{"password", "aliases", "profile", "outlook"}}
}

// findings is the catalogue in one language.
type findings struct {
	list []findingView
	byID map[string]findingView
}

func newFindings(lang string) findings {
	f := findings{byID: map[string]findingView{}}
	for _, e := range finding.Catalogue() {
		v := newFindingView(lang, e.ID)
		f.byID[e.ID] = v
		if e.Level == finding.Warn || e.Level == finding.Fail { // that nothing is wrong is no topic of its own
			f.list = append(f.list, v)
		}
	}
	return f
}

// areas are the catalogue's entries that the search finds, by area.
func (p *Pages) areas(v *helpView) []helpArea {
	byName := map[string][]findingView{}
	for _, f := range p.findings[v.Lang].list {
		if f.matches(v.Query) {
			byName[f.Area] = append(byName[f.Area], f)
		}
	}
	var out []helpArea
	for _, name := range append(helpAreas, operatorArea) {
		if list := byName[name]; len(list) > 0 {
			out = append(out, helpArea{Name: name, Open: v.Query != "", Entries: list})
		}
	}
	return out
}

func areaOf(id string) string {
	area, _, _ := strings.Cut(id, "-")
	for _, a := range helpAreas {
		if a == area {
			return a
		}
	}
	return operatorArea
}

// matches reports whether every word of a search occurs in the entry.
func (f findingView) matches(search string) bool {
	if search == "" {
		return true
	}
	for word := range strings.FieldsSeq(strings.ToLower(search)) {
		if !strings.Contains(f.words, word) {
			return false
		}
	}
	return true
}

// newFindingView is an entry as the pages of a language show it.
func newFindingView(lang, id string) findingView {
	e, _ := finding.In(lang, id)
	v := findingView{ID: id, Area: areaOf(id), Title: e.Title, Cause: finding.Sentence(e.Cause), Fix: finding.Sentence(e.Fix), UILang: lang}
	if e.Lang != lang {
		v.Lang = e.Lang
	}
	v.words = strings.ToLower(v.ID + " " + v.Title + " " + v.Cause + " " + v.Fix)
	return v
}

// topicView is the page of one finding.
type topicView struct {
	view
	Finding findingView
	Related []findingView
}

// Topic is the page of a finding. It is not ok when there is no such finding.
func (p *Pages) Topic(visit Visit, id string) (page Page, ok bool, err error) {
	v := topicView{view: p.view(visit, "/help/"+id)}
	if v.Finding, ok = p.findings[v.Lang].byID[id]; !ok {
		return Page{}, false, nil
	}
	v.Related = p.related(&v.view, id)
	page, err = p.render(&v.view, "topic", &v)
	return page, true, err
}

// related are the other findings about the same object: those that share the
// first two words of the id.
func (p *Pages) related(v *view, id string) []findingView {
	parts := strings.SplitN(id, "-", 3)
	var out []findingView
	for _, f := range p.findings[v.Lang].list {
		if f.ID != id && strings.HasPrefix(f.ID, parts[0]+"-"+parts[1]+"-") {
			out = append(out, f)
		}
	}
	return out
}
