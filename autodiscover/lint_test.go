package autodiscover

import (
	"strings"
	"testing"
	"time"

	"autoconfig/finding"
	"autoconfig/provider"
)

// sound is an answer with nothing to find.
func sound(t testing.TB) string {
	t.Helper()
	p := &provider.Provider{Name: "Example",
		Incoming: []provider.Server{lintServer(provider.IMAP, 993, provider.TLS),
			lintServer(provider.POP3, 110, provider.STARTTLS)},
		Outgoing: []provider.Server{lintServer(provider.SMTP, 587, provider.STARTTLS)}}
	doc, err := EncodeOutlook(p, provider.Address{Local: "jo", Domain: "example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func lintServer(proto provider.Protocol, port uint16, s provider.Security) provider.Server {
	return provider.Server{Protocol: proto, Host: string(proto) + ".example.org", Port: port, Security: s,
		Auth: []provider.Auth{provider.AuthPassword}, Username: provider.EmailAddress}
}

// lintRows change one thing of the sound answer; want is "id subject", several with ; between.
var lintRows = []struct{ from, to, want string }{
	{"", "", ""},
	{"2006a", "2006", "autodiscover-namespace-response Response/@xmlns"},
	{` xmlns="` + NamespaceOutlookResponse + `"`, "", "autodiscover-namespace-response Response/@xmlns"},
	{NamespaceResponse, "https" + NamespaceResponse[4:], "autodiscover-namespace-root Autodiscover/@xmlns"},
	{NamespaceResponse, NamespaceResponse + "/", "autodiscover-namespace-root Autodiscover/@xmlns"},
	{"<Type>IMAP", "<Type>imap", "autodiscover-type-unknown Protocol[1]/Type"},
	{"<Type>POP3", "<Type>POP", "autodiscover-type-unknown Protocol[2]/Type"},
	{"<Type>SMTP", "<Type>smtp", "autodiscover-type-unknown Protocol[3]/Type; autodiscover-smtp-missing Account/Protocol"},
	{"<Server>imap.example.org</Server>", "", "autodiscover-host-invalid Protocol[1]/Server"},
	{"imap.example.org", "imap_1.example.org", "autodiscover-host-invalid Protocol[1]/Server"},
	{"imap.example.org", "imapexampleorg", "autodiscover-host-short Protocol[1]/Server"},
	{"imap.example.org", "192.0.2.1", ""},
	{"993", "imaps", "autodiscover-port-invalid Protocol[1]/Port"},
	{"<Port>993</Port>", "", "autodiscover-port-invalid Protocol[1]/Port"},
	{"993", "143", "autodiscover-port-security Protocol[1]/Port"},
	{"587", "465", "autodiscover-port-security Protocol[3]/Port"},
	{"993", "9993", ""},
	{"<SSL>on", "<SSL>off", "autodiscover-ssl-off Protocol[1]/SSL"},
	{"<Encryption>SSL", "<Encryption>None",
		"autodiscover-security-plain Protocol[1]/SSL; autodiscover-port-security Protocol[1]/Port"},
	{"<Encryption>SSL", "<Encryption>STARTTLS", "autodiscover-encryption-unknown Protocol[1]/Encryption"},
	{"<Encryption>SSL</Encryption>", "", ""},
	{"<SPA>off", "<SPA>on", "autodiscover-spa-on Protocol[1]/SPA"},
	{"<SPA>off</SPA>", "", "autodiscover-spa-on Protocol[1]/SPA"},
	{"<LoginName>jo@example.org", "<LoginName>%EMAILADDRESS%", "autodiscover-login-placeholder Protocol[1]/LoginName"},
	{"<LoginName>jo@example.org", "<LoginName>${email}", "autodiscover-login-placeholder Protocol[1]/LoginName"},
	{"<LoginName>jo@example.org", "<LoginName>jo%example.org", ""},
	{"<Action>settings</Action>", "<Action>redirectUrl</Action><RedirectUrl>http://x.example/</RedirectUrl>",
		"autodiscover-redirect-invalid Account/RedirectUrl; autodiscover-redirect-url Account/RedirectUrl"},
	{"<Action>settings</Action>", "<Action>redirectUrl</Action><RedirectUrl>https://x.example/</RedirectUrl>",
		"autodiscover-redirect-url Account/RedirectUrl"},
	{"<Action>settings</Action>", "<Action>redirectAddr</Action><RedirectAddr>x</RedirectAddr>",
		"autodiscover-redirect-invalid Account/RedirectAddr"},
	{"<Action>settings</Action>", "<Action>redirectAddr</Action><RedirectAddr>jo@b.example</RedirectAddr>", ""},
	{"</Autodiscover>", "</Autodiscovery>", "autodiscover-document-syntax"},
	{"<?xml", "<!DOCTYPE x><?xml", "autodiscover-document-syntax"},
}

func TestLint(t *testing.T) {
	for _, row := range lintRows {
		doc := strings.Replace(sound(t), row.from, row.to, 1)
		if row.from != row.to && doc == sound(t) {
			t.Fatalf("nothing to change: %s", row.from)
		}
		if got := found(Lint([]byte(doc), "text/xml")); got != row.want {
			t.Errorf("%s -> %s\n got %s\nwant %s", row.from, row.to, got, row.want)
		}
	}
}

func found(list []finding.Finding) string {
	var out []string
	for _, f := range list {
		out = append(out, strings.TrimSpace(f.ID+" "+f.Subject))
	}
	return strings.Join(out, "; ")
}

func TestLintOther(t *testing.T) {
	cut := func(doc string, from, to string) string {
		before, rest, _ := strings.Cut(doc, from)
		_, after, _ := strings.Cut(rest, to)
		return before + after
	}
	starttls := strings.Replace(sound(t), "<Encryption>TLS</Encryption>", "", 1)
	noIncoming := cut(cut(sound(t), "<Protocol>", "</Protocol>"), "<Protocol>", "</Protocol>")
	for _, row := range []struct{ doc, contentType, want string }{
		{sound(t), "application/xml; charset=utf-8", ""},
		{sound(t), "text/html", "autodiscover-content-type Content-Type"},
		{sound(t), "TEXT/XML", "autodiscover-content-type Content-Type"},
		{starttls, "", "autodiscover-encryption-missing Protocol[2]/Encryption"},
		{noIncoming, "", "autodiscover-incoming-missing Account/Protocol"},
		{cut(noIncoming, "<Protocol>", "</Protocol>"), "", "autodiscover-answer-empty Response"},
		{strings.Replace(sound(t), "<Type>IMAP", "<Type>EXCH", 1), "", ""},
		{string(EncodeError(NewError(CodeNotProvided), time.Unix(0, 0))), "", "autodiscover-answer-error Response/Error"},
		{`{"Protocol":"AutodiscoverV1","Url":"https://x.example/"}`, "application/json", ""},
		{`{"Protocol":"AutodiscoverV1","Url":"http://x.example/"}`, "", "autodiscover-url-invalid Url"},
		{`{"ErrorCode":"InvalidProtocol","ErrorMessage":"x"}`, "", "autodiscover-answer-error ErrorCode"},
		{`{"Protocol":`, "", "autodiscover-document-syntax"},
	} {
		if got := found(Lint([]byte(row.doc), row.contentType)); got != row.want {
			t.Errorf("%s (%s)\n got %s\nwant %s", row.doc, row.contentType, got, row.want)
		}
	}
}

func TestLintMobileSync(t *testing.T) {
	doc, err := EncodeMobileSync(&provider.Provider{ActiveSync: "https://eas.example.org/"},
		provider.Address{Local: "jo", Domain: "example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if got := found(Lint(doc, "text/xml")); got != "" {
		t.Errorf("ours: %s", got)
	}
	plain := strings.ReplaceAll(string(doc), "https://eas", "http://eas")
	if got := found(Lint([]byte(plain), "text/xml")); got != "autodiscover-url-invalid Server/Url" {
		t.Errorf("http: %s", got)
	}
}

// Lint ends on any bytes, within its bound.
func FuzzLint(f *testing.F) {
	f.Add([]byte(sound(f)))
	f.Add([]byte(`{"Protocol":"x"}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if n := len(Lint(doc, "")); n > finding.MaxLint {
			t.Fatal(n)
		}
	})
}
