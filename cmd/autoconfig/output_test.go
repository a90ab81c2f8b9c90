package main

import (
	"bytes"
	"testing"
	"time"

	"autoconfig/apple"
	"autoconfig/config"
	"autoconfig/discover"
	"autoconfig/provider"
)

// Every part of the templates prints what it is for: a compiler does not look into them.
func TestOutput(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"trace": {discover.Result{Client: "kde", Title: "KMail", Checked: "22.12", Verdict: discover.Found, Line: "a line",
			Steps: []discover.Step{{What: "GET https://example.org/", Result: discover.StepOK, MS: 12, Why: "a document",
				Used: true, Trace: &discover.Trace{Status: 200, ContentType: "text/xml", Bytes: 9, TLS: "TLS 1.3",
					Hops: []string{"https://www.example.org/"}, Certificate: &discover.Certificate{
						Names: []string{"a.example", "b.example"}, Issuer: "an authority",
						NotAfter: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC), Problem: "it has expired"}}},
				{What: "SRV", Result: discover.StepNone, Trace: &discover.Trace{Certificate: &discover.Certificate{
					Names: []string{"c.example"}, Issuer: "nobody"}}}}}, // of a handshake that failed
			"\nKMail (kde)\n  modelled on 22.12\n" +
				"  ok          12 ms  GET https://example.org/  <- used\n" +
				"                     200 a document\n" +
				"                     redirected to https://www.example.org/\n" +
				"                     text/xml, 9 bytes\n" +
				"                     TLS 1.3, certificate for a.example b.example, by an authority, until 2027-01-02\n" +
				"                     it has expired\n" +
				"  none         0 ms  SRV\n" +
				"                     certificate for c.example, by nobody, until 0001-01-01\n" +
				"  found: a line\n"},
		"render": {readOut{&provider.Provider{Name: "Example", JMAP: "j", CalDAV: "c", CardDAV: "d", EWS: "e", Graph: "g",
			Webmail:       "w",
			Incoming:      []provider.Server{{Protocol: provider.POP3, LeaveOnServer: new(false)}},
			PasswordLogin: provider.PasswordLogin{PasswordState: provider.PasswordState{Status: provider.PasswordRetired}},
			Enable: &provider.Enable{URL: "s", Instructions: []provider.Note{{Lang: "en", Text: "tick it"},
				{Lang: "de", Text: "Haken"}}},
			Notes:         []provider.Note{{Text: "a note"}, {Lang: "fr", Text: "une note"}},
			Documentation: []provider.Documentation{{URL: "h", Lang: "en"}, {URL: "i", Lang: "de"}}},
			provider.Address{Local: "jo", Domain: "example.org"}},
			"Example for jo@example.org\n\n" +
				"      server  port  encryption  user name  authentication\n" +
				"POP3          0                            \n\n" +
				"JMAP: j\nCalendar: c\nContacts: d\nExchange Web Services: e\nMicrosoft Graph: g\nWebmail: w\n" +
				"Password login: retired.\nPOP3: mail that was fetched is deleted on the server.\n" +
				"Switch it on first: s\n- tick it\n- a note\nSee h\n"},
		"provider": {&config.Provider{Provider: provider.Provider{ID: "id", Name: "Example", Domains: []string{"a.example"},
			Incoming: []provider.Server{{Protocol: "imap", Host: "mail.a.example", Port: 993, Security: "tls",
				Auth: []provider.Auth{"password"}, Username: "%EMAILADDRESS%"}},
			OAuth2: &provider.OAuth2{Issuer: "https://a.example"}, MX: []string{"mx.a.example", "mx.b.example"},
			Unverified: []string{"b.example"}}, DomainsFile: config.DomainsFiles{{Path: "one"}, {Path: "two"}},
			DomainsCommand: &config.DomainsCommand{Command: []string{"list", "all"}}},
			"id               id\nname             Example\n" +
				"incoming         imap mail.a.example:993 tls (password)\n" +
				"user name        %EMAILADDRESS%\noauth2           https://a.example\n" +
				"mx               mx.a.example mx.b.example\ndomains command  list all\ndomains file     one, two\n" +
				"domains          1\n                 a.example\n" +
				"unverified       served only when their MX confirms it\n                 b.example\n"},
		"providers": {[]*config.Provider{{Provider: provider.Provider{ID: "id", Name: "Example",
			Incoming: []provider.Server{{Protocol: "imap", Host: "i", Port: 1, Security: "tls"}},
			Outgoing: []provider.Server{{Protocol: "smtp", Host: "o", Port: 2, Security: "plain"}}},
			DomainsFile:    config.DomainsFiles{{Path: "file"}},
			DomainsCommand: &config.DomainsCommand{Command: []string{"list", "all"}}}},
			"ID  NAME     DOMAINS              INCOMING         OUTGOING\n" +
				"id  Example  0 + file + list all  imap i:1 tls ()  smtp o:2 plain ()\n"},
		"profile": {verification{Signer: &signerJSON{Subject: "CN=a", Issuer: "CN=b",
			NotAfter: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC), SignedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
			Profile: &apple.Profile{DisplayName: "Mail\x1b", Identifier: "an.id", Description: "of mail",
				Payloads: []apple.Payload{{DisplayName: "Account", Type: "a.type", Email: "jo@a.example", OAuth: true,
					Secret: true, Servers: []apple.Server{{Role: "incoming", Host: "i", Port: 993, SSL: true, Username: "jo"},
						{Role: "outgoing", Host: "o"}}}}}},
			"signed by    CN=a\nissued by    CN=b\nsigned at    2026-01-02T03:04:05Z\nvalid until  2027-01-02\n" +
				"verified     no\nprofile      Mail\ufffd (an.id)\nsays         of mail\n" +
				"sets up      Account (a.type) for jo@a.example with sign-in in a browser WITH A PASSWORD INSIDE\n" +
				"               incoming i:993, encrypted, user name jo\n               outgoing o, NOT encrypted\n"},
	} {
		var b bytes.Buffer
		if err := (&printer{w: &b, width: usualWidth}).print(name, test.value); err != nil || b.String() != test.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, &b, test.want)
		}
	}
}
