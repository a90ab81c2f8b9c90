package mozilla

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"autoconfig/finding"
	"autoconfig/provider"

	"github.com/google/go-cmp/cmp"
)

// sound is a document with nothing to find.
const sound = `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1"><emailProvider id="example.org"><domain>example.org</domain><displayName>Example</displayName>` + soundIMAP + soundSMTP + `</emailProvider></clientConfig>`

const (
	soundIMAP = `<incomingServer type="imap"><hostname>imap.example.org</hostname><port>993</port><socketType>SSL</socketType><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></incomingServer>`
	soundPOP3 = `<incomingServer type="pop3"><hostname>pop.example.org</hostname><port>995</port><socketType>SSL</socketType><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></incomingServer>`
	soundSMTP = `<outgoingServer type="smtp"><hostname>smtp.example.org</hostname><port>587</port><socketType>STARTTLS</socketType><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></outgoingServer>`
)

type lintRow struct {
	doc  string
	want string // "id subject got", several with ; between
}

// lintRows has at least one document for every finding: the sound one with one thing changed.
func lintRows() []lintRow {
	swap := func(pairs ...string) string {
		out := sound
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(out, pairs[i]) {
				panic("nothing to change: " + pairs[i])
			}
			out = strings.Replace(out, pairs[i], pairs[i+1], 1)
		}
		return out
	}
	const (
		imap, smtp = "incomingServer[1]/", "outgoingServer[1]/"
		auth       = "<authentication>password-cleartext</authentication>"
		imapHost   = "<hostname>imap.example.org</hostname>"
		oauth2     = "<authentication>OAuth2</authentication>"
		user       = "<username>%EMAILADDRESS%</username>"
	)
	smtpAuth := func(with string) string { return swap(soundSMTP, strings.Replace(soundSMTP, auth, with, 1)) }
	return []lintRow{
		{sound, ""},
		// as it is sent
		{"\n" + sound, "mozilla-document-late"},
		{"<!-- a -->" + sound, "mozilla-document-late"},
		{"\ufeff" + sound, "mozilla-document-mark"},
		{strings.TrimPrefix(sound, `<?xml version="1.0" encoding="UTF-8"?>`), ""},
		{swap("UTF-8", "ISO-8859-1"), "mozilla-document-encoding  autoconfig: document is not UTF-8"},
		{sound + strings.Repeat(" ", MaxSize), "mozilla-document-large  autoconfig: document larger than 64 KiB"},
		{"", "mozilla-document-syntax  not one root element"},
		{swap(`id="example.org"`, `id="example.org" id="b.org"`),
			"mozilla-document-syntax  an attribute is twice in one tag"},
		{swap("<clientConfig", "<!DOCTYPE clientConfig><clientConfig"), "mozilla-document-doctype"},
		{"<html/>", "mozilla-root-wrong html"},
		{swap("<clientConfig", `<a:clientConfig xmlns:a="x"`, "</clientConfig", "</a:clientConfig"),
			"mozilla-element-prefix a:clientConfig"},
		{swap("<clientConfig", `<clientConfig xmlns="urn:x"`), "mozilla-root-namespace clientConfig/@xmlns urn:x"},
		{swap(` version="1.1"`, ""), "mozilla-root-version clientConfig/@version"},
		{swap(`version="1.1"`, `version="2.0"`), "mozilla-root-version clientConfig/@version 2.0"},
		{swap(`version="1.1"`, `version="1.2"`), ""},
		{`<clientConfig version="1.1"/>`, "mozilla-provider-missing clientConfig"},
		{swap("</emailProvider></clientConfig>", "</emailProvider>"+second("second.example.org")+"</clientConfig>"),
			"mozilla-provider-several emailProvider 2"},
		{swap("</emailProvider></clientConfig>", "</emailProvider>"+second("-x")+"</clientConfig>"),
			"mozilla-provider-several emailProvider 2; mozilla-id-invalid emailProvider[2]/@id -x"},
		{swap("</emailProvider></clientConfig>", "</emailProvider>"+strings.Replace(second("b.org"), "993", "0", 1)+
			"</clientConfig>"),
			"mozilla-provider-several emailProvider 2; mozilla-port-invalid emailProvider[2]/incomingServer[1]/port 0"},
		// emailProvider
		{swap(` id="example.org"`, ""), "mozilla-id-missing emailProvider/@id"},
		{swap(`id="example.org"`, `id="Example Mail"`), "mozilla-id-invalid emailProvider/@id Example Mail"},
		{swap(`id="example.org"`, `id="bücher.example"`), "mozilla-id-invalid emailProvider/@id bücher.example"},
		{swap(`id="example.org"`, `id="%EMAILDOMAIN%"`), "mozilla-id-placeholder emailProvider/@id %EMAILDOMAIN%"},
		{swap(`id="example.org"`, `id="%EMAILDOMAIN"`), "mozilla-id-invalid emailProvider/@id %EMAILDOMAIN"},
		{swap(`id="example.org"`, `id="localnet"`, "<domain>example.org", "<domain>localnet"), ""},
		{swap("<domain>example.org", "<domain>exam<b/>ple.org"), "mozilla-value-element emailProvider/domain[1] exam"},
		{swap("<domain>example.org", "<domain>exam<!-- a comment -->ple.org"), ""},
		{swap("</displayName>", "</displayName><displayNameShort>x</displayNameShort>"),
			"mozilla-element-unknown emailProvider/displayNameShort x"},
		{swap("</displayName>",
			`</displayName><enable visiturl="https://example.org/"><instruction lang="en">x</instruction></enable>`), ""},
		{swap("<domain>example.org</domain>", ""), "mozilla-domain-missing emailProvider/domain"},
		{swap("<domain>example.org", "<domain>@example.org"), "mozilla-domain-missing emailProvider/domain @example.org"},
		{swap("<domain>", `<domain purpose="mx">mx.example.org</domain><domain>`),
			"mozilla-domain-attribute emailProvider/domain[1] mx.example.org"},
		{swap("<domain>", `<domain a="">`),
			"mozilla-domain-missing emailProvider/domain example.org; mozilla-domain-attribute emailProvider/domain[1] example.org"},
		{swap("<domain>example.org</domain>", "<domain>%EMAILDOMAIN%</domain><domain>b.org</domain>"), ""},
		{swap("<displayName>Example</displayName>", ""), "mozilla-name-missing emailProvider/displayName"},
		{swap("Example<", strings.Repeat("ö", 61)+"<"),
			"mozilla-name-long emailProvider/displayName " + strings.Repeat("ö", 61)},
		{swap("Example<", strings.Repeat("ö", 60)+"<", "<incoming", "<displayShortName>"+strings.Repeat("s", 21)+
			"</displayShortName><incoming"), "mozilla-name-long emailProvider/displayShortName " + strings.Repeat("s", 21)},
		{swap("</emailProvider>", `<calendar type="caldav"/><oAuth2/></emailProvider>`),
			"mozilla-element-misplaced emailProvider/calendar caldav; mozilla-element-misplaced emailProvider/oAuth2"},
		{swap("</clientConfig>", soundPOP3+"</clientConfig>"), "mozilla-server-misplaced clientConfig/incomingServer pop3"},
		{swap(soundIMAP, ""), "mozilla-incoming-missing emailProvider/incomingServer"},
		{swap(soundIMAP, `<incomingServer type="jmap"><url>https://x.org/</url></incomingServer>`),
			"mozilla-incoming-missing emailProvider/incomingServer"},
		{swap(soundSMTP, ""), "mozilla-outgoing-missing emailProvider/outgoingServer"},
		{swap(soundIMAP, soundPOP3), "mozilla-imap-missing emailProvider/incomingServer"},
		{swap(soundIMAP, `<incomingServer type="ews"><url>https://x.org/</url></incomingServer>`),
			"mozilla-imap-missing emailProvider/incomingServer"},
		{swap(soundIMAP, soundPOP3+soundIMAP), "mozilla-imap-not-first incomingServer[1] pop3"},
		{swap(soundIMAP, soundIMAP+soundPOP3), ""},
		{swap(soundIMAP, soundIMAP+soundIMAP), "mozilla-server-several incomingServer[2] imap"},
		{swap(soundIMAP, soundIMAP+soundPOP3+soundPOP3), "mozilla-server-several incomingServer[3] pop3"},
		{swap(soundSMTP, soundSMTP+soundSMTP), "mozilla-server-several outgoingServer[2] smtp"},
		{swap("</emailProvider>",
			`<documentation><descr lang="en">x</descr><descr>y</descr></documentation></emailProvider>`),
			"mozilla-documentation-incomplete emailProvider/documentation/@url; mozilla-documentation-incomplete emailProvider/documentation/descr/@lang"},
		{swap("</clientConfig>", "<oAuth2><issuer>https://id.example.org/</issuer></oAuth2></clientConfig>"),
			"mozilla-issuer-url oAuth2/issuer https://id.example.org/"},
		{swap("</clientConfig>", "<oAuth2><issuer>id.example.org</issuer></oAuth2></clientConfig>"), ""},
		// how a server is reached
		{swap(soundIMAP, soundIMAP+strings.Replace(soundPOP3, ` type="pop3"`, "", 1)),
			"mozilla-type-wrong incomingServer[2]/@type"},
		{swap(soundIMAP, soundIMAP+strings.Replace(soundPOP3, "pop3", "POP3", 1)),
			"mozilla-type-wrong incomingServer[2]/@type POP3"},
		{swap(soundIMAP, soundIMAP+strings.Replace(soundPOP3, `"pop3"`, `"pop3 "`, 1)),
			"mozilla-type-wrong incomingServer[2]/@type pop3 "},
		{swap(soundIMAP, soundIMAP+`<incomingServer type="smtp"/>`), "mozilla-type-unknown incomingServer[2]/@type smtp"},
		{swap(soundIMAP, soundIMAP+`<incomingServer type="jmap"/>`), "mozilla-url-missing incomingServer[2]/url jmap"},
		{swap(soundIMAP, soundIMAP+`<incomingServer type="activeSync"><url>https://x.org/</url></incomingServer>`), ""},
		{swap(imapHost, ""), "mozilla-value-missing " + imap + "hostname"},
		{swap("<port>993</port>", ""), "mozilla-value-missing " + imap + "port"},
		{swap("<socketType>SSL</socketType>", "<socketType> </socketType>"), "mozilla-value-missing " + imap + "socketType"},
		{swap(user, "<username/>"), "mozilla-value-missing " + imap + "username"},
		{swap(auth, ""), "mozilla-value-missing " + imap + "authentication"},
		{swap(auth, "<authentication/>"+auth), ""},
		{swap(auth, "<authentication> </authentication>"), "mozilla-value-missing " + imap + "authentication"},
		{smtpAuth("<authentication/>" + auth), ""},
		{swap("imap.example.org", "imap.example.org<b/>"), "mozilla-value-element " + imap + "hostname imap.example.org"},
		{swap("%EMAILADDRESS%", "<![CDATA[%EMAILADDRESS%]]>"), ""},
		{swap("password-cleartext", "password-cleartext<b/>"),
			"mozilla-value-element " + imap + "authentication password-cleartext"},
		{swap(user, user+"<password>secret</password>"), "mozilla-password-present " + imap + "password"},
		{swap(user, "<userName>x</userName>"),
			"mozilla-value-missing " + imap + "username; mozilla-element-unknown incomingServer[1]/userName x"},
		{swap("imap.example.org", "mailserver"), "mozilla-hostname-short " + imap + "hostname mailserver"},
		// port against security
		{swap("SSL", "STARTTLS"), "mozilla-port-security " + imap + "port 993 with STARTTLS"},
		{swap("993", "143"), "mozilla-port-security " + imap + "port 143 with SSL"},
		{swap(soundSMTP, strings.Replace(soundSMTP, "STARTTLS", "SSL", 1)),
			"mozilla-port-security " + smtp + "port 587 with SSL"},
		{swap(soundSMTP, strings.Replace(soundSMTP, "587", "465", 1)),
			"mozilla-port-security " + smtp + "port 465 with STARTTLS"},
		{swap(soundIMAP, soundIMAP+strings.Replace(soundPOP3, "SSL", "STARTTLS", 1)),
			"mozilla-port-security incomingServer[2]/port 995 with STARTTLS"},
		{swap("993", "9993"), ""},
		{swap("993", "143", "SSL", "STARTTLS"), ""},
		{swap(soundSMTP, strings.NewReplacer("587", "465", "STARTTLS", "SSL").Replace(soundSMTP)), ""},
		// a POP3 server spoils nothing but itself
		{swap(soundIMAP, soundIMAP+strings.NewReplacer("995", "110", "SSL", "plain").Replace(soundPOP3)),
			"mozilla-pop3-plain incomingServer[2]/socketType plain"},
		{swap(soundIMAP, soundIMAP+strings.Replace(soundPOP3, "password-cleartext", "NTLM", 1)), ""},
		{swap(soundIMAP, soundIMAP+strings.Replace(soundPOP3, "pop.example.org", "", 1)),
			"mozilla-pop3-unusable incomingServer[2]/hostname"},
		{swap(soundIMAP, soundIMAP+strings.Replace(soundPOP3, "SSL", "ssl", 1)),
			"mozilla-pop3-unusable incomingServer[2]/socketType ssl"},
		{swap("<port>993</port>", "<port>993</port><port>143</port>"), "mozilla-value-several " + imap + "port"},
		{swap("<hostname>", `<hostname x="">`), "mozilla-value-attribute " + imap + "hostname imap.example.org"},
		{swap("<port>", `<port x="">`), "mozilla-value-attribute " + imap + "port 993"},
		{swap("993", " 993\n"), "mozilla-value-blank " + imap + "port  993␣"},
		{swap("SSL", "SSL "), "mozilla-value-blank " + imap + "socketType SSL "},
		{swap("password-cleartext", "\tpassword-cleartext"),
			"mozilla-value-blank " + imap + "authentication ␣password-cleartext"},
		{swap("%EMAILADDRESS%", " %EMAILADDRESS%"), "mozilla-value-blank " + imap + "username  %EMAILADDRESS%"},
		{swap("imap.example.org", " imap.example.org"), "mozilla-hostname-blank " + imap + "hostname  imap.example.org"},
		{swap("imap.example.org", "imap_1.example.org"), "mozilla-hostname-invalid " + imap + "hostname imap_1.example.org"},
		{swap("imap.example.org", "imap.example.org:993"),
			"mozilla-hostname-invalid " + imap + "hostname imap.example.org:993"},
		{swap("imap.example.org", "bücher.example"), "mozilla-hostname-not-ascii " + imap + "hostname bücher.example"},
		{swap("imap.example.org", "imap.%EMAILDOMAIN%"),
			"mozilla-hostname-placeholder " + imap + "hostname imap.%EMAILDOMAIN%"},
		{swap("imap.example.org", "IMAP.example.org."), ""},
		{swap("imap.example.org", "2001:db8::1", "smtp.example.org", "192.0.2.1"), ""},
		{swap("993", "imaps"), "mozilla-port-invalid " + imap + "port imaps"},
		{swap("993", "0"), "mozilla-port-invalid " + imap + "port 0"},
		{swap("993", "65536"), "mozilla-port-invalid " + imap + "port 65536"},
		{swap("993", "9 93"), "mozilla-port-invalid " + imap + "port 9 93"},
		{swap("SSL", "ssl"), "mozilla-socket-unknown " + imap + "socketType ssl"},
		{swap("STARTTLS", "TLS"), "mozilla-socket-unknown " + smtp + "socketType TLS"},
		{swap("SSL", "plain"), "mozilla-socket-plain " + imap + "socketType plain"},
		// the login
		{swap(user, "<username>00123</username>"),
			"mozilla-username-number " + imap + "username 00123; mozilla-username-literal " + imap + "username 00123"},
		{swap(user, "<username>True</username>"),
			"mozilla-username-number " + imap + "username True; mozilla-username-literal " + imap + "username True"},
		{swap(user, "<username>EVOLUTIONUSER@example.org</username>"),
			"mozilla-username-literal " + imap + "username EVOLUTIONUSER@example.org"},
		{swap(user, "<username>%EMAILADDRESS</username>"), "mozilla-username-placeholder " + imap + "username %EMAILADDRESS"},
		{swap(user, "<username>EMAILADDRESS%</username>"), "mozilla-username-placeholder " + imap + "username EMAILADDRESS%"},
		{swap(user, "<username>%EMAIL ADDRESS%</username>"),
			"mozilla-username-placeholder " + imap + "username %EMAIL ADDRESS%"},
		{swap(user, "<username>%emailaddress%</username>"),
			"mozilla-username-placeholder " + imap + "username %emailaddress%"},
		{swap(user, "<username>%%EMAILADDRESS%%</username>"),
			"mozilla-username-placeholder " + imap + "username %%EMAILADDRESS%%"},
		{swap(user, "<username>${email}</username>"), "mozilla-username-placeholder " + imap + "username ${email}"},
		{swap(user, "<username>{{ .Email }}</username>"), "mozilla-username-placeholder " + imap + "username {{ .Email }}"},
		{swap(user, "<username>$EMAIL</username>"), "mozilla-username-placeholder " + imap + "username $EMAIL"},
		{swap(user, "<username>EMAILADDRESS</username>"), "mozilla-username-placeholder " + imap + "username EMAILADDRESS"},
		{swap(user, "<username>%EMAILLOCALPART%@%EMAILDOMAIN</username>"),
			"mozilla-username-placeholder " + imap + "username %EMAILLOCALPART%@%EMAILDOMAIN"},
		{swap(user, "<username>%EMAILLOCALPART%%%EMAILDOMAIN%</username>"),
			"mozilla-username-not-address " + imap + "username %EMAILLOCALPART%%%EMAILDOMAIN%"},
		{swap(user, "<username>mail$box</username>"), "mozilla-username-literal " + imap + "username mail$box"},
		{swap(user, "<username>%LOGIN%</username>"), "mozilla-username-placeholder " + imap + "username %LOGIN%"},
		{swap(user, "<username>%EMAILLOCALPART%</username>"),
			"mozilla-username-not-address " + imap + "username %EMAILLOCALPART%"},
		{swap(user, "<username>%EMAILLOCALPART%@%EMAILDOMAIN%</username>"), ""},
		{swap(auth, "<authentication>Login</authentication>"+auth), "mozilla-auth-unknown " + imap + "authentication Login"},
		{swap(auth, `<authentication system="sasl">SCRAM-SHA-256</authentication>`+auth),
			"mozilla-auth-attribute " + imap + "authentication SCRAM-SHA-256"},
		{swap(auth, "<authentication>none</authentication>"),
			"mozilla-auth-unusable " + imap + "authentication none; mozilla-auth-android " + imap + "authentication none"},
		{swap(auth, strings.Replace(auth, ">", ` a="">`, 1)),
			"mozilla-auth-attribute " + imap + "authentication password-cleartext; mozilla-auth-unusable " + imap +
				"authentication password-cleartext; mozilla-auth-android " + imap + "authentication password-cleartext"},
		{swap(auth, "<authentication>GSSAPI</authentication>"), "mozilla-auth-android " + imap + "authentication GSSAPI"},
		{smtpAuth("<authentication>client-IP-address</authentication>"),
			"mozilla-auth-android " + smtp + "authentication client-IP-address"},
		{swap(auth, oauth2), "mozilla-oauth2-only " + imap + "authentication OAuth2; mozilla-oauth2-host-unknown " + imap +
			"authentication imap.example.org"},
		{swap(auth, oauth2, "imap.example.org", "Outlook.Office365.com"),
			"mozilla-oauth2-only " + imap + "authentication OAuth2"},
		{swap(auth, oauth2, "imap.example.org", "imap.notgmail.com"), "mozilla-oauth2-only " + imap +
			"authentication OAuth2; mozilla-oauth2-host-unknown " + imap + "authentication imap.notgmail.com"},
		{swap(auth, oauth2+auth), ""},
		{swap(auth, auth+oauth2), ""},
	}
}

// second is another emailProvider.
func second(id string) string {
	return `<emailProvider id="` + id + `"><domain>b.org</domain><displayName>B</displayName>` + soundIMAP + soundSMTP +
		`</emailProvider>`
}

func TestLint(t *testing.T) {
	for _, row := range lintRows() {
		var got []string
		for _, f := range Lint([]byte(row.doc), "") {
			got = append(got, strings.TrimRight(f.ID+" "+f.Subject, " ")+detail(f))
		}
		if got := strings.Join(got, "; "); got != row.want {
			t.Errorf("%s\n got %s\nwant %s", row.doc[:min(len(row.doc), 1500)], got, row.want)
		}
	}
}

func detail(f finding.Finding) string {
	switch {
	case f.Got == nil:
		return ""
	case f.Subject == "":
		return "  " + f.Got[0]
	}
	return " " + f.Got[0]
}

// Every finding of the catalogue's area has a row, and the rows no other.
func TestLintRowsComplete(t *testing.T) {
	seen := map[string]bool{"mozilla-content-type-wrong": true} // TestLintContentType
	for _, row := range lintRows() {
		for w := range strings.SplitSeq(row.want, "; ") {
			id, _, _ := strings.Cut(w, " ")
			seen[id] = true
		}
	}
	for _, e := range finding.Catalogue() {
		if strings.HasPrefix(e.ID, "mozilla-") && !seen[e.ID] {
			t.Errorf("%s: no document shows it", e.ID)
		}
	}
}

func TestLintContentType(t *testing.T) {
	for contentType, ok := range map[string]bool{
		"": true, "text/xml": true, "application/xml": true, "text/xml; charset=utf-8": true,
		"application/xml ;charset=UTF-8": true,
		"text/html":                      false, "text/plain": false, "application/octet-stream": false,
		"application/xhtml+xml": false, "application/json": false,
		"TEXT/XML": false, "text/xml-external-parsed-entity": false, "charset=text/xml": false,
	} {
		got := ids(Lint([]byte(sound), contentType))
		if want := []string{"mozilla-content-type-wrong"}; ok && got != nil || !ok && !slices.Equal(got, want) {
			t.Errorf("%q: %v", contentType, got)
		}
	}
	if got := ids(Lint([]byte("<html>"), "text/html")); !slices.Equal(got,
		[]string{"mozilla-content-type-wrong", "mozilla-document-syntax"}) {
		t.Errorf("an HTML page: %v", got)
	}
}

func TestLintExamples(t *testing.T) {
	const only = "mozilla-oauth2-only"
	for file, want := range map[string][]string{
		"autoconfig-live.xml": nil,
		"bad-noid.xml":        {"mozilla-id-missing", only, only},
		"bad-port.xml":        {"mozilla-port-invalid", only, only},
		"weird-ok.xml":        {"mozilla-port-invalid", "mozilla-socket-unknown", only, only},
		"autoconfig-12.xml":   {"mozilla-domain-attribute", "mozilla-auth-attribute"},
	} {
		if diff := cmp.Diff(want, ids(Lint(read(t, file), "text/xml"))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func TestLintBounded(t *testing.T) {
	doc := mail(strings.Repeat(`<incomingServer type="imap"/>`, 2000))
	if n := len(Lint([]byte(doc), "")); n != finding.MaxLint {
		t.Errorf("%d findings", n)
	}
	f := Lint([]byte(strings.Replace(sound, "imap.ex", strings.Repeat("\u202e", 300), 1)), "")[0]
	if f.ID != "mozilla-hostname-not-ascii" || f.Got[0] != strings.Repeat("␣", 100)+"…" {
		t.Errorf("%+v", f)
	}
}

// A document without a Fail can be read, and what it says be written again without one.
func FuzzLint(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		list := Lint(doc, "")
		if len(list) > finding.MaxLint {
			t.Fatal(len(list))
		}
		if slices.ContainsFunc(list, fails) || slices.Contains(ids(list), "mozilla-document-doctype") {
			return
		}
		p, err := decode(doc)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Encode(p, "example.org")
		if errors.Is(err, ErrNoServers) && len(p.Incoming) == 0 ||
			errors.Is(err, provider.ErrIncomplete) { // Exchange alone; a POP3 server left out
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range Lint(again, "text/xml") {
			if fails(f) {
				t.Errorf("%s: %s", f.ID, f)
			}
		}
	})
}

func fails(f finding.Finding) bool { return f.Level == finding.Fail }

func BenchmarkLint(b *testing.B) {
	doc := read(b, "autoconfig-12.xml")
	for b.Loop() {
		Lint(doc, "text/xml")
	}
}
