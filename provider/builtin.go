package provider

import (
	"strings"
	"sync"
)

// The ids of the built-in providers.
const (
	Outlook      = "outlook.com"
	Microsoft365 = "microsoft365"
)

// Builtins returns fresh copies of the built-in providers.
func Builtins() []*Provider { return []*Provider{outlook(), microsoft365()} }

// Builtin returns a fresh copy of the built-in provider with that id, or nil.
func Builtin(id string) *Provider {
	for _, p := range Builtins() {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// outlook is Outlook.com for consumers: Live, Hotmail, MSN and Outlook addresses.
func outlook() *Provider {
	return &Provider{
		ID: Outlook, Name: "Outlook.com", ShortName: "Outlook",
		Incoming: []Server{
			microsoftServer(IMAP, "outlook.office365.com", 993, TLS, AuthOAuth2, AuthPassword), // sourceISPDB, sourceMSServers
			microsoftServer(POP3, "outlook.office365.com", 995, TLS, AuthOAuth2, AuthPassword), // a POP delete deletes in the mailbox (sourceISPDB)
		},
		Outgoing: []Server{
			microsoftServer(SMTP, "smtp-mail.outlook.com", 587, STARTTLS, AuthOAuth2, AuthPassword), // sourceISPDB since 2025-07-28, sourceMSServers; 465 is not offered
		},
		OAuth2:       microsoftOAuth2(),
		ActiveSync:   "https://eas.outlook.com/Microsoft-Server-ActiveSync", // jobisoft/EAS-4-TbSync, personal-ms
		Webmail:      "https://outlook.live.com/",
		Autodiscover: Autodiscover{RedirectURL: "https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml"},
		PACC:         PACCAuto,
		PasswordLogin: PasswordLogin{Status: PasswordRetired, Since: "2024-09-16", // sourceMSBasic
			Note: "Microsoft has switched password login off for most of these accounts; sign in with Microsoft (OAuth2)."},
		Notes: outlookNotes(),
		Documentation: []Documentation{
			{"https://support.microsoft.com/office/d088b986-291d-42b8-9564-9c414e2aa040", "en", "POP, IMAP, and SMTP settings for Outlook.com"},
			{"https://support.microsoft.com/office/d088b986-291d-42b8-9564-9c414e2aa040", "de", "POP-, IMAP- und SMTP-Einstellungen für Outlook.com"},
		},
		Domains: outlookDomains(), Unverified: strings.Fields(unverifiedDomains),
		MX: []string{"olc.protection.outlook.com"}, // sourceISPDB lists it as a pseudo domain
	}
}

// microsoft365 is Exchange Online for customers' domains.
func microsoft365() *Provider {
	return &Provider{
		ID: Microsoft365, Name: "Microsoft 365", ShortName: "Microsoft 365",
		Incoming: []Server{
			microsoftServer(IMAP, "outlook.office365.com", 993, TLS, AuthOAuth2), // sourceISPDB
			microsoftServer(POP3, "outlook.office365.com", 995, TLS, AuthOAuth2), // sourceISPDB
		},
		Outgoing: []Server{
			microsoftServer(SMTP, "smtp.office365.com", 587, STARTTLS, AuthOAuth2, AuthPassword), // sourceISPDB
		},
		OAuth2:       microsoftOAuth2(),
		ActiveSync:   "https://outlook.office365.com/Microsoft-Server-ActiveSync", // AADInternals sample output
		Graph:        "https://graph.microsoft.com/",                              // sourceISPDB
		Webmail:      "https://outlook.office.com/mail/",
		Autodiscover: Autodiscover{RedirectURL: "https://outlook.office365.com/autodiscover/autodiscover.xml"},
		PACC:         PACCAuto,
		PasswordLogin: PasswordLogin{Status: PasswordRetired, Since: "2022-10-01", Note: "IMAP and POP3 take OAuth2 alone.", // sourceMSBasic365
			SMTP: &PasswordState{Status: PasswordWorks, Note: "Sending with a password works while the organisation allows it; " +
				"Microsoft switches it off by default at the end of December 2026."}}, // sourceMSTenants
		Notes: microsoft365Notes(!smtpOff),
		Documentation: []Documentation{{"https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/pop3-and-imap4/pop3-and-imap4", "en",
			"POP3 and IMAP4 in Exchange Online"}},
		MX:     []string{"mail.protection.outlook.com", "mail.eo.outlook.com", "mx.microsoft"},          // sourceMSDNS; mx.microsoft was announced for July 2026 (MC1048624)
		Vendor: &VendorDNS{Autodiscover: "autodiscover.outlook.com", SPF: "spf.protection.outlook.com"}, // sourceMSDNS
	}
}

// microsoftServer is one of Microsoft's. Where a password follows OAuth2 it is
// for clients without OAuth2, as some accounts and organisations still accept
// one. A client that deletes over POP3 deletes in the mailbox (sourceISPDB).
func microsoftServer(proto Protocol, host string, port uint16, sec Security, auth ...Auth) Server {
	s := Server{Protocol: proto, Host: host, Port: port, Security: sec, Auth: auth, Username: EmailAddress}
	if proto == POP3 {
		s.LeaveOnServer = new(true)
	}
	return s
}

func microsoftOAuth2() *OAuth2 { // sourceMSOAuth
	return &OAuth2{ //nolint:gosec // public end points, no credentials
		Issuer:       "https://login.microsoftonline.com/common/v2.0",
		AuthorizeURL: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
		TokenURL:     "https://login.microsoftonline.com/common/oauth2/v2.0/token",
		Scopes: []string{
			"https://outlook.office.com/IMAP.AccessAsUser.All",
			"https://outlook.office.com/POP.AccessAsUser.All",
			"https://outlook.office.com/SMTP.Send",
			"offline_access",
		},
	}
}

func outlookNotes() []Note {
	return []Note{
		{"en", "Sign in with Microsoft: login with a password, app passwords included, ended on 16 September 2024 for most accounts.", NoteSettings, "outlook.password"},
		{"en", "Switch on POP and IMAP first at outlook.live.com: Settings, Mail, Forwarding and IMAP. New mailboxes have them off.", NoteReceiving, "outlook.receiving"},
		{"en", "The user name is the account's primary alias, which may differ from the address you write from.", NoteSettings, "outlook.user"},
		{"en", "If sending fails with \"SmtpClientAuthentication is disabled\", try another program before you give up, such as Thunderbird on a computer or FairEmail on Android; the Outlook app works too.", NoteSending, "outlook.sending"},
		{"de", "Bei Microsoft anmelden: Die Anmeldung mit Passwort, auch mit App-Passwort, endete am 16. September 2024 für die meisten Konten.", NoteSettings, "outlook.password"},
		{"de", "Zuerst POP und IMAP unter outlook.live.com einschalten: Einstellungen, E-Mail, Weiterleitung und IMAP. Bei neuen Postfächern sind sie aus.", NoteReceiving, "outlook.receiving"},
		{"de", "Der Benutzername ist der primäre Alias des Kontos; er kann von der Absenderadresse abweichen.", NoteSettings, "outlook.user"},
		{"de", "Scheitert das Senden mit „SmtpClientAuthentication is disabled“, zuerst ein anderes Programm versuchen, etwa Thunderbird am Computer oder FairEmail unter Android; auch die Outlook-App geht.", NoteSending, "outlook.sending"},
	}
}

// smtpOff is whether Microsoft has switched passwords for sending off by default.
const smtpOff = true

func microsoft365Notes(off bool) []Note {
	en := "Sending with a password works while the organisation allows it; Microsoft switches it off by default at the end of December 2026. Sign in with Microsoft where the program can."
	de := "Das Senden mit Passwort geht, solange die Organisation es erlaubt; Microsoft schaltet es Ende Dezember 2026 als Voreinstellung ab. Wo das Programm es kann, bei Microsoft anmelden."
	if off {
		en = "Sending with a password has been off by default since the end of December 2026; an administrator of the organisation can switch it on again. Sign in with Microsoft where the program can."
		de = "Das Senden mit Passwort ist seit Ende Dezember 2026 als Voreinstellung aus; ein Administrator der Organisation kann es wieder einschalten. Wo das Programm es kann, bei Microsoft anmelden."
	}
	key := map[bool]string{true: "microsoft365.off", false: "microsoft365.sending"}[off]
	return []Note{
		{"en", "Sign in with Microsoft. The user name is the account's user principal name, which is mostly the address.", NoteSettings, "microsoft365.user"},
		{"en", en, NotePrograms, key},
		{"de", "Bei Microsoft anmelden. Der Benutzername ist der Benutzerprinzipalname, meist die Adresse.", NoteSettings, "microsoft365.user"},
		{"de", de, NotePrograms, key},
	}
}

// outlookDomains are the 102 consumer domains (sourceISPDB). There is no
// wildcard: names such as hotmail.co belong to others.
func outlookDomains() []string {
	var out []string
	for _, family := range []struct{ name, suffixes string }{
		{"hotmail", "com be ca cl cz de dk es fi fr gr hu it lt lv my nl no ph rs se sg sk co.id co.il co.in co.jp co.kr co.th co.uk co.za com.ar com.au com.br com.hk com.tr com.tw com.vn"},
		{"live", "com at be ca cl cn de dk fi fr hk ie in it jp nl no ru se co.jp co.kr co.uk co.za com.ar com.au com.mx com.my com.ph com.pt com.sg"},
		{"outlook", "com at be cl cz de dk es fr hu ie in it jp kr lv my ph pt sa sg sk co.id co.il co.th com.ar com.au com.br com.gr com.tr com.vn"},
		{"msn", "com"}, {"windowslive", "com"}, {"livemail", "tw"},
	} {
		for suffix := range strings.FieldsSeq(family.suffixes) {
			out = append(out, family.name+"."+suffix)
		}
	}
	return out
}

// unverifiedDomains are named by validator.js normalizeEmail.js only.
const unverifiedDomains = `hotmail.at hotmail.co.nz hotmail.com.gr hotmail.com.mx hotmail.com.pe hotmail.id
	hotmail.ie hotmail.in hotmail.jp hotmail.kr hotmail.pt hotmail.sa live.es live.eu outlook.co.nz
	outlook.com.pe outlook.id passport.com`

// VendorOwned returns the built-in provider that owns domain, or "". Nobody
// else can publish records there.
func VendorOwned(domain string) string { return vendorOwned()[domain] }

var vendorOwned = sync.OnceValue(func() map[string]string {
	owner := map[string]string{}
	for _, p := range Builtins() {
		for _, list := range [][]string{p.Domains, p.Unverified} {
			for _, domain := range list {
				owner[domain] = p.ID
			}
		}
	}
	return owner
})

// RetiredHost says why a host name is no longer right and what to use.
type RetiredHost struct{ Why, Use string }

// RetiredHosts are names that older guides still give for Microsoft's servers
// (thunderbird/autoconfig #6, #139, #141; nodemailer #1367).
func RetiredHosts() map[string]RetiredHost {
	return map[string]RetiredHost{
		"s.outlook.com":         {"it was for ActiveSync, which is at eas.outlook.com today", "an Exchange or Outlook.com account"},
		"m.hotmail.com":         {"it was for ActiveSync, which is at eas.outlook.com today", "an Exchange or Outlook.com account"},
		"smtp.live.com":         {"it stopped answering in January 2022", "smtp-mail.outlook.com, port 587, STARTTLS"},
		"pop3.live.com":         {"Microsoft moved it in 2013", "outlook.office365.com, port 995, TLS"},
		"imap-mail.outlook.com": {"Microsoft moved it in 2019", "outlook.office365.com, port 993, TLS"},
		"pop-mail.outlook.com":  {"Microsoft moved it in 2019", "outlook.office365.com, port 995, TLS"},
	}
}

// Known says what a host name or a domain in somebody's text is: vendor is
// "microsoft" for Microsoft's names and "" for all others; use and why are set
// for a retired host: what replaces it, and why.
func Known(name string) (vendor, use, why string) {
	if old, ok := RetiredHosts()[name]; ok {
		return "microsoft", old.Use, old.Why
	}
	if VendorOwned(name) != "" {
		return "microsoft", "", ""
	}
	return "", "", ""
}
