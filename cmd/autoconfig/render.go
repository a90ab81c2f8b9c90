package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/apple"
	"autoconfig/autodiscover"
	"autoconfig/provider"
	"autoconfig/server"
	"autoconfig/service"
	"autoconfig/source"
)

var formats = []string{
	"mozilla", "autodiscover", "mobilesync", "autodiscover-json", "mobileconfig", "pacc", "text", "json"}

func (a *app) renderCommand() *cobra.Command {
	var o server.RenderOptions
	var sign bool
	cmd := newCommand("render", "FORMAT ADDRESS|DOMAIN", func(ctx context.Context, args []string) error {
		return a.render(ctx, args[0], args[1], o, sign)
	})
	cmd.Long += " " + strings.Join(formats, ", ") + "."
	f := cmd.Flags()
	f.StringVar(&o.Account, "account", "mail", "mobileconfig: mail, exchange or dav")
	f.Var(langFlag(&o.Lang), "lang", "mobileconfig: `language` of its words (default English)")
	f.StringVar(&o.Name, "name", "", "mobileconfig: the person's name")
	f.StringVar(&o.Protocol, "protocol", "AutodiscoverV1", "autodiscover-json: the protocol asked for")
	f.BoolVar(&sign, "sign", false, "mobileconfig: sign with the configured certificate")
	return cmd
}

func (a *app) render(ctx context.Context, format, who string, o server.RenderOptions, sign bool) error {
	if !slices.Contains(formats, format) {
		return usagef("unknown format %q; write one of %s", format, strings.Join(formats, ", "))
	}
	addr, err := typedAddress(who)
	if err != nil {
		return err
	}
	if addr.Local == "" && (format == "mobileconfig" || format == "mobilesync") {
		return usagef("%s needs a full address, not just a domain", format)
	}
	if err := a.load(); err != nil {
		return err
	}
	set := service.Settings(a.cfg, a.data, nil)
	if sign && set.SignAsServiceHost {
		return usagef("--sign: with signing: auto and tls.acme only the running server has the certificate; " +
			"fetch the profile from it")
	}
	if sign && set.Signer == nil {
		return usagef("--sign needs signing: {cert_file: …, key_file: …} in the configuration")
	}
	if !sign {
		set.Signer = nil
	}
	p, err := a.find(ctx, addr)
	if err != nil {
		return err
	}
	if format == "text" {
		return a.renderText(p, addr)
	}
	body, err := server.Render(set, server.Format(format), p, addr, o)
	if err != nil {
		return renderError(err)
	}
	_, err = a.stdout.Write(body)
	return err
}

// typedAddress reads an address or a domain as people paste it.
func typedAddress(text string) (provider.Address, error) {
	addr, err := provider.ParseAddressOrDomain(provider.Unwrap(text))
	switch meant := source.SuggestAddress(text); {
	case err == nil:
		return addr, nil
	case meant != "":
		return addr, usagef("%q is not an address or a domain; did you mean %s?", text, meant)
	}
	return addr, usagef("%q is not an address or a domain", text)
}

// find looks an address up as the server does, MX source included when a resolver is configured.
func (a *app) find(ctx context.Context, addr provider.Address) (*provider.Provider, error) {
	chain := a.data.All()
	if mx := service.MXSource(a.cfg, a.data.ByMX()); mx != nil {
		chain = append(chain, mx)
	}
	p, err := chain.Lookup(ctx, addr)
	if errors.Is(err, provider.ErrNotFound) {
		hint := "add it to the configuration"
		if meant := source.SuggestDomain(addr.Domain); meant != "" {
			hint = "did you mean " + meant + "?"
		}
		return nil, fmt.Errorf("%s is not served; %s", addr.Domain, hint)
	}
	return p, err
}

// renderError gives a format's refusal its exit status.
func renderError(err error) error {
	if errors.Is(err, apple.ErrName) || errors.Is(err, apple.ErrKind) {
		return usageError{err: err}
	}
	if pox, ok := errors.AsType[*autodiscover.Error](err); ok {
		return fmt.Errorf("autodiscover answers error %d: %s", pox.Code, pox.Message)
	}
	return err
}

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
		line("", l.PasswordState)
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
