package pages

import (
	"html/template"
	"strconv"
	"strings"

	"autoconfig/provider"
	"autoconfig/templates"
)

// programsView is what a program, a printer or a scanner is given for sending mail.
type programsView struct {
	Lead     []template.HTML
	Rows     []serviceRow
	Examples []snippet
}

// snippet is a program's code for sending.
type snippet struct{ Name, Text string }

// programs follows from the submission server: where it takes a password there are examples, elsewhere the values of
// OAuth2 and what is left for a device that knows passwords only.
func (g *group) programs(p *provider.Provider, first provider.Address) programsView {
	s, ok := provider.First(p.Outgoing, provider.SMTP)
	if !ok {
		return programsView{}
	}
	var v programsView
	secret, since := secretOf(p, s), p.PasswordLogin.For(provider.SMTP).Since
	v.Rows = []serviceRow{{g.text("settings.server"), s.Host}, {g.text("settings.port"), strconv.Itoa(int(s.Port))},
		{g.text("settings.security"), g.text("security." + string(s.Security))}}
	switch {
	case secret != "":
		v.Lead = append(v.Lead, g.rich("programs.lead", "domain", first.Domain))
		if secret == signApp {
			v.Lead = append(v.Lead, g.rich("sign.app"))
		}
		if first.Local != "" {
			v.Rows = append(v.Rows, serviceRow{g.text("settings.user"), provider.Expand(s.Username, first)})
		}
		v.Examples = examples(s, first)
	case s.Has(provider.AuthOAuth2):
		lead := g.rich("programs.retired")
		if since != "" {
			lead = g.rich("programs.retired.since", "date", templates.Date(g.Lang, since))
		}
		v.Lead = append(v.Lead, lead, g.rich("programs.register"), g.rich("programs.relay"))
		if o := p.OAuth2; o != nil {
			for _, row := range []serviceRow{
				{"SASL", "XOAUTH2"}, {"Authorize URL", o.AuthorizeURL}, {"Token URL", o.TokenURL}, {"Scope", sending(o.Scopes)},
			} {
				if row.Value != "" {
					v.Rows = append(v.Rows, row)
				}
			}
		}
	default:
		v.Lead = append(v.Lead, g.rich("sign.other"))
	}
	for _, n := range g.about(provider.NotePrograms) {
		v.Lead = append(v.Lead, n.Text)
	}
	return v
}

// sending picks the scopes that a program needs which only sends.
func sending(scopes []string) string {
	var out []string
	for _, s := range scopes {
		if word := strings.ToUpper(s); !strings.Contains(word, "IMAP") && !strings.Contains(word, "POP") {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

// Quotable reports whether a user name or an address can be part of an example as it is.
func Quotable(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return strings.ContainsRune(`'"\$`+"`", r) || r < ' ' })
}

// examples are the programs of templates/code with the values of a server. A name that would need quoting stays out of
// the code.
func examples(s provider.Server, first provider.Address) []snippet {
	user, from := provider.Expand(s.Username, first), first.String()
	if first.Local == "" {
		from = "you@" + first.Domain
		user = provider.Expand(s.Username, provider.Address{Local: "you", Domain: first.Domain})
	}
	if !Quotable(user + from) {
		user, from = "USER NAME", "ADDRESS"
	}
	fill := strings.NewReplacer("{host}", s.Host, "{port}", strconv.Itoa(int(s.Port)), "{user}", user, "{from}", from)
	var out []snippet
	for _, c := range templates.Code() {
		var b strings.Builder
		for _, line := range c.Lines {
			if line.Security == "" || line.Security == string(s.Security) {
				b.WriteString(line.Text + "\n")
			}
		}
		out = append(out, snippet{c.Name, fill.Replace(b.String())})
	}
	return out
}
