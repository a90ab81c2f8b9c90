package discover

import (
	"strings"
	"testing"

	"autoconfig/provider"
)

// document is what every client takes; the tests change one thing at a time.
const document = `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="example.test">
    <domain>example.test</domain>
    <displayName>Example</displayName>
    <incomingServer type="imap">
      <hostname>imap.example.test</hostname>
      <port>993</port>
      <socketType>SSL</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>smtp.example.test</hostname>
      <port>587</port>
      <socketType>STARTTLS</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </outgoingServer>
  </emailProvider>
</clientConfig>
`

const (
	imapBlock  = "<incomingServer type=\"imap\">"
	outBlock   = "<outgoingServer type=\"smtp\">"
	usual      = "imap imap.example.test:993 tls, smtp smtp.example.test:587 starttls; user@example.test password"
	password   = "<authentication>password-cleartext</authentication>"
	username   = "<username>%EMAILADDRESS%</username>"
	imapServer = `<incomingServer type="imap"><hostname>second.example.test</hostname><port>993</port><socketType>SSL</socketType>` + password + username + `</incomingServer>`
	popServer  = `<incomingServer type="pop3"><hostname>pop.example.test</hostname><port>995</port><socketType>SSL</socketType>` + password + username + `</incomingServer>`
	smtpServer = `<outgoingServer type="smtp"><hostname>second.example.test</hostname><port>465</port><socketType>SSL</socketType>` + password + username + `</outgoingServer>`
	secondIMAP = "imap second.example.test:993 tls, smtp smtp.example.test:587 starttls; user@example.test password"
	popFirst   = "pop3 pop.example.test:995 tls, smtp smtp.example.test:587 starttls; user@example.test password"
)

func edit(pairs ...string) string {
	doc := document
	for i := 0; i < len(pairs); i += 2 {
		doc = strings.Replace(doc, pairs[i], pairs[i+1], 1)
	}
	return doc
}

func user() vars {
	a := provider.Address{Local: "user", Domain: "example.test"}
	return vars{addr: a, login: a, ispdb: "https://ispdb.test/v1.1/"}
}

// outgoing is the document with another word for the outgoing server's login.
func outgoing(word string) string {
	in, out, _ := strings.Cut(document, outBlock)
	return in + outBlock + strings.Replace(out, "password-cleartext", word, 1)
}

// says is what a client makes of a document, in one line.
func says(c config) string {
	if c.settings == nil {
		return string(c.fault)
	}
	in := c.settings.Incoming
	out := c.settings.words() + "; " + in.Username
	for _, a := range in.Auth {
		out += " " + string(a)
	}
	if o := c.settings.Outgoing; o != nil && len(o.Auth) > 0 && o.Auth[0] != provider.AuthPassword {
		out += "; outgoing " + string(o.Auth[0])
	}
	return out
}

func with(host, smtp, login string) string {
	return "imap " + host + ":993 tls, smtp " + smtp + ":587 starttls; " + login
}

// oauth2 is a block with OAuth2 as the only way to log in.
func oauth2(block string) string { return strings.Replace(block, "password-cleartext", "OAuth2", 1) }

// another is a second emailProvider.
func another(id string) string {
	return `<emailProvider id="` + id + `"><domain>b.test</domain>` + imapServer + smtpServer + `</emailProvider>`
}

// TestReading has a row for every variation of a document that was measured on
// the real programs, and those read in the source of Thunderbird for Android.
func TestReading(t *testing.T) {
	t.Parallel()
	type row struct {
		name, body, contentType string
		want                    map[string]string
	}
	readings := map[string]reading{}
	for _, c := range clients() {
		if c.Reads.Host != "" {
			readings[c.Name] = c.Reads
		}
	}
	// all makes every client end alike, but for those named.
	all := func(want string, but ...string) map[string]string {
		out := map[string]string{}
		for name := range readings {
			out[name] = want
		}
		for i := 0; i < len(but); i += 2 {
			out[but[i]] = but[i+1]
		}
		return out
	}
	tb := func(want string) map[string]string { return map[string]string{"thunderbird": want} }
	android := func(want string) map[string]string { return map[string]string{"thunderbird-android": want} }
	noType := func(kind string) row { return row{"type " + kind, document, kind, tb("content-type")} }
	rows := []row{
		{"plain case", document, "", all(usual)},
		{"nothing", "", "", all("malformed")},
		{"several imap", edit(outBlock, imapServer+outBlock),
			"", all(usual, "evolution", secondIMAP, "fairemail", secondIMAP)},
		{"several smtp", edit("</emailProvider>", smtpServer+"</emailProvider>"), "", all(usual,
			"evolution", "imap imap.example.test:993 tls, smtp second.example.test:465 tls; user@example.test password",
			"fairemail", "imap imap.example.test:993 tls, smtp second.example.test:465 tls; user@example.test password",
			"aerc", "imap imap.example.test:993 tls, smtp second.example.test:465 tls; user@example.test password")},
		{"pop3 before imap", edit(imapBlock, popServer+imapBlock), "",
			all(usual, "geary", "rejected", "thunderbird", popFirst)},
		{"pop3 alone", edit(imapBlock, "<incomingServer type=\"pop3\">"), "", map[string]string{
			"thunderbird": "pop3 imap.example.test:993 tls, smtp smtp.example.test:587 starttls; user@example.test password",
			"geary":       "rejected", "deltachat": "rejected", "aerc": "rejected", "thunderbird-android": "rejected"}},
		{"domain placeholder", edit("imap.example.test", "imap.%EMAILDOMAIN%"), "", all(usual,
			"evolution", with("imap.", "smtp.example.test", "user@example.test password"),
			"geary", with("imap.%EMAILDOMAIN%", "smtp.example.test", "user@example.test password"),
			"fairemail", with("imap.%EMAILDOMAIN%", "smtp.example.test", "user@example.test password"),
			"nextcloud", with("imap.%EMAILDOMAIN%", "smtp.example.test", "user@example.test password"),
			"aerc", with("imap.%25EMAILDOMAIN%25", "smtp.example.test", "user@example.test password"))},
		{"local part as user name", edit(username, "<username>%EMAILLOCALPART%</username>"), "", all(
			with("imap.example.test", "smtp.example.test", "user password"),
			"geary", usual, "aerc", usual)},
		{"no user name", edit(username, ""), "", map[string]string{
			"deltachat": "imap example.test:993 tls, smtp smtp.example.test:587 starttls; user@example.test password",
			"evolution": with("imap.example.test", "smtp.example.test", "(null) password"),
			"geary":     usual, "aerc": usual,
			"thunderbird":         with("imap.example.test", "smtp.example.test", "undefined password"),
			"thunderbird-android": "rejected"}},
		{"EVOLUTIONUSER filled in by the server", edit(username, "<username>EVOLUTIONUSER@example.test</username>"),
			"", map[string]string{
				"evolution": usual,
				"deltachat": with("imap.example.test", "smtp.example.test", "EVOLUTIONUSER@example.test password")}},
		{"OAuth2 alone", edit("password-cleartext", "OAuth2", "password-cleartext", "OAuth2"), "", map[string]string{
			"deltachat": usual,
			"evolution": with("imap.example.test", "smtp.example.test", "user@example.test none; outgoing none"),
			"geary":     with("imap.example.test", "smtp.example.test", "user@example.test oauth2; outgoing oauth2"),
			"aerc":      with("imap.example.test", "smtp.example.test", "user@example.test oauth2; outgoing oauth2"),
			// the server is dropped: no client id for its host
			"thunderbird": "empty", "thunderbird-android": "rejected"}},
		{"OAuth2, then a password", edit(password, "<authentication>OAuth2</authentication>"+password), "", tb(usual)},
		{"live.co.uk",
			strings.ReplaceAll(edit("imap.example.test", "outlook.office365.com", "smtp.example.test", "smtp-mail.outlook.com"),
				password, "<authentication>OAuth2</authentication>"+password), "", map[string]string{
				"thunderbird": with("outlook.office365.com", "smtp-mail.outlook.com",
					"user@example.test oauth2; outgoing oauth2"),
				"thunderbird-android": with("outlook.office365.com", "smtp-mail.outlook.com",
					"user@example.test oauth2 password; outgoing oauth2")}},
		{"live.co.uk, password first", edit("imap.example.test", "outlook.office365.com", password,
			password+"<authentication>OAuth2</authentication>"), "",
			tb(with("outlook.office365.com", "smtp.example.test", "user@example.test password"))},
		{"another document", "<other/>", "", all("empty")},
		{"page", "<!DOCTYPE html><html><body>hello<br></body></html>", "text/html", all("page")},
		{"page as XML", "<html><body/></html>", "", all("page")},

		{"type with charset", document, "text/xml;charset=UTF-8", tb(usual)},
		{"type with blanks", document, "application/xml ; charset=utf-8", tb(usual)},
		noType("text/html"), noType("text/plain"), noType("application/octet-stream"), noType("none"),
		noType("application/xhtml+xml"), noType("text/rdf"), noType("application/json"), noType("TEXT/XML"),
		{"no type", document, "-", tb("content-type")},
		{"type is nothing to the others", document, "text/plain", all(usual, "thunderbird", "content-type")},

		{"byte order mark", "\ufeff" + document, "", tb(usual)},
		{"no declaration", strings.SplitAfterN(document, "\n", 2)[1], "", tb(usual)},
		{"DOCTYPE", edit("<clientConfig", "<!DOCTYPE clientConfig><clientConfig"), "", tb(usual)},
		{"default namespace", edit("<clientConfig", `<clientConfig xmlns="urn:x"`), "", tb(usual)},
		{"no version", edit(` version="1.1"`, ""), "", tb(usual)},
		{"version 2.0", edit(`"1.1"`, `"2.0"`), "", tb(usual)},
		{"line break first", "\n" + document, "", all("malformed")},
		{"prefixed root", edit("<clientConfig", `<a:clientConfig xmlns:a="urn:x"`, "</clientConfig", "</a:clientConfig"),
			"", tb("empty")},
		{"malformed", edit("</port>", ""), "", all("malformed")},
		{"no id", edit(` id="example.test"`, ""),
			"", map[string]string{"thunderbird": "rejected", "thunderbird-android": "rejected", "geary": usual}},
		{"id is not a host", edit(`id="example.test"`, `id="Example Mail"`),
			"", map[string]string{"thunderbird": "rejected", "thunderbird-android": "rejected"}},
		{"no domain", edit("<domain>example.test</domain>", ""), "",
			map[string]string{"thunderbird": "rejected", "thunderbird-android": "rejected", "aerc": usual}},
		{"attribute on domain", edit("<domain>", `<domain purpose="mx">`),
			"", map[string]string{"thunderbird": "rejected", "thunderbird-android": usual}},
		{"attribute on hostname", edit("<hostname>", `<hostname a="b">`), "", tb("rejected")},
		{"attribute on port", edit("<port>", `<port a="b">`), "", tb("rejected")},
		{"another's domain", edit("<domain>example.test", "<domain>elsewhere.test"), "", tb(usual)},
		{"domain placeholder in domain", edit("<domain>example.test", "<domain>%EMAILDOMAIN%"), "", tb(usual)},
		// what the clients' own tests and sources settle
		{"OAuth2 only in the second of each kind",
			edit(outBlock, oauth2(imapServer)+outBlock, "</emailProvider>", oauth2(smtpServer)+"</emailProvider>"), "",
			map[string]string{"thunderbird": usual, "thunderbird-android": usual}},
		{"OAuth2 only in the first imap", edit(imapBlock, oauth2(imapServer)+imapBlock), "",
			map[string]string{"thunderbird": usual, "thunderbird-android": "rejected"}},
		{"OAuth2 only in the second, for a known host", edit(outBlock,
			strings.Replace(oauth2(imapServer), "second.example.test", "imap.gmail.com", 1)+outBlock), "", android(usual)},
		{"id is a placeholder", edit(`id="example.test"`, `id="%EMAILDOMAIN%"`),
			"", map[string]string{"thunderbird": usual, "thunderbird-android": "rejected"}},
		{"id has a placeholder", edit(`id="example.test"`, `id="mail.%EMAILDOMAIN%"`),
			"", map[string]string{"thunderbird": usual, "thunderbird-android": "rejected"}},
		{"id is half a placeholder", edit(`id="example.test"`, `id="%EMAILDOMAIN"`), "",
			map[string]string{"thunderbird": "rejected", "thunderbird-android": "rejected"}},
		{"id of one label", edit(`id="example.test"`, `id="localnet"`), "",
			map[string]string{"thunderbird": usual, "thunderbird-android": usual}},
		{"domain of one label", edit("<domain>example.test", "<domain>localnet"), "",
			map[string]string{"thunderbird": usual, "thunderbird-android": usual}},
		{"two providers", edit("</emailProvider>", "</emailProvider>"+another("b.test")), "", all(usual,
			"thunderbird-android",
			"imap second.example.test:993 tls, smtp second.example.test:465 tls; user@example.test password")},
		{"two providers, the second bad", edit("</emailProvider>", "</emailProvider>"+another("-x")), "",
			all(usual, "thunderbird-android", "rejected")},
		{"two providers, the first bad",
			edit(`id="example.test"`, `id="-x"`, "</emailProvider>", "</emailProvider>"+another("b.test")), "",
			map[string]string{"thunderbird": "rejected", "thunderbird-android": "rejected"}},
		{"an element in a host name", edit("imap.example.test", "imap.example.test<b/>"), "",
			map[string]string{"thunderbird": "rejected", "thunderbird-android": "rejected", "geary": usual}},
		{"an element in a user name", edit("%EMAILADDRESS%", "%EMAILADDRESS%<b/>"), "", android("rejected")},
		{"an element in a domain", edit("<domain>", "<domain><b/>"), "", android("rejected")},
		{"a comment in a host name", edit("imap.example.test", "imap.<!-- x -->example.test"), "", all(usual)},
		{"an element in the pop3 block", edit(outBlock, strings.Replace(popServer, "pop.", "<b/>pop.", 1)+outBlock),
			"", android(usual)},
		{"plain pop3", edit(outBlock, strings.Replace(popServer, "SSL", "plain", 1)+outBlock), "",
			map[string]string{"thunderbird": usual, "thunderbird-android": usual}},
		{"empty authentication first", edit(password, "<authentication/>"+password), "",
			map[string]string{"thunderbird": usual, "thunderbird-android": usual}},
		{"text behind the root", document + `";`, "", all("malformed", "deltachat", usual)},
		{"another root behind", document + "<b/>", "", all("malformed", "deltachat", usual)},
		{"port with words behind", edit("993", "993 (SSL)"), "",
			map[string]string{"thunderbird": usual, "thunderbird-android": "rejected"}},
		{"two host names", edit("<hostname>", "<hostname>other.example.test</hostname><hostname>"), "", map[string]string{
			"thunderbird":         with("other.example.test", "smtp.example.test", "user@example.test password"),
			"thunderbird-android": usual, "kde6": usual}},
		// the clients of 2026
		{"socketType in lower case", edit("SSL", "ssl", "STARTTLS", "tls"), "",
			map[string]string{"nextcloud": usual, "mailspring": "empty", "fairemail": usual}},
		{"unknown socketType", edit("SSL", "TLSv1"), "",
			map[string]string{"nextcloud": "imap imap.example.test:993 plain, smtp smtp.example.test:587 starttls; user@example.test password", "fairemail": usual}},
		{"a longer user name", edit("%EMAILADDRESS%", "%EMAILLOCALPART%.%EMAILDOMAIN%"), "",
			map[string]string{"mailspring": usual,
				"fairemail": with("imap.example.test", "smtp.example.test", "%EMAILLOCALPART%.%EMAILDOMAIN% password"),
				"kde6":      with("imap.example.test", "smtp.example.test", "user.example.test password")}},
		{"no incoming", edit(imapBlock, `<x type="imap">`, "</incomingServer>", "</x>"), "", tb("rejected")},
		{"no outgoing", edit(outBlock, `<x type="smtp">`, "</outgoingServer>", "</x>"), "", tb("rejected")},
		{"smtp without port", edit("<port>587</port>", ""), "", tb("rejected")},
		{"imap without port", edit("<port>993</port>", ""), "", map[string]string{
			"thunderbird":         "imap imap.example.test:? tls, smtp smtp.example.test:587 starttls; user@example.test password",
			"thunderbird-android": "rejected"}},
		{"nntp first", edit(imapBlock, strings.Replace(imapServer, "imap", "nntp", 1)+imapBlock),
			"", all(usual, "geary", "rejected",
				"thunderbird",
				"nntp second.example.test:993 tls, smtp smtp.example.test:587 starttls; user@example.test password")},
		{"unknown types are skipped",
			edit(imapBlock, `<incomingServer type="jmap"><url>https://j.example.test/</url></incomingServer>`+
				strings.Replace(imapServer, "imap", "IMAP", 1)+strings.Replace(imapServer, "imap", "managesieve", 1)+imapBlock),
			"", all(usual, "geary", "rejected")},
		{"ews with a URL", edit(imapBlock, `<incomingServer type="ews"><url>https://ews.example.test/x.asmx</url>`+password+
			username+`</incomingServer>`+imapBlock), "",
			tb("ews https://ews.example.test/x.asmx, smtp smtp.example.test:587 starttls; user@example.test password")},
		{"socketType ssl", edit("SSL", "ssl"), "", tb("rejected")},
		{"socketType TLS", edit("SSL", "TLS"), "", tb("rejected")},
		{"blank in socketType", edit("SSL", " SSL "), "", tb("rejected")},
		{"blank in authentication", edit(password, "<authentication> password-cleartext </authentication>"), "",
			tb("rejected")},
		{"unknown socketType, then SSL", edit("<socketType>", "<socketType>tls13</socketType><socketType>"), "",
			map[string]string{"thunderbird": usual, "thunderbird-android": "rejected"}},
		{"blanks round host and port", edit("imap.example.test", " imap.example.test\n", "993", " 993 "), "",
			map[string]string{"thunderbird": usual, "thunderbird-android": "rejected"}},
		{"blanks round username", edit(username, "<username> %EMAILADDRESS% </username>"), "",
			tb(with("imap.example.test", "smtp.example.test", " user@example.test  password"))},
		{"username a number", edit(username, "<username>00123</username>"), "",
			tb(with("imap.example.test", "smtp.example.test", "123 password"))},
		{"username true", edit(username, "<username>true</username>"), "",
			tb(with("imap.example.test", "smtp.example.test", "true password"))},
		{"username empty", edit(username, "<username></username>"),
			"", tb(with("imap.example.test", "smtp.example.test", "true password"))},
		{"host upper case", edit("imap.example.test", "IMAP.Example.Test"), "", tb(usual)},
		{"host IPv4", edit("imap.example.test", "192.0.2.7"),
			"", tb(with("192.0.2.7", "smtp.example.test", "user@example.test password"))},
		{"host IPv6", edit("imap.example.test", "2001:db8::7"), "",
			tb(with("[2001:db8::7]", "smtp.example.test", "user@example.test password"))},
		{"host trailing dot", edit("imap.example.test", "imap.example.test."), "", tb(usual)},
		{"host underscore", edit("imap.example.test", "imap_1.example.test"), "", tb("rejected")},
		{"password-encrypted", edit("password-cleartext", "password-encrypted"),
			"", tb(with("imap.example.test", "smtp.example.test", "user@example.test password-encrypted"))},
		{"secure", edit("password-cleartext", "secure"),
			"", tb(with("imap.example.test", "smtp.example.test", "user@example.test password-encrypted"))},
		{"GSSAPI, then a password", edit(password, "<authentication>GSSAPI</authentication>"+password),
			"", tb(with("imap.example.test", "smtp.example.test", "user@example.test gssapi"))},
		{"NTLM", edit("password-cleartext", "NTLM"), "",
			tb(with("imap.example.test", "smtp.example.test", "user@example.test ntlm"))},
		{"incoming none", edit("password-cleartext", "none"), "", tb("rejected")},
		{"incoming client-IP-address", edit("password-cleartext", "client-IP-address"), "", tb("rejected")},
		{"incoming TLS-client-cert", edit("password-cleartext", "TLS-client-cert"), "", tb("rejected")},
		{"incoming without authentication", edit(password, ""), "", tb("rejected")},
		{"outgoing none", outgoing("none"), "", tb(usual + "; outgoing none")},
		{"outgoing client-IP-address", outgoing("client-IP-address"), "", tb(usual + "; outgoing client-ip")},
		{"outgoing smtp-after-pop", outgoing("smtp-after-pop"), "", tb(usual + "; outgoing none")},
		{"outgoing TLS-client-cert", outgoing("TLS-client-cert"), "", tb("rejected")},
		{"plain", edit("SSL", "plain"), "", map[string]string{
			"thunderbird":         "imap imap.example.test:993 plain, smtp smtp.example.test:587 starttls; user@example.test password",
			"thunderbird-android": "rejected"}},
		{"plain pop3 beside", edit(imapBlock, strings.Replace(popServer, "SSL", "plain", 1)+imapBlock), "", android(usual)},
		{"a second imap block that is broken", edit(outBlock, strings.Replace(imapServer, "993", "x", 1)+outBlock),
			"", all(usual, "thunderbird-android", "rejected")},
		{"not UTF-8", edit("Example<", "Ex\xffample<"), "", all("malformed")},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			contentType := r.contentType
			switch contentType {
			case "":
				contentType = "text/xml"
			case "-":
				contentType = ""
			}
			for name, want := range r.want {
				if got := says(readings[name].read([]byte(r.body), contentType, user())); got != want {
					t.Errorf("%s ends with\n%s\nwant\n%s", name, got, want)
				}
			}
		})
	}
}
