package pages

import (
	"cmp"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"autoconfig/provider"
	"autoconfig/templates"
)

// settingsView is the page with the settings of a domain: without an address, and for search engines.
type settingsView struct {
	formView
	Domain, Provider string
	Protocols        string // SMTP, IMAP, POP
	Rows             *group // the tables
	Notes            []noteView
	Troubles         []trouble
}

// trouble is an error that people often meet, with its answer.
type trouble struct {
	Sample string // as the program shows it
	findingView
}

// Settings is the page with a domain's settings. The same page, with another name in it, serves every domain of the
// provider.
func (p *Pages) Settings(visit Visit, domain string, of *provider.Provider) (Page, error) {
	v := &settingsView{formView: formView{view: p.view(visit, "/settings/"+domain)}, Domain: domain}
	from := of.For(domain)
	v.Rows = p.newGroup(&setupView{view: v.view}, from, provider.Address{Domain: domain}, nil)
	v.Provider = v.Rows.Provider
	v.Notes = v.Rows.General
	for _, place := range []provider.NotePlace{provider.NoteReceiving, provider.NoteSending, provider.NotePrograms} {
		v.Notes = append(v.Notes, v.Rows.about(place)...)
	}
	v.Rows.Servers, v.Rows.Further = append(v.Rows.Servers, v.Rows.Further...), nil
	for i, row := range v.Rows.Servers { // the domain is put in for another one later, so nothing may be put into it
		if strings.HasPrefix(string(row.Shown), "<") {
			v.Rows.Servers[i].Shown = template.HTML(`<span class="any">` + row.Host + "</span>") //nolint:gosec // a host name
		}
	}
	smtpFirst := func(a, b serverRow) int { return cmp.Compare(rank(a.Protocol), rank(b.Protocol)) }
	slices.SortStableFunc(v.Rows.Servers, smtpFirst)
	texts := known().Samples[v.Rows.SignIn]
	if texts == nil {
		texts = known().Samples[""]
	}
	for _, text := range texts {
		if f := p.explained(v.Lang, text); len(f) > 0 {
			v.Troubles = append(v.Troubles, trouble{text, f[0]})
		}
	}
	v.Protocols = protocols(v.Rows.Servers)
	v.describe()
	return p.render(&v.view, "settings", v)
}

// rank puts sending first, which is what people look for.
func rank(proto provider.Protocol) int {
	return slices.Index([]provider.Protocol{provider.SMTP, provider.IMAP, provider.POP3, provider.ManageSieve}, proto)
}

// protocols names what the servers speak, as people call it.
func protocols(rows []serverRow) string {
	names := map[provider.Protocol]string{provider.SMTP: "SMTP", provider.IMAP: "IMAP", provider.POP3: "POP"}
	var out []string
	for _, row := range rows {
		if name := names[row.Protocol]; name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// describe fills the head of the page: what search engines show and read.
func (v *settingsView) describe() {
	say := func(key string, pairs ...string) string { return templates.Message(v.Lang, key, pairs...) }
	var servers []string
	for _, row := range v.Rows.Servers {
		if row.Protocol != provider.ManageSieve && !row.Alternative {
			servers = append(servers, strings.ToUpper(strings.TrimSuffix(string(row.Protocol), "3"))+": "+
				strings.Join([]string{row.Host, strconv.Itoa(int(row.Port)), say("security." + string(row.Security))}, ", "))
		}
	}
	v.Description = strings.Join(servers, "; ") + ". " + say("find.description", "domain", v.Domain)
	v.public("/settings/" + v.Domain)
	questions := make([]node, 0, len(v.Troubles))
	for _, t := range v.Troubles {
		questions = append(questions, node{"@type": "Question", "name": t.Sample + ": " + t.Title,
			"acceptedAnswer": node{"@type": "Answer", "text": strings.TrimSpace(t.Hint + " " + t.Cause + " " + t.Fix)}})
	}
	v.Structured = graph(&v.view, say("find.title", "domain", v.Domain, "protocols", v.Protocols),
		node{"@type": "FAQPage", "mainEntity": questions},
		[][2]string{{say("find.index"), "/settings"}, {v.Domain, "/settings/" + v.Domain}})
}

// node is a thing in the vocabulary of schema.org.
type node map[string]any

// graph is a page's structured data (JSON-LD): the page, where it is, and what is on it. Places need absolute URLs.
func graph(v *view, title string, content node, trail [][2]string) node {
	page := node{"@type": "WebPage", "name": title, "description": v.Description, "inLanguage": v.Lang}
	list := []node{page, content}
	if v.Base != "" {
		page["url"] = v.Canonical
		var items []node
		for i, at := range trail {
			items = append(items, node{"@type": "ListItem", "position": i + 1, "name": at[0], "item": v.Base + at[1]})
		}
		list = append(list, node{"@type": "BreadcrumbList", "itemListElement": items})
	}
	return node{"@context": "https://schema.org", "@graph": list}
}

// public gives the page at path the addresses by which search engines know it, one for each language.
func (v *view) public(path string) {
	if v.Base == "" {
		return
	}
	for _, code := range v.languages {
		at := link{v.Base + path, code}
		if code != fallback {
			at.URL += "?lang=" + code
		}
		v.Alternates = append(v.Alternates, at)
		if code == v.Lang {
			v.Canonical = at.URL
		}
	}
	v.Alternates = append(v.Alternates, link{v.Base + path, "x-default"})
}

// fallback is the language of a page whose address names none.
const fallback = "en"

// DomainGroup is the domains of one provider, on the page of all.
type DomainGroup struct {
	Provider string
	Domains  []string
}

// maxIndexed is how many domains of a provider the list shows; a sitemap has them all.
const maxIndexed = 500

// SettingsIndex is the list of the domains that have a page of settings.
func (p *Pages) SettingsIndex(visit Visit, groups []DomainGroup) (Page, error) {
	groups = slices.Clone(groups)
	for i := range groups {
		groups[i].Domains = groups[i].Domains[:min(len(groups[i].Domains), maxIndexed)]
	}
	v := struct {
		formView
		Groups []DomainGroup
	}{formView{view: p.view(visit, "/settings")}, groups}
	v.Description = templates.Message(v.Lang, "find.index.lead")
	v.public("/settings")
	return p.static(&v.view, "domains", "", func() any { return &v })
}
