package mozilla

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/finding"
	"autoconfig/provider"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// mailServer is a server with the usual user name that takes a password, unless said otherwise.
func mailServer(proto provider.Protocol, host string, port uint16, auth ...provider.Auth) provider.Server {
	s := provider.Server{Protocol: proto, Host: host, Port: port, Auth: auth}
	s.SetDefaults()
	return s
}

func pop3Only() *provider.Provider {
	pop := mailServer(provider.POP3, "pop.example.net", 995)
	pop.Username = provider.EmailLocalPart
	return &provider.Provider{
		Incoming: []provider.Server{pop},
		Outgoing: []provider.Server{mailServer(provider.SMTP, "smtp.example.net", 587)},
	}
}

// full has every element of version 1.2 that is written.
func full() *provider.Provider {
	sieve := mailServer(provider.ManageSieve, "sieve.%EMAILDOMAIN%", 4190)
	both := []provider.Auth{provider.AuthOAuth2, provider.AuthPassword}
	return &provider.Provider{
		Name: "Example Mail", ShortName: "Example",
		Incoming: []provider.Server{
			mailServer(provider.POP3, "pop.%EMAILDOMAIN%", 110),
			mailServer(provider.IMAP, "imap.%EMAILDOMAIN%", 993, both...),
			mailServer(provider.IMAP, "old.example.org", 143),
		},
		Outgoing: []provider.Server{
			mailServer(provider.SMTP, "smtp.%EMAILDOMAIN%", 465, both...),
			mailServer(provider.SMTP, "smtp.%EMAILDOMAIN%", 587),
		},
		OAuth2: &provider.OAuth2{
			Issuer: "https://id.example.org/realms/mail", AuthorizeURL: "https://id.example.org/authorize",
			TokenURL: "https://id.example.org/token", Scopes: []string{"mail", "offline_access"},
		},
		Graph: "https://graph.example.org/",
		Enable: &provider.Enable{URL: "https://www.example.org/switch",
			Instructions: []provider.Note{{Text: "Switch it on."}, {Lang: "de", Text: "Schalten Sie es ein."}}},
		JMAP:        "https://jmap.%EMAILDOMAIN%/.well-known/jmap",
		CalDAV:      "https://dav.example.org/calendars/",
		CardDAV:     "https://dav.example.org/addressbooks/",
		ManageSieve: &sieve,
		ActiveSync:  "https://eas.example.org/Microsoft-Server-ActiveSync",
		Webmail:     "https://webmail.%EMAILDOMAIN%/",
		Documentation: []provider.Documentation{
			{URL: "https://example.org/help", Lang: "en", Text: "Set up your mail program"},
			{URL: "https://example.org/status"},
			{URL: "https://example.org/help", Lang: "de", Text: "Mailprogramm einrichten"},
		},
	}
}

func markup() *provider.Provider {
	p := pop3Only()
	p.Incoming = []provider.Server{mailServer(provider.IMAP, "imap.example.net", 143)}
	p.Incoming[0].Username = `A&B<\` + provider.EmailLocalPart + `>"'`
	p.Name, p.ShortName = "\n\tMüller & Söhne <GmbH>\r\n\"Post\" ]]> ", "M&S <'\">"
	p.Webmail = `https://webmail.example.net/?a=1&b="<2>"`
	p.Documentation = []provider.Documentation{{URL: `https://example.net/?q="a"&r='<b>'`, Lang: "de",
		Text: "Hilfe & <b>mehr</b>\nin zwei Zeilen"}}
	return p
}

// goldens are the documents kept in testdata, with the findings that the model leaves no way around.
var goldens = []struct {
	file, domain string
	p            func() *provider.Provider
	findings     []string
}{
	{"live.xml", "live.co.uk", func() *provider.Provider { return provider.Builtin(provider.Outlook) }, nil},
	{"microsoft365.xml", "shop.example", func() *provider.Provider { return provider.Builtin(provider.Microsoft365) },
		[]string{"mozilla-oauth2-only", "mozilla-oauth2-only"}},
	{"full.xml", "example.com", full, nil},
	{"pop3.xml", "example.net", pop3Only, []string{"mozilla-imap-missing", "mozilla-username-not-address"}},
	{"markup.xml", "xn--bcher-kva.example", markup, []string{"mozilla-username-not-address"}},
}

func TestEncodeGolden(t *testing.T) {
	for _, tt := range goldens {
		t.Run(tt.file, func(t *testing.T) {
			got, err := Encode(tt.p(), tt.domain)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tt.file, got)
			p, err := decode(got)
			if err != nil {
				t.Fatal(err)
			}
			if p.ID != tt.domain || len(p.Domains) != 1 || p.Domains[0] != tt.domain {
				t.Errorf("id %q, domains %q", p.ID, p.Domains)
			}
			again, err := Encode(p, tt.domain)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(got), string(again)); diff != "" {
				t.Errorf("decoded and encoded again (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.findings, ids(Lint(got, "text/xml; charset=utf-8"))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// ids are the ids of findings, in their order.
func ids(list []finding.Finding) (out []string) {
	for _, f := range list {
		out = append(out, f.ID)
	}
	return out
}

// Every way to reach a server and to log in that a client can use makes a document without a Fail.
func TestEncodeLints(t *testing.T) {
	for _, auth := range [][]provider.Auth{
		{provider.AuthPassword}, {provider.AuthPasswordEncrypted}, {provider.AuthGSSAPI, provider.AuthPassword},
		{provider.AuthOAuth2, provider.AuthPassword}, {provider.AuthClientCertificate, provider.AuthPassword},
		{provider.AuthPassword, provider.AuthPassword},
	} {
		for _, in := range []uint16{993, 143, 10993} {
			for _, out := range []uint16{465, 587, 25} {
				p := full()
				p.Incoming = []provider.Server{mailServer(provider.IMAP, "imap.example.org", in, auth...)}
				p.Outgoing = []provider.Server{mailServer(provider.SMTP, "smtp.example.org", out, auth...)}
				got, err := Encode(p, "example.org")
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range Lint(got, "text/xml") {
					t.Errorf("%v, %d, %d: %s %s", auth, in, out, f.ID, f)
				}
			}
		}
	}
}

// The same provider encodes to the same document, but for the domain.
func TestEncodeDomainOnly(t *testing.T) {
	for _, tt := range goldens {
		a, err := Encode(tt.p(), "a.example")
		if err != nil {
			t.Fatal(err)
		}
		b, err := Encode(tt.p(), "bbb.example")
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.ReplaceAll(a, []byte("a.example"), []byte("bbb.example")); !bytes.Equal(got, b) {
			t.Errorf("%s: %s", tt.file, cmp.Diff(string(b), string(got)))
		}
	}
}

func TestEncodeDetails(t *testing.T) {
	for name, tt := range map[string]struct {
		change      func(*provider.Provider)
		has, hasNot string
	}{
		"version 1.1": {func(p *provider.Provider) { p.JMAP, p.CalDAV, p.CardDAV, p.ManageSieve = "", "", "", nil },
			`<clientConfig version="1.1">`, "setupServer"},
		"version 1.2": {func(p *provider.Provider) { p.JMAP, p.CalDAV, p.CardDAV = "", "", "" },
			`<clientConfig version="1.2">`, "jmap"},
		"no token URL": {func(p *provider.Provider) { p.OAuth2.TokenURL = "" }, "<authentication>OAuth2<", "<oAuth2>"},
		"no authorize URL": {func(p *provider.Provider) { p.OAuth2.AuthorizeURL = "" }, "<authentication>OAuth2<",
			"<oAuth2>"},
		"a method twice": {func(p *provider.Provider) { p.Incoming[1].Auth = []provider.Auth{"ntlm", "gssapi", "ntlm"} },
			"<authentication>NTLM</authentication>\n      <authentication>GSSAPI</authentication>\n      <username>",
			"<authentication>GSSAPI</authentication>\n      <authentication>"},
		"no oauth2 block": {func(p *provider.Provider) { p.OAuth2 = nil }, "<authentication>OAuth2<", "<oAuth2>"},
		"issuer bare": {func(p *provider.Provider) { p.OAuth2.Issuer = "ID.example.org" },
			"<issuer>id.example.org</issuer>", "realms"},
		"issuer no host": {func(p *provider.Provider) { p.OAuth2.Issuer = "https://[::1]/" }, "<oAuth2>", "<issuer>"},
		"no name": {func(p *provider.Provider) { p.Name, p.ShortName = "  ", "" },
			"<displayName>example.org</displayName>", "displayShortName"},
		"plain": {func(p *provider.Provider) { p.Incoming[1].Security = provider.Plain },
			"<socketType>plain</socketType>", "<socketType/>"},
		"login without": {func(p *provider.Provider) { p.Incoming[1].Auth = []provider.Auth{provider.AuthGSSAPI} },
			`system="http">Basic<`, "<url>https://jmap.example.org/.well-known/jmap</url>\n      <authentication>OAuth2"},
		"jmap by OAuth2": {func(p *provider.Provider) { p.Incoming[1].Auth = []provider.Auth{provider.AuthOAuth2} },
			"<url>https://jmap.example.org/.well-known/jmap</url>\n      <authentication>OAuth2", `system="http"`},
		"mail deleted": {func(p *provider.Provider) {}, `type="pop3"`, "leaveMessagesOnServer"},
		"mail not left": {func(p *provider.Provider) { p.Incoming[0].LeaveOnServer = new(false) },
			"<leaveMessagesOnServer>false</leaveMessagesOnServer>", "daysToLeave"},
		"mail left": {func(p *provider.Provider) { p.Incoming[0].LeaveOnServer = new(true) },
			"<leaveMessagesOnServer>true</leaveMessagesOnServer>", "daysToLeave"},
		"documentation void": {func(p *provider.Provider) { p.Documentation = []provider.Documentation{{Text: "x"}} },
			"</emailProvider>", "documentation"},
		"nothing for EAS": {func(p *provider.Provider) {}, "jmap", "ctiveSync"},
		"no clientID":     {func(p *provider.Provider) {}, "<oAuth2>", "clientID"},
	} {
		t.Run(name, func(t *testing.T) {
			p := full()
			tt.change(p)
			got, err := Encode(p, "example.org")
			if err != nil {
				t.Fatal(err)
			}
			if s := string(got); !strings.Contains(s, tt.has) || strings.Contains(s, tt.hasNot) {
				t.Errorf("want %q, not %q:\n%s", tt.has, tt.hasNot, s)
			}
		})
	}
}

func TestEncodeNoServers(t *testing.T) {
	for name, change := range map[string]func(*provider.Provider){
		"none":        func(p *provider.Provider) { p.Incoming, p.Outgoing = nil, nil },
		"no incoming": func(p *provider.Provider) { p.Incoming = nil },
		"no outgoing": func(p *provider.Provider) { p.Outgoing = nil },
	} {
		p := full()
		change(p)
		if b, err := Encode(p, "example.org"); !errors.Is(err, ErrNoServers) || b != nil {
			t.Errorf("%s: %v, %d bytes", name, err, len(b))
		}
	}
}

// Encode leaves the provider as it was: the server shares it between requests.
func TestEncodeChangesNothing(t *testing.T) {
	p := full()
	if _, err := Encode(p, "example.org"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full(), p); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkEncode(b *testing.B) {
	for name, p := range map[string]*provider.Provider{"live": provider.Builtin(provider.Outlook), "full": full()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Encode(p, "live.co.uk"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
