package mozilla

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/provider"

	"github.com/google/go-cmp/cmp"
)

// decode is the provider of a document.
func decode(doc []byte) (*provider.Provider, error) {
	d, err := Decode(doc)
	if err != nil {
		return nil, err
	}
	return d.Provider, nil
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Everything version 1.2 has is read, in the document's order.
func TestDecodeFull(t *testing.T) {
	got, err := decode(read(t, "autoconfig-12.xml"))
	if err != nil {
		t.Fatal(err)
	}
	const user = provider.EmailAddress
	want := &provider.Provider{
		ID: "example.org", Name: "Example Mail", ShortName: "Example",
		Incoming: []provider.Server{{Protocol: provider.IMAP, Host: "imap.example.org", Port: 993, Security: provider.TLS,
			Auth: []provider.Auth{provider.AuthPasswordEncrypted, provider.AuthOAuth2, provider.AuthPassword}, Username: user}},
		Outgoing: []provider.Server{{Protocol: provider.SMTP, Host: "smtp.example.org", Port: 465, Security: provider.TLS,
			Auth: []provider.Auth{provider.AuthOAuth2, provider.AuthPassword}, Username: user}},
		OAuth2: &provider.OAuth2{Issuer: "https://id.example.org", AuthorizeURL: "https://id.example.org/authorize",
			TokenURL: "https://id.example.org/token", Scopes: []string{"openid", "offline_access", "mail"}},
		JMAP: "https://jmap.example.org/.well-known/jmap", CalDAV: "https://dav.example.org/calendars/",
		CardDAV: "https://dav.example.org/addressbooks/",
		ManageSieve: &provider.Server{Protocol: provider.ManageSieve, Host: "sieve.example.org", Port: 4190,
			Security: provider.STARTTLS,
			Auth:     []provider.Auth{provider.AuthPassword}, Username: user},
		Documentation: []provider.Documentation{
			{URL: "https://example.org/help", Lang: "en", Text: "Set up your mail app"},
			{URL: "https://example.org/help", Lang: "de", Text: "Mailprogramm einrichten"},
		},
		Domains: []string{"example.org"}, MX: []string{"mx.example.net"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a document of others says, and what Validate says of it.
func TestDecodeExamples(t *testing.T) {
	for file, want := range map[string]struct {
		id       string
		port     uint16
		security provider.Security
		faults   string
	}{
		"autoconfig-live.xml": {"live.co.uk", 993, provider.TLS, ""},
		"bad-noid.xml":        {"", 993, provider.TLS, ""},
		"bad-port.xml":        {"live.co.uk", 0, provider.TLS, "config-port-invalid"},
		"weird-ok.xml":        {"live.co.uk", 0, "", "config-security-unknown"}, // the port of a mode unknown is not looked at
	} {
		p, err := decode(read(t, file))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		in := p.Incoming[0]
		if p.ID != want.id || p.Domains[0] != "live.co.uk" || in.Host != "outlook.office365.com" || in.Port != want.port ||
			in.Security != want.security || p.Outgoing[0].Port != 587 {
			t.Errorf("%s: %+v", file, p)
		}
		var faults []string
		for _, f := range p.Validate() {
			if !f.Warning {
				faults = append(faults, f.ID)
			}
		}
		if got := strings.Join(faults, " "); got != want.faults {
			t.Errorf("%s: faults %q, want %q", file, got, want.faults)
		}
	}
}

// mail is a document with that inside its emailProvider.
func mail(inside string) string {
	return `<clientConfig version="1.1"><emailProvider id="example.org">` + inside + "</emailProvider></clientConfig>"
}

// incoming is a server element with that inside beside the usual.
func incoming(kind, inside string) string {
	return `<incomingServer type="` + kind + `"><hostname>mail.example.org</hostname><username>u</username>` + inside +
		"</incomingServer>"
}

func TestDecodeForgives(t *testing.T) {
	imap := func(change func(*provider.Server)) *provider.Provider {
		s := provider.Server{Protocol: provider.IMAP, Host: "mail.example.org", Username: "u"}
		change(&s)
		return &provider.Provider{ID: "example.org", Incoming: []provider.Server{s}}
	}
	same := func(*provider.Server) {}
	one := mail(incoming("imap", ""))
	for name, tt := range map[string]struct {
		doc  string
		want *provider.Provider
	}{
		"nothing in it":     {mail(""), &provider.Provider{ID: "example.org"}},
		"mark, late header": {"\ufeff\n<?xml version='1.0' encoding='utf-8'?>" + one, imap(same)},
		"US-ASCII":          {"<?xml version='1.0' encoding='US-ASCII'?>" + one, imap(same)},
		"prefixes, namespace": {`<a:clientConfig xmlns:a="x" xmlns="y"><a:emailProvider id="example.org">` +
			incoming("imap", "") + "</a:emailProvider></a:clientConfig>", imap(same)},
		"comments": {"<!-- a -->" + strings.Replace(one, "mail.ex", "<!-- b -->mail<!-- c -->.ex", 1) + "<?pi?>\n",
			imap(same)},
		"white space": {mail(incoming("imap", "<port>\n 993\t</port><socketType> SSL </socketType><authentication> OAuth2\n</authentication><authentication>OAuth</authentication>")), imap(func(s *provider.Server) {
			s.Port, s.Security, s.Auth = 993, provider.TLS, []provider.Auth{provider.AuthOAuth2}
		})},
		"CDATA": {mail(incoming("imap", "<port><![CDATA[99]]>3</port>")),
			imap(func(s *provider.Server) { s.Port = 993 })},
		"first known socket": {mail(incoming("imap", "<socketType>tls</socketType><socketType>STARTTLS</socketType><socketType>SSL</socketType>")), imap(func(s *provider.Server) { s.Security = provider.STARTTLS })},
		"plain": {mail(incoming("imap", "<socketType>plain</socketType>")),
			imap(func(s *provider.Server) { s.Security = provider.Plain })},
		"bad port, then none": {mail(incoming("imap", "<port>65536</port>")), imap(same)},
		"types unknown": {mail(incoming("IMAP", "") + incoming("nntp", "") + incoming("imap", "") + incoming("", "")),
			imap(same)},
		"second provider": {strings.Replace(one, "</clientConfig>",
			"<emailProvider>"+incoming("pop3", "")+"</emailProvider></clientConfig>", 1), imap(same)},
		"server outside": {strings.Replace(one, "</clientConfig>", incoming("pop3", "")+"<domain>x.org</domain></clientConfig>", 1), imap(same)},
		"pop3 options": {mail(incoming("pop3", "<pop3><leaveMessagesOnServer>true</leaveMessagesOnServer></pop3>")),
			&provider.Provider{ID: "example.org", Incoming: []provider.Server{{Protocol: provider.POP3, Host: "mail.example.org", Username: "u", LeaveOnServer: new(true)}}}},
		"services inside": {mail(`<calendar type="caldav"><url>https://a.example.org/</url></calendar><addressBook type="carddav"><url>https://b.example.org/</url></addressBook><incomingServer type="activesync"><url>https://c.example.org/</url></incomingServer><webMail><loginPage url="https://d.example.org/"/></webMail><webMail><loginPage url="https://e.example.org/"/></webMail>`),
			&provider.Provider{ID: "example.org", CalDAV: "https://a.example.org/", CardDAV: "https://b.example.org/",
				ActiveSync: "https://c.example.org/", Webmail: "https://d.example.org/"}},
		"documentation": {mail(`<documentation><descr>lost</descr></documentation><documentation url=" https://a.example.org/ "/>`),
			&provider.Provider{ID: "example.org", Documentation: []provider.Documentation{{URL: "https://a.example.org/"}}}},
		"issuer a URL": {mail("<oAuth2><issuer>https://id.example.org/a</issuer></oAuth2><oAuth2/>"),
			&provider.Provider{ID: "example.org", OAuth2: &provider.OAuth2{Issuer: "https://id.example.org/a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode([]byte(tt.doc))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want,
				got, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Scopes" }, cmp.Ignore())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAuthWords(t *testing.T) {
	for _, a := range provider.Auths() {
		if got, ok := authOf("", authWord(a)); got != a || !ok {
			t.Errorf("%s: written as %q, read as %q", a, authWord(a), got)
		}
	}
	if word := authWord("magic"); word != "" {
		t.Errorf("magic: %q", word)
	}
	for _, tt := range []struct {
		system, word string
		want         provider.Auth // "" for unknown
	}{
		{"", "OAuth", provider.AuthOAuth2}, {"", "plain", provider.AuthPassword},
		{"", "secure", provider.AuthPasswordEncrypted},
		{"", "http-basic", provider.AuthPassword}, {"", "http-digest", provider.AuthPasswordEncrypted},
		{"", "smtp-after-pop", provider.AuthNone},
		{"http", "Basic", provider.AuthPassword}, {"http", "Digest", provider.AuthPasswordEncrypted},
		{"http", "Bearer", provider.AuthOAuth2},
		{"sasl", "PLAIN", provider.AuthPassword}, {"sasl", "scram-sha-1", provider.AuthPasswordEncrypted},
		{"sasl", "EXTERNAL", provider.AuthClientCertificate},
		{"sasl", "OAUTHBEARER", provider.AuthOAuth2}, {"sasl", "ANONYMOUS", ""}, {"", "oauth2", ""}, {"", "SCRAM-SHA-1", ""},
		{"", "", ""},
	} {
		if got, ok := authOf(tt.system, tt.word); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s %s: %q, %v", tt.system, tt.word, got, ok)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := mail(incoming("imap", ""))
	for name, tt := range map[string]struct {
		doc  string
		want error
	}{
		"empty":             {"", ErrSyntax},
		"a word":            {"404 page not found", ErrSyntax},
		"HTML":              {"<html><body>It works!</body></html>", ErrNotAutoconfig},
		"other case":        {"<clientconfig><emailprovider/></clientconfig>", ErrNotAutoconfig},
		"no provider":       {"<clientConfig/>", ErrNotAutoconfig},
		"cut short":         {good[:len(good)-3], ErrSyntax},
		"not closed":        {"<clientConfig><emailProvider>", ErrSyntax},
		"not escaped":       {mail("<displayName>M&S</displayName>"), ErrSyntax},
		"attribute twice":   {strings.Replace(good, `id="example.org"`, `id="a.org" id="b.org"`, 1), ErrSyntax},
		"two roots":         {good + good, ErrSyntax},
		"text after":        {good + "x", ErrSyntax},
		"text after header": {"<?xml version='1.0'?>x" + good, ErrSyntax},
		"text after a note": {good + "<!-- a -->x", ErrSyntax},
		"doctype":           {"<!DOCTYPE clientConfig>" + good, ErrDirective},
		"doctype, late":     {good + "<!DOCTYPE clientConfig>", ErrDirective},
		"doctype, inside":   {mail("<!DOCTYPE x>"), ErrDirective},
		"entities":          {`<!DOCTYPE x [<!ENTITY e "x">]>` + mail("<displayName>&e;</displayName>"), ErrSyntax},
		"entities, unused":  {`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + good, ErrDirective},
		"latin 1":           {`<?xml version="1.0" encoding="ISO-8859-1"?>` + good, ErrEncoding},
		"latin 1, silent":   {mail("<displayName>M\xfcller</displayName>"), ErrEncoding},
		"UTF-16":            {"\xff\xfe<\x00c\x00", ErrEncoding},
		"too deep":          {mail(strings.Repeat("<a>", maxDepth) + strings.Repeat("</a>", maxDepth)), ErrSyntax},
		"too large":         {good + strings.Repeat(" ", MaxSize-len(good)+1), ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := decode([]byte(tt.doc)); !errors.Is(err, tt.want) || p != nil {
				t.Errorf("%+v, %v, want %v", p, err, tt.want)
			}
		})
	}
	for name, doc := range map[string]string{
		"64 KiB":      good + strings.Repeat(" ", MaxSize-len(good)),
		"deep enough": mail(strings.Repeat("<a>", maxDepth-2) + strings.Repeat("</a>", maxDepth-2)),
	} {
		if _, err := decode([]byte(doc)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// seed adds every document of testdata, and some that are none.
func seed(f *testing.F) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) < 10 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		f.Add(read(f, filepath.Base(file)))
	}
	for _, row := range lintRows() {
		f.Add([]byte(row.doc))
	}
}

// Whatever is read can be written again, and then stays as it is.
func FuzzDecode(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		p, err := decode(doc)
		if err != nil {
			return
		}
		first, err := Encode(p, "example.org")
		if errors.Is(err, ErrNoServers) || errors.Is(err, provider.ErrIncomplete) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		q, err := decode(first)
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		if again, err := Encode(q, "example.org"); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("%v\n%s", err, cmp.Diff(string(first), string(again)))
		}
	})
}
