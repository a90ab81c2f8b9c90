package pages

import (
	"cmp"
	"slices"

	"autoconfig/mozilla"
	"autoconfig/provider"
)

// access is how one gets at the mail of a provider. Every step, sentence and example of the pages follows from it and
// from the table of apps, and from nothing else.
type access struct {
	SignIn   string // one of the ways to sign in below
	Secret   string // what a program without OAuth2 is given: app, password, or empty: it cannot be used
	Account  string // which of Microsoft's accounts: personal or work
	Protocol string // the first choice for receiving: IMAP or POP3

	Mail, Exchange  bool // which profiles can be made
	ActiveSync, EWS bool // an Exchange account of the provider's own, not at Microsoft
	Addon           string
	web             bool // Thunderbird knows the sign-in page, or the add-on teaches it
}

// The ways to sign in.
const (
	signMicrosoft = "microsoft"
	signWeb       = "web"   // the provider's own page
	signMixed     = "mixed" // Thunderbird opens the provider's own page, and others take a secret
	signApp       = "app"   // an app password
	signPassword  = "password"
	signOther     = "other" // as the settings say
)

// AddonPath is before DOMAIN.xpi, the add-on for Thunderbird that the server makes for a domain.
const AddonPath = "/thunderbird/"

// accessOf judges by the best server of each kind: that is what programs take.
func accessOf(p *provider.Provider, domain string) access {
	in := p.Incoming[0] // validation refuses providers without one
	if s, ok := provider.First(p.Incoming, provider.IMAP); ok {
		in = s
	}
	out, sends := provider.First(p.Outgoing, provider.SMTP)
	a := access{Account: "work", Protocol: "IMAP", Secret: secretOf(p, in), SignIn: signWeb, Mail: mailProfile(p)}
	if in.Protocol == provider.POP3 {
		a.Protocol = "POP3"
	}
	if sends && a.Secret != "" {
		a.Secret = map[string]string{signApp: signApp, signPassword: a.Secret}[secretOf(p, out)]
	}
	if sends && provider.Below(out.Host, "outlook.com") {
		a.Account = "personal"
	}
	microsoft := provider.Below(in.Host, "office365.com") || provider.Below(in.Host, "outlook.com")
	switch {
	case in.Auth[0] == provider.AuthOAuth2 && microsoft:
		a.SignIn = signMicrosoft
		a.Exchange = p.ActiveSync != ""
	case in.Auth[0] == provider.AuthOAuth2:
		if _, err := mozilla.NewAddon(p, []string{domain}, "1.0"); err == nil {
			a.Addon = cmp.Or(p.OAuth2.Addon, AddonPath+domain+".xpi")
		}
		a.web = a.Addon != "" || mozilla.ThunderbirdOAuth2(in.Host)
		if a.Secret != "" { // for the programs that cannot open that page, which is most of them
			a.SignIn = map[bool]string{true: signMixed, false: a.Secret}[a.web]
		}
	default:
		a.SignIn = map[bool]string{true: a.Secret, false: signOther}[a.Secret != ""]
	}
	if a.SignIn != signMicrosoft {
		a.ActiveSync, a.EWS = p.ActiveSync != "" && a.Secret != "", p.EWS != "" && a.Secret != ""
	}
	return a
}

// secretOf is what a person types into a program for a server: a password, an app password, or nothing.
func secretOf(p *provider.Provider, s provider.Server) string {
	takes := func(a provider.Auth) bool {
		return a == provider.AuthPassword || a == provider.AuthPasswordEncrypted || a == provider.AuthNTLM
	}
	switch status := p.PasswordLogin.For(s.Protocol).Status; {
	case !slices.ContainsFunc(s.Auth, takes) || status == provider.PasswordRetired:
		return ""
	case status == provider.PasswordApp:
		return signApp
	}
	return signPassword
}

// mailProfile reports whether Apple's mail payload can say how to log in.
func mailProfile(p *provider.Provider) bool {
	return slices.ContainsFunc(p.Incoming, provider.Server.PasswordMethod) &&
		slices.ContainsFunc(p.Outgoing, provider.Server.PasswordMethod)
}
