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
		return a.printer(textFormat).print("render", readOut{p.For(addr.Domain), addr})
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

type readOut struct {
	*provider.Provider
	Address provider.Address
}

// Fetched is what becomes of mail that was fetched over POP3, "" where that is not known.
func (s readOut) Fetched() string {
	pop3, _ := provider.First(s.Incoming, provider.POP3)
	if pop3.LeaveOnServer == nil {
		return ""
	}
	return map[bool]string{true: "stays", false: "is deleted"}[*pop3.LeaveOnServer]
}

// passwordLine says what became of password login, or of that over one protocol.
type passwordLine struct{ Over, Text string }

// String is the line.
func (l passwordLine) String() string { return "Password login" + l.Over + ": " + l.Text }

// passwords says what became of password login where it does not simply work.
func passwords(l provider.PasswordLogin) (out []passwordLine) {
	words := map[provider.PasswordStatus]string{
		provider.PasswordWorks: "works", provider.PasswordRetired: "retired", provider.PasswordApp: "needs an app password"}
	line := func(over string, l provider.PasswordState) {
		text := words[cmp.Or(l.Status, provider.PasswordWorks)]
		if l.Since != "" {
			text += " since " + l.Since
		}
		out = append(out, passwordLine{over, strings.TrimSpace(text + ". " + l.Note)})
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
