package provider

import (
	"slices"
	"strings"
	"testing"
)

func sound() *Provider {
	return &Provider{ID: "x", Name: "Example", ShortName: "Example", PACC: PACCAuto,
		Incoming: []Server{{Protocol: IMAP, Host: "imap.example.org", Port: 993, Security: TLS, Auth: []Auth{AuthPassword},
			Username: EmailAddress}},
		Outgoing: []Server{{Protocol: SMTP, Host: "smtp.example.org", Port: 465, Security: TLS, Auth: []Auth{AuthPassword},
			Username: EmailAddress}}}
}

// Each change makes exactly one fault, of that id at that path.
func TestValidate(t *testing.T) {
	if faults := sound().Validate(); len(faults) > 0 {
		t.Fatalf("%+v", faults)
	}
	for _, test := range []struct {
		id, path string
		warning  bool
		change   func(*Provider)
	}{
		{"config-servers-missing", "incoming", false, func(p *Provider) { p.Incoming = nil }},
		{"config-servers-missing", "outgoing", false, func(p *Provider) { p.Outgoing = nil }},
		{"config-protocol-unknown", "incoming[0].protocol", false, func(p *Provider) { p.Incoming[0].Protocol = SMTP }},
		{"config-host-missing", "incoming[0].host", false, func(p *Provider) { p.Incoming[0].Host = "" }},
		{"config-host-invalid", "incoming[0].host", false, func(p *Provider) { p.Incoming[0].Host = "192.0.2.1" }},
		{"config-host-invalid", "incoming[0].host", false, func(p *Provider) { p.Incoming[0].Host = "mail.%OTHER%" }},
		{"config-host-invalid", "incoming[0].host", false, func(p *Provider) { p.Incoming[0].Host = "mail" }},
		{"config-host-retired", "outgoing[0].host", false, func(p *Provider) { p.Outgoing[0].Host = "SMTP.live.com." }},
		{"config-port-invalid", "incoming[0].port", false, func(p *Provider) { p.Incoming[0].Port = 0 }},
		{"config-port-security", "outgoing[0].port", false, func(p *Provider) { p.Outgoing[0].Port = 587 }},
		{"config-port-security", "incoming[0].port", false, func(p *Provider) { p.Incoming[0].Security = STARTTLS }},
		{"config-security-unknown", "incoming[0].security", false, func(p *Provider) { p.Incoming[0].Security = "ssl" }},
		{"config-security-plain", "incoming[0].security", true,
			func(p *Provider) { p.Incoming[0].Security, p.Incoming[0].Port = Plain, 143 }},
		{"config-auth-missing", "incoming[0].auth", false, func(p *Provider) { p.Incoming[0].Auth = nil }},
		{"config-auth-unknown", "incoming[0].auth[0]", false, func(p *Provider) { p.Incoming[0].Auth = []Auth{"oauth"} }},
		{"config-oauth2-only", "outgoing[0].auth", true, func(p *Provider) { p.Outgoing[0].Auth = []Auth{AuthOAuth2} }},
		{"config-username-invalid", "incoming[0].username", false, func(p *Provider) { p.Incoming[0].Username = "%USER%" }},
		{"config-username-invalid", "incoming[0].username", false,
			func(p *Provider) { p.Incoming[0].Username = "a " + EmailLocalPart }},
		{"config-username-literal", "incoming[0].username", true, func(p *Provider) { p.Incoming[0].Username = "everybody" }},
		{"config-url-invalid", "jmap", false, func(p *Provider) { p.JMAP = "http://jmap.example.org/" }},
		{"config-url-invalid", "webmail", false, func(p *Provider) { p.Webmail = "https://user@webmail.example.org/" }},
		{"config-url-invalid", "documentation[0].url", false,
			func(p *Provider) { p.Documentation = []Documentation{{"", "en", ""}} }},
		{"config-url-invalid", "documentation[0].url", false,
			func(p *Provider) { p.Documentation = []Documentation{{"https://help.%EMAILDOMAIN%/", "en", ""}} }},
		{"config-lang-invalid", "notes[0].lang", false, func(p *Provider) { p.Notes = []Note{{Lang: "e", Text: "x"}} }},
		{"config-value-invalid", "notes[0].for", false,
			func(p *Provider) { p.Notes = []Note{{Lang: "en", Text: "x", For: "sender"}} }},
		{"config-url-invalid", "oauth2.addon", false,
			func(p *Provider) { p.OAuth2 = &OAuth2{Issuer: "https://id.example.org/", Addon: "x.xpi"} }},
		{"config-lang-invalid", "documentation[0].lang", false,
			func(p *Provider) { p.Documentation = []Documentation{{"https://example.org/", "english!", ""}} }},
		{"config-domain-invalid", "mx[0]", false, func(p *Provider) { p.MX = []string{"mx"} }},
		{"config-name-long", "name", false, func(p *Provider) { p.Name = strings.Repeat("ö", 61) }},
		{"config-name-long", "short_name", false, func(p *Provider) { p.ShortName = strings.Repeat("x", 21) }},
		{"config-name-invalid", "name", false, func(p *Provider) { p.Name = "a\u202eb" }},
		{"config-name-invalid", "name", false, func(p *Provider) { p.Name = EmailDomain }},
		{"config-oauth2-incomplete", "oauth2.issuer", false, func(p *Provider) { p.OAuth2 = &OAuth2{} }},
		{"config-oauth2-incomplete", "oauth2", false, func(p *Provider) {
			p.OAuth2 = &OAuth2{Issuer: "https://id.example.org/", TokenURL: "https://id.example.org/t"}
		}},
		{"config-url-invalid", "oauth2.issuer", false, func(p *Provider) { p.OAuth2 = &OAuth2{Issuer: "id.example.org"} }},
		{"config-autodiscover-redirect", "autodiscover", false,
			func(p *Provider) { p.Autodiscover.Action = ActionRedirectURL }},
		{"config-autodiscover-redirect", "autodiscover.redirect_addr", false, func(p *Provider) {
			p.Autodiscover = Autodiscover{Action: ActionRedirectAddr, RedirectAddr: "nobody"}
		}},
		{"config-autodiscover-unknown", "autodiscover", false, func(p *Provider) { p.Autodiscover.Action = "other" }},
		{"config-password-login", "password_login.status", false, func(p *Provider) { p.PasswordLogin.Status = "gone" }},
		{"config-password-login", "password_login.since", false, func(p *Provider) { p.PasswordLogin.Since = "16.09.2024" }},
		{"config-password-login", "password_login.since", false, func(p *Provider) { p.PasswordLogin.Since = "2024-13-01" }},
		{"config-pacc-impossible", "pacc", false, func(p *Provider) {
			p.PACC, p.Outgoing[0].Port, p.Outgoing[0].Security = PACCOn, 587, STARTTLS
		}},
		{"config-host-invalid", "managesieve.host", false, func(p *Provider) {
			p.ManageSieve = &Server{Protocol: ManageSieve, Host: "x", Port: 4190, Security: STARTTLS, Auth: []Auth{AuthPassword},
				Username: EmailAddress}
		}},
	} {
		p := sound()
		test.change(p)
		faults := p.Validate()
		if len(faults) != 1 || faults[0].ID != test.id || faults[0].Path != test.path || faults[0].Warning != test.warning ||
			faults[0].Fix == "" {
			t.Errorf("want %s at %s (warning %v), got %+v", test.id, test.path, test.warning, faults)
		}
	}
}

// Names are put into their normal form before they are judged.
func TestNormalize(t *testing.T) {
	p := sound()
	p.Incoming[0].Host, p.Outgoing[0].Host, p.MX = "IMAP.Example.ORG.", "mail.bücher.example", []string{"MX.example.org."}
	p.JMAP = "https://jmap.%EMAILDOMAIN%/x"
	p.Normalize()
	if faults := p.Validate(); len(faults) > 0 {
		t.Fatalf("%+v", faults)
	}
	if p.Incoming[0].Host != "imap.example.org" || p.Outgoing[0].Host != "mail.xn--bcher-kva.example" ||
		p.MX[0] != "mx.example.org" {
		t.Errorf("%+v", p)
	}
	p.Incoming[0].Host = "Mail.%EMAILDOMAIN%"
	p.Normalize()
	if faults := p.Validate(); len(faults) > 0 || p.Incoming[0].Host != "mail."+EmailDomain {
		t.Errorf("%s %+v", p.Incoming[0].Host, faults)
	}
}

func TestServers(t *testing.T) {
	p := Builtin(Outlook)
	p.Incoming = append(p.Incoming, Server{Protocol: IMAP, Host: "second.example"})
	slices.Reverse(p.Incoming)
	var got []string
	for _, s := range p.Servers() {
		got = append(got, string(s.Protocol)+" "+s.Host)
	}
	want := []string{"imap second.example", "pop3 outlook.office365.com", "smtp smtp-mail.outlook.com"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if (Server{Auth: []Auth{AuthOAuth2}}).PasswordMethod() || !p.Outgoing[0].PasswordMethod() {
		t.Error("PasswordMethod")
	}
	if got := HostOf(p.OAuth2.Issuer); got != "login.microsoftonline.com" {
		t.Errorf("issuer host %q", got)
	}
	if got := HostOf("login.example.org"); got != "login.example.org" {
		t.Errorf("a bare issuer: %q", got)
	}
}
