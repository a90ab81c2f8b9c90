package main

import (
	"cmp"
	"fmt"
	"strings"

	"autoconfig/provider"
)

// renderText prints settings for a person to read out.
func (a *app) renderText(p *provider.Provider, addr provider.Address) error {
	p = p.For(addr.Domain)
	out := a.printer(textFormat)
	out.printf("%s for %s\n\n", p.Name, addr)
	servers := table{{"", "server", "port", "encryption", "user name", "authentication"}}
	for _, s := range p.AllServers() {
		servers.row(protocolWords[s.Protocol], s.Host, fmt.Sprint(s.Port), securityWords[s.Security],
			provider.Expand(s.Username, addr), strings.Join(provider.Texts(s.Auth), ", or "))
	}
	out.table(servers)
	out.printf("\n")
	for _, u := range []struct{ what, url string }{{"JMAP", p.JMAP}, {"Calendar", p.CalDAV}, {"Contacts", p.CardDAV},
		{"Exchange Web Services", p.EWS}, {"Microsoft Graph", p.Graph}, {"Webmail", p.Webmail}} {
		if u.url != "" {
			out.printf("%s: %s\n", u.what, u.url)
		}
	}
	for _, line := range passwordLines(p.PasswordLogin) {
		out.lines("", line)
	}
	if s, ok := provider.First(p.Incoming, provider.POP3); ok && s.LeaveOnServer != nil {
		what := map[bool]string{true: "stays", false: "is deleted"}[*s.LeaveOnServer]
		out.printf("POP3: mail that was fetched %s on the server.\n", what)
	}
	if e := p.Enable; e != nil {
		out.printf("Switch it on first: %s\n", e.URL)
		out.notes(e.Instructions)
	}
	out.notes(p.Notes)
	for _, d := range p.Documentation {
		if d.Lang == "en" || d.Lang == "" {
			out.printf("See %s\n", d.URL)
		}
	}
	return out.err
}

func (p *printer) notes(notes []provider.Note) {
	for _, n := range notes {
		if n.Lang == "en" || n.Lang == "" {
			p.lines("- ", n.Text)
		}
	}
}

// passwordLines says what became of password login where it does not simply work.
func passwordLines(l provider.PasswordLogin) []string {
	words := map[provider.PasswordStatus]string{
		provider.PasswordWorks: "works", provider.PasswordRetired: "retired", provider.PasswordApp: "needs an app password"}
	var out []string
	line := func(over string, l provider.PasswordState) {
		text := "Password login" + over + ": " + words[cmp.Or(l.Status, provider.PasswordWorks)]
		if l.Since != "" {
			text += " since " + l.Since
		}
		out = append(out, strings.TrimSpace(text+". "+l.Note))
	}
	if l.Status == provider.PasswordRetired || l.Status == provider.PasswordApp {
		line("", provider.PasswordState{Status: l.Status, Since: l.Since, Note: l.Note})
	}
	for _, proto := range []provider.Protocol{provider.IMAP, provider.POP3, provider.SMTP} {
		if own := l.Own(proto); own != nil {
			line(" over "+strings.ToUpper(string(proto)), *own)
		}
	}
	return out
}

var protocolWords = map[provider.Protocol]string{
	provider.IMAP: "IMAP", provider.POP3: "POP3", provider.SMTP: "SMTP (outgoing)", provider.ManageSieve: "ManageSieve"}

var securityWords = map[provider.Security]string{
	provider.TLS: "TLS", provider.STARTTLS: "STARTTLS", provider.Plain: "none"}
