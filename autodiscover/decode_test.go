package autodiscover

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/provider"

	"github.com/google/go-cmp/cmp"
)

// answer is an answer in the Outlook schema with that inside its Account.
func answer(inside string) string {
	return `<Autodiscover xmlns="` + NamespaceResponse + `"><Response xmlns="` + NamespaceOutlookResponse + `"><Account>` +
		inside + "</Account></Response></Autodiscover>"
}

func TestDecodeOutlook(t *testing.T) {
	b, err := os.ReadFile("testdata/outlook-imap.xml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Response{
		Address: "user@example.org",
		Exact:   true,
		Provider: &provider.Provider{
			Name: "user@example.org",
			Incoming: []provider.Server{{Protocol: provider.IMAP, Host: "imap.example.org", Port: 993, Security: provider.TLS,
				Auth: []provider.Auth{provider.AuthPassword}, Username: "user@example.org"}},
			Outgoing: []provider.Server{{Protocol: provider.SMTP, Host: "smtp.example.org", Port: 587,
				Security: provider.STARTTLS, Auth: []provider.Auth{provider.AuthPassword}, Username: "user@example.org"}},
		},
		Blocks: []Block{
			{Type: "IMAP", TTL: "24", Server: "imap.example.org", Port: "993", LoginName: "user@example.org", SPA: "off",
				SSL: "on", Encryption: "SSL", AuthRequired: "on"},
			{Type: "SMTP", TTL: "24", Server: "smtp.example.org", Port: "587", LoginName: "user@example.org", SPA: "off",
				SSL: "on", Encryption: "TLS", AuthRequired: "on", UsePOPAuth: "on"},
		},
	}
	for name, body := range map[string]string{
		"utf-8":  string(b),
		"mark":   "\xef\xbb\xbf" + string(b),
		"utf-16": string(utf16Bytes(binary.BigEndian, "\ufeff"+strings.Replace(string(b), "utf-8", "UTF-16", 1))),
		"no namespace": strings.NewReplacer(` xmlns="`+NamespaceResponse+`"`, "", ` xmlns="`+NamespaceOutlookResponse+`"`,
			"").Replace(string(b)),
		"white space": strings.NewReplacer("993", " 993\n", "IMAP", "\tIMAP ", "settings", " settings ").Replace(string(b)),
		"comment":     string(b) + "<!-- end --><?pi?>",
	} {
		got, err := Decode([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want.Exact = name != "no namespace"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Every answer of ours, decoded and encoded again, is the same.
func TestRoundTrip(t *testing.T) {
	files, err := filepath.Glob("testdata/outlook-*.xml")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		p := r.Provider
		if p == nil {
			continue // a redirect
		}
		a, err := provider.ParseAddress(p.Name)
		if err != nil {
			a = provider.Address{Domain: "example.org"}
		}
		again, err := EncodeOutlook(p, a)
		if err != nil || !bytes.Equal(b, again) {
			t.Errorf("%s: %v\n%s", file, err, cmp.Diff(string(b), string(again)))
		}
	}
}

func TestMailServer(t *testing.T) {
	type want struct {
		sec  provider.Security
		auth provider.Auth
		user string
	}
	for _, tt := range []struct {
		b    Block
		want want // zero: not usable
	}{
		{Block{Type: "IMAP", Server: "i.x.org", Port: "993", SSL: "on", Encryption: "TLS"},
			want{provider.STARTTLS, provider.AuthPassword, provider.EmailAddress}}, // Encryption overrides
		{Block{Type: "IMAP", Server: "i.x.org", Port: "143", SSL: "off", Encryption: "SSL"},
			want{provider.TLS, provider.AuthPassword, provider.EmailAddress}},
		{Block{Type: "imap", Server: "I.X.org.", Port: "143"},
			want{provider.STARTTLS, provider.AuthPassword, provider.EmailAddress}},
		{Block{Type: "POP3", Server: "p.x.org", Port: "995", Encryption: "Auto"},
			want{provider.TLS, provider.AuthPassword, provider.EmailAddress}},
		{Block{Type: "POP3", Server: "p.x.org", Port: "110", SSL: "OFF"},
			want{provider.Plain, provider.AuthPassword, provider.EmailAddress}},
		{Block{Type: "SMTP", Server: "s.x.org", Port: "25", Encryption: "none", AuthRequired: "off", LoginName: "u"},
			want{provider.Plain, provider.AuthNone, "u"}},
		{Block{Type: "SMTP", Server: "s.x.org", Port: "587", SSL: "on"},
			want{provider.STARTTLS, provider.AuthPassword, provider.EmailAddress}},
		{Block{Type: "POP", Server: "p.x.org", Port: "110"}, want{}},
		{Block{Type: "EXCH", Server: "x.x.org", Port: "443"}, want{}},
		{Block{Type: "IMAP", Server: "i.x.org", Port: "imaps"}, want{}},
		{Block{Type: "IMAP", Server: "i.x.org", Port: "0"}, want{}},
		{Block{Type: "IMAP", Server: "i.x.org", Port: "99999"}, want{}},
		{Block{Type: "IMAP", Server: "i x.org", Port: "993"}, want{}},
		{Block{Type: "IMAP", Port: "993"}, want{}},
	} {
		s, ok := tt.b.MailServer()
		if ok != (tt.want != want{}) || ok && (want{s.Security, s.Auth[0], s.Username}) != tt.want {
			t.Errorf("%+v: %+v, %v", tt.b, s, ok)
		}
	}
}

func TestDecodeForeign(t *testing.T) {
	exch := "<Protocol><Type>EXCH</Type><Server>x</Server><Internal><Protocol><Type>IMAP</Type></Protocol></Internal></Protocol>"
	mobileSync := func(inside string) string {
		return `<Autodiscover><Response xmlns="` + NamespaceMobileSyncResponse + `"><Action>` + inside +
			"</Action></Response></Autodiscover>"
	}
	for name, tt := range map[string]struct {
		body string
		want *Response
	}{
		"Exchange":      {answer(exch), &Response{Exact: true, Blocks: []Block{{Type: "EXCH", Server: "x"}}}},
		"empty account": {answer(""), &Response{Exact: true}},
		"redirect": {answer("<Action>redirectUrl</Action><RedirectUrl> https://x.org/a&amp;b </RedirectUrl>"),
			&Response{Exact: true, RedirectURL: "https://x.org/a&b"}},
		"redirect addr": {answer("<Action>redirectAddr</Action><RedirectAddr>u@x.org</RedirectAddr>"),
			&Response{Exact: true, RedirectAddr: "u@x.org"}},
		"not asked for": {answer("<Action>settings</Action><RedirectAddr>u@x.org</RedirectAddr>"), &Response{Exact: true}},
		"mobilesync": {mobileSync("<Settings><Server><Type>CertEnroll</Type><Url>https://c.x.org</Url></Server><Server><Type>MobileSync</Type><Url> https://x.org/eas </Url></Server></Settings>"),
			&Response{Schema: MobileSync, MobileSync: "https://x.org/eas"}},
		"mobilesync redirect": {mobileSync("<Redirect>u@x.org</Redirect>"),
			&Response{Schema: MobileSync, RedirectAddr: "u@x.org"}},
		"mobilesync error":   {mobileSync("<Error><Status>1</Status><Message>The directory service could not be reached</Message></Error>"), &Response{Schema: MobileSync, Error: &Error{1, "The directory service could not be reached"}}},
		"error without code": {"<Autodiscover><Response><Error/></Response></Autodiscover>", &Response{Error: &Error{}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Decode([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := answer("")
	for name, body := range map[string]string{
		"empty":         "",
		"HTML":          "<html><body>It works!</body></html>",
		"not found":     "404 page not found",
		"no response":   "<Autodiscover/>",
		"other case":    "<autodiscover><response/></autodiscover>", // Thunderbird 153 compares names exactly
		"cut short":     good[:len(good)-3],
		"not escaped":   answer("<LoginName>a&b</LoginName>"),
		"doctype":       "<!DOCTYPE Autodiscover>" + good,
		"late doctype":  good + "<!DOCTYPE Autodiscover>",
		"second root":   good + good,
		"text after":    good + "x",
		"broken after":  good + "<",
		"latin 1":       `<?xml version="1.0" encoding="iso-8859-1"?>` + good,
		"half a utf-16": "\xff\xfe<\x00a",
		"too large":     good + strings.Repeat(" ", maxResponse),
		"too deep":      strings.Repeat("<Autodiscover>", 20000),
	} {
		if r, err := Decode([]byte(body)); !errors.Is(err, ErrResponse) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// Whatever is read as settings can be written again.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := Decode(body)
		if err != nil {
			return
		}
		if r.Provider == nil {
			return
		}
		b, err := EncodeOutlook(r.Provider, user)
		if err != nil {
			if code(err) != CodeNoOptions {
				t.Fatal(err)
			}
			return
		}
		again, err := Decode(b)
		if err != nil || again.Provider == nil {
			t.Fatalf("%v\n%s", err, b)
		}
		if diff := cmp.Diff(r.Provider.Servers(), again.Provider.Servers(), cmp.FilterPath(
			func(p cmp.Path) bool { return p.Last().String() == ".Username" }, cmp.Ignore())); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestSchemaString(t *testing.T) {
	if Outlook.String() != "Outlook" || MobileSync.String() != "MobileSync" {
		t.Error(Outlook, MobileSync)
	}
}
