package apple

import (
	"strings"
	"testing"

	"autoconfig/finding"
)

func TestLint(t *testing.T) {
	doc := string(encode(t, Options{}, account(t, example(), "jo@example.org")))
	const mail = "PayloadContent[1]/"
	for _, row := range []struct{ from, to, want string }{
		{"", "", ""},
		{key1("PayloadUUID"), "<key>x</key>", "profile-key-missing " + mail + "PayloadUUID"},
		{key1("PayloadIdentifier"), "<key>x</key>", "profile-key-missing " + mail + "PayloadIdentifier"},
		{key1("IncomingMailServerHostName"), "<key>x</key>", "profile-key-missing " + mail + "IncomingMailServerHostName"},
		{key1("EmailAccountType"), "<key>x</key>", "profile-key-missing " + mail + "EmailAccountType"},
		{"EmailTypeIMAP", "EmailTypeSMTP", "profile-value-unknown " + mail + "EmailAccountType"},
		{"EmailAuthPassword", "OAuth2", "profile-value-unknown " + mail + "IncomingMailServerAuthentication"},
		{"imap.example.org", "imap example org", "profile-host-invalid " + mail + "IncomingMailServerHostName"},
		{"imap.example.org", "mailserver", "profile-host-short " + mail + "IncomingMailServerHostName"},
		{"<integer>993</integer>", "<real>993</real>", "profile-number-real " + mail + "IncomingMailServerPortNumber"},
		{"<integer>993</integer>", "<string>993</string>", "profile-key-type " + mail + "IncomingMailServerPortNumber"},
		{"<integer>993</integer>", "<integer>99999</integer>",
			"profile-port-invalid " + mail + "IncomingMailServerPortNumber"},
		{"<integer>993</integer>", "<real>993.5</real>", "profile-port-invalid " + mail + "IncomingMailServerPortNumber"},
		{key1("IncomingMailServerUseSSL"), "<key>x</key>", "profile-port-security " + mail + "IncomingMailServerUseSSL"},
		{key1("OutgoingMailServerUseSSL"), "<key>x</key>", "profile-encryption-off " + mail + "OutgoingMailServerUseSSL"},
		{key1("SSL"), "<key>x</key>", ""},
		{"<key>EmailAddress</key>\n\t\t\t\t<string>jo@example.org", "<key>EmailAddress</key><string>%EMAILADDRESS%",
			"profile-login-placeholder " + mail + "EmailAddress"},
		{"<key>EmailAddress</key>\n\t\t\t\t<string>jo@example.org", "<key>EmailAddress</key><string>$email",
			"profile-login-placeholder " + mail + "EmailAddress"},
		{key1("EmailAccountType"), "<key>IncomingPassword</key><string>x</string>" + key1("EmailAccountType"),
			"profile-password-present " + mail + "IncomingPassword"},
		{"<key>PayloadVersion</key>", "<key>x</key>", "profile-version-wrong " + mail + "PayloadVersion"},
		{"<string>Configuration</string>", "<string>configuration</string>", "profile-document-syntax"},
		{"</plist>", "", "profile-document-syntax"},
		{"caldav.account", "unknown.account", ""},
		{"dav.example.org", "", "profile-key-missing PayloadContent[2]/CalDAVHostName"},
	} {
		changed := strings.Replace(doc, row.from, row.to, 1)
		if changed == doc && strings.Contains(row.want, "profile") {
			t.Errorf("nothing to change: %s", row.from)
		}
		if got := found(Lint([]byte(changed), "")); got != row.want {
			t.Errorf("%s -> %s\n got %s\nwant %s", row.from, row.to, got, row.want)
		}
	}
}

// key1 is a key as it is in the document.
func key1(name string) string { return "<key>" + name + "</key>" }

func found(list []finding.Finding) string {
	var out []string
	for _, f := range list {
		out = append(out, strings.TrimSpace(f.ID+" "+f.Subject))
	}
	return strings.Join(out, "; ")
}

func TestLintWhole(t *testing.T) {
	doc := encode(t, Options{}, account(t, example(), "jo@example.org"))
	if got := found(Lint(doc, "text/xml")); got != "profile-content-type Content-Type" {
		t.Errorf("text/xml: %s", got)
	}
	if got := found(Lint(encode(t, Options{Kind: Exchange}, live(t)), ContentType)); got != "" {
		t.Errorf("Exchange: %s", got)
	}
	two := encode(t, Options{}, account(t, example(), "jo@example.org"), account(t, example(), "kim@example.org"))
	if got := found(Lint(two, "")); got != "" {
		t.Errorf("two accounts: %s", got)
	}
	ids := strings.ReplaceAll(string(doc), ".caldav</string>", ".mail</string>")
	if got := found(Lint([]byte(ids), "")); got != "profile-id-duplicate PayloadContent[2]/PayloadIdentifier" {
		t.Errorf("an identifier twice: %s", got)
	}
	_, body, _ := strings.Cut(string(doc), "<key>PayloadUUID</key>\n\t\t\t\t<string>")
	uuid, _, _ := strings.Cut(body, "<")
	if got := found(Lint([]byte(strings.Replace(string(doc), uuid, "1234", 1)), "")); !strings.HasPrefix(got,
		"profile-uuid-malformed ") {
		t.Errorf("no UUID: %s", got)
	}
	for _, empty := range []string{`<plist version="1.0"><dict><key>PayloadType</key><string>Configuration</string></dict></plist>`} {
		if got := found(Lint([]byte(empty), "")); !strings.Contains(got, "profile-content-empty PayloadContent") {
			t.Errorf("empty: %s", got)
		}
	}
	if got := found(Lint([]byte("0\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
		"")); got != "certificate-profile-signature" {
		t.Errorf("a broken signature: %s", got)
	}
}

// Lint ends on any bytes, within its bound.
func FuzzLint(f *testing.F) {
	f.Add(encode(f, Options{}, account(f, example(), "jo@example.org")))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if n := len(Lint(doc, "")); n > finding.MaxLint {
			t.Fatal(n)
		}
	})
}
