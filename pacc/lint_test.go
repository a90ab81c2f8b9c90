package pacc

import (
	"strings"
	"testing"

	"autoconfig/finding"
)

const soundDocument = `{"authentication":{"oauth-public":{"issuer":"https://id.example.org/"},"password":true},"info":{"provider":{"name":"Example Mail","shortName":"Example"}},
 "protocols":{"caldav":{"url":"https://dav.example.org/cal/"},"imap":{"host":"imap.example.org"},"submit":{"host":"smtp.example.org"}}}`

func TestLint(t *testing.T) {
	for _, row := range []struct{ from, to, want string }{
		{"", "", ""},
		{`"protocols":{`, `"protocol":{`, "pacc-protocols-missing protocols"},
		{`{"caldav":`, `[{"caldav":`, "pacc-document-syntax"},
		{`"imap":{"host":"imap.example.org"}`, `"imap":"imap.example.org"`, "pacc-server-invalid protocols/imap"},
		{`"imap":{"host":"imap.example.org"}`, `"imap":{"url":"https://x.example/"}`, "pacc-server-invalid protocols/imap"},
		{"imap.example.org", "imap.example.org:993", "pacc-host-invalid protocols/imap/host"},
		{"imap.example.org", "imaps://imap.example.org", "pacc-host-invalid protocols/imap/host"},
		{"imap.example.org", "%EMAILDOMAIN%", "pacc-host-invalid protocols/imap/host"},
		{"imap.example.org", "mailserver", "pacc-host-short protocols/imap/host"},
		{`"imap.example.org"}`, `"imap.example.org","port":143}`, "pacc-port-ignored protocols/imap/port"},
		{"https://dav", "http://dav", "pacc-url-invalid protocols/caldav/url"},
		{"/cal/", "/", "pacc-url-invalid protocols/caldav/url"},
		{"dav.example.org", "dav.example.org:8443", "pacc-url-invalid protocols/caldav/url"},
		{`"imap":`, `"mail":`, "pacc-incoming-missing protocols"},
		{`"submit":`, `"smtp":`, "pacc-submit-old protocols/smtp"},
		{`"submit":`, `"send":`, "pacc-submit-missing protocols"},
		{`"imap":`, `"smtp":{"host":"smtp.example.org"},"imap":`, ""},
		{`"authentication":`, `"auth":`, "pacc-authentication-missing authentication"},
		{`"password":true`, `"password":"true"`, "pacc-authentication-wrong authentication/password"},
		{`{"oauth-public":{"issuer":"https://id.example.org/"},"password":true}`, `{"password":false}`,
			"pacc-authentication-none authentication"},
		{`{"oauth-public":{"issuer":"https://id.example.org/"},"password":true}`, `{"oauthPublic":{}}`,
			"pacc-authentication-missing authentication"},
		{"https://id.example.org/", "id.example.org", "pacc-issuer-invalid authentication/oauth-public/issuer"},
		{`"name":"Example Mail"`, `"name":""`, "pacc-name-missing info/provider/name"},
		{"Example Mail", strings.Repeat("ä", 61), "pacc-name-long info/provider/name"},
		{`"Example"`, `"` + strings.Repeat("ä", 21) + `"`, "pacc-name-long info/provider/shortName"},
	} {
		doc := strings.Replace(soundDocument, row.from, row.to, 1)
		if doc == soundDocument && row.want != "" {
			t.Errorf("nothing to change: %s", row.from)
		}
		if got := found(Lint([]byte(doc), ContentType)); got != row.want {
			t.Errorf("%s -> %s\n got %s\nwant %s", row.from, row.to, got, row.want)
		}
	}
	if got := found(Lint([]byte(soundDocument), "text/html")); got != "pacc-content-type Content-Type" {
		t.Errorf("text/html: %s", got)
	}
	list := Lint([]byte("{\n\n\"protocols\" {}}"), "")
	if len(list) != 1 || !strings.HasPrefix(list[0].Got[0], "line 3: ") {
		t.Errorf("no line: %+v", list)
	}
}

func found(list []finding.Finding) string {
	var out []string
	for _, f := range list {
		out = append(out, strings.TrimSpace(f.ID+" "+f.Subject))
	}
	return strings.Join(out, "; ")
}

// Lint ends on any bytes, within its bound.
func FuzzLint(f *testing.F) {
	f.Add([]byte(soundDocument))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if n := len(Lint(doc, "")); n > finding.MaxLint {
			t.Fatal(n)
		}
	})
}
