package pacc

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"autoconfig/provider"
)

func tls(proto provider.Protocol, host string, port uint16, auth ...provider.Auth) provider.Server {
	return provider.Server{Protocol: proto, Host: host, Port: port, Security: provider.TLS, Auth: auth,
		Username: provider.EmailAddress}
}

// example is the provider of testdata/example.json.
func example() *provider.Provider {
	both := []provider.Auth{provider.AuthOAuth2, provider.AuthPassword}
	return &provider.Provider{
		Name: "Example Mail", ShortName: "Example", PACC: provider.PACCAuto,
		Incoming: []provider.Server{tls(provider.IMAP, "imap.example.org", 993, both...)},
		Outgoing: []provider.Server{
			{Protocol: provider.SMTP, Host: "starttls.example.org", Port: 587, Security: provider.STARTTLS, Auth: both},
			tls(provider.SMTP, "smtp.example.org", 465, both...),
		},
		OAuth2:        &provider.OAuth2{Issuer: "https://id.example.org/"},
		CalDAV:        "https://dav.example.org/calendars/",
		Documentation: []provider.Documentation{{URL: "https://example.org/help"}},
	}
}

func encode(t *testing.T, p *provider.Provider) string {
	t.Helper()
	got, err := Encode(p, "example.org")
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// The bytes and the digest of a document written by hand.
func TestEncodeGolden(t *testing.T) {
	want, err := os.ReadFile("testdata/example.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := encode(t, example()); got != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	const record = "v=UAAC1; a=sha256; d=BYENKXF3AxVoPXiX9gL3qNZkVyRauVmmhCEimU7On48="
	if got := TXT(want); got != record {
		t.Errorf("TXT %q, want %q", got, record)
	}
}

// Records that the release before published must be recognised by this one.
func TestEncodePrevious(t *testing.T) {
	want, err := os.ReadFile("testdata/previous.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := EncodePrevious(example(), "example.org")
	if err != nil || string(got) != string(want) {
		t.Errorf("%v: got  %s\nwant %s", err, got, want)
	}
	const record = "v=UAAC1; a=sha256; d=nC5EV14AUAZKNqKjfm6RXY09KuVnQChBAIwU3NrIpEQ="
	if got := TXT(want); got != record {
		t.Errorf("TXT %q, want %q", got, record)
	}
	for _, p := range []*provider.Provider{{PACC: provider.PACCOff}, {PACC: provider.PACCAuto}} {
		if _, err := EncodePrevious(p, "example.org"); err == nil {
			t.Errorf("a document of %+v", p)
		}
	}
}

func TestEncode(t *testing.T) {
	for _, test := range []struct {
		name       string
		change     func(*provider.Provider)
		has, hasnt string
	}{
		{"OAuth2 only", func(p *provider.Provider) {
			p.Incoming[0].Auth, p.Outgoing[1].Auth = []provider.Auth{provider.AuthOAuth2}, []provider.Auth{provider.AuthOAuth2}
		}, `"password":false`, ""},
		{"password only", func(p *provider.Provider) {
			p.Incoming[0].Auth, p.Outgoing[1].Auth = []provider.Auth{provider.AuthPassword},
				[]provider.Auth{provider.AuthPassword}
		}, `"password":true`, "oauth"},
		{"issuer with a query", func(p *provider.Provider) { p.OAuth2.Issuer += "?x" }, "", "oauth"},
		{"issuer with an escape", func(p *provider.Provider) { p.OAuth2.Issuer += "%41" }, "", "oauth"},
		{"issuer with dot segments", func(p *provider.Provider) { p.OAuth2.Issuer += "../" }, "", "oauth"},
		{"issuer kept byte for byte", func(p *provider.Provider) { p.OAuth2.Issuer += "Realm/" },
			`"issuer":"https://id.example.org/Realm/"`, ""},
		{"DAV at the root", func(p *provider.Provider) { p.CalDAV = "https://dav.example.org/" }, "", "caldav"},
		{"DAV on another port", func(p *provider.Provider) { p.CalDAV = "https://dav.example.org:8443/x/" }, "", "caldav"},
		{"JMAP", func(p *provider.Provider) { p.JMAP = "https://jmap.example.org/session" },
			`"jmap":{"url":"https://jmap.example.org/session"}`, ""},
		{"IMAP on STARTTLS left out", func(p *provider.Provider) {
			p.Incoming = []provider.Server{
				{Protocol: provider.IMAP, Host: "imap.example.org", Port: 143, Security: provider.STARTTLS},
				tls(provider.POP3, "pop.example.org", 995, provider.AuthPassword)}
		}, `"pop3":{"host":"pop.example.org"}`, `"imap"`},
		{"the host of the domain", func(p *provider.Provider) { p.Incoming[0].Host = "imap.%EMAILDOMAIN%" },
			`"host":"imap.example.org"`, "%"},
		{"blanks in names joined", func(p *provider.Provider) { p.Name = "Example  Mail & Söhne" },
			`"name":"Example Mail & Söhne"`, `\u`},
		{"no name", func(p *provider.Provider) { p.Name, p.ShortName = "", "" }, `"name":"example.org"`, "shortName"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := example()
			test.change(p)
			got := encode(t, p)
			if !strings.Contains(got, test.has) || test.hasnt != "" && strings.Contains(got, test.hasnt) {
				t.Errorf("%s: want %q, not %q", got, test.has, test.hasnt)
			}
			if !sorted(t, got) {
				t.Errorf("keys are not sorted: %s", got)
			}
		})
	}
}

// sorted reports whether a document is the same when its keys are sorted.
func sorted(t *testing.T, doc string) bool {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // maps are written sorted
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n") == doc
}

func TestEncodeRefuses(t *testing.T) {
	off := example()
	off.PACC = provider.PACCOff
	if _, err := Encode(off, "example.org"); !errors.Is(err, ErrOff) {
		t.Errorf("switched off: %v", err)
	}
	for _, p := range provider.Builtins() {
		if _, err := Encode(p, "live.co.uk"); err == nil || !strings.Contains(err.Error(), "587") {
			t.Errorf("%s: %v, want a reason that names 587", p.ID, err)
		}
	}
	odd := example()
	odd.Incoming[0].Port = 1993
	if _, err := Encode(odd, "example.org"); err == nil {
		t.Error("a port that is not the registered one was left unsaid")
	}
}

func TestRoundTrip(t *testing.T) {
	first := encode(t, example())
	p, err := Decode([]byte(first))
	if err != nil {
		t.Fatal(err)
	}
	if again := encode(t, p); again != first {
		t.Errorf("got  %s\nwant %s", again, first)
	}
}

func TestDecode(t *testing.T) {
	p, err := Decode([]byte(`{"protocols":{"smtp":{"host":"old.example"},"pop3":{"host":"p"},"new":1},"authentication":{},"x":[]}`))
	if err != nil || len(p.Outgoing) != 1 || p.Outgoing[0].Host != "old.example" || p.Outgoing[0].Port != 465 ||
		p.Incoming[0].Port != 995 {
		t.Errorf("%+v, %v", p, err)
	}
	const small = `{"protocols":{}}`
	if _, err := Decode([]byte(strings.Repeat(" ", MaxSize-len(small)) + small)); err != nil {
		t.Errorf("a document of exactly MaxSize: %v", err)
	}
	for _, test := range []struct {
		doc  string
		want error
	}{
		{"", ErrSyntax}, {"<html>", ErrSyntax}, {"[]", ErrSyntax}, {`{"protocols":[]}`, ErrSyntax}, {`{}`, ErrProtocols},
		{`{"protocols":null}`, ErrProtocols}, {strings.Repeat(" ", MaxSize) + "{}", ErrTooLarge},
		{strings.Repeat(`{"a":`, 20000), ErrTooLarge},
		{strings.Repeat("[", 60000), ErrSyntax},
	} {
		if _, err := Decode([]byte(test.doc)); !errors.Is(err, test.want) {
			t.Errorf("%.20q: %v, want %v", test.doc, err, test.want)
		}
	}
}

func TestParseTXT(t *testing.T) {
	doc := []byte("{}")
	sum := sha256.Sum256(doc)
	d := TXT(doc)[len("v=UAAC1; a=sha256; d="):]
	for _, test := range []struct {
		value string
		want  error
	}{
		{TXT(doc), nil},
		{"v=UAAC1;a=sha256;d=" + d, nil},
		{"d=" + d + " ;\ta = sha256 ; v = UAAC1 ;", nil},
		{"v=UAAC1; x=1; x=2; a=sha256; d=" + d, nil},
		{"v=spf1 -all", ErrOtherTXT},
		{" v=UAAC1; a=sha256; d=" + d, ErrMalformedTXT},
		{"v=uaac1; a=sha256; d=" + d, ErrOtherTXT},
		{"v=UAAC2; a=sha256; d=" + d, ErrMalformedTXT},
		{"v=UAAC1; a=SHA256; d=" + d, ErrMalformedTXT},
		{"v=UAAC1; v=UAAC1; a=sha256; d=" + d, ErrMalformedTXT},
		{"v=UAAC1; a=sha256; d=" + d + "; d=" + d, ErrMalformedTXT},
		{"v=UAAC1; a=sha256; d=" + strings.TrimRight(d, "="), ErrMalformedTXT},
		{"v=UAAC1; a=sha256; d=AAAA", ErrMalformedTXT},
		{"v=UAAC1; a=sha256", ErrMalformedTXT},
		{"v=UAAC1; a=sha256; a=sha256; d=" + d, ErrMalformedTXT},
		{"v=UAAC1; ; a=sha256; d=" + d, ErrMalformedTXT},
	} {
		got, err := ParseTXT(test.value)
		if !errors.Is(err, test.want) || err == nil && got != sum {
			t.Errorf("%q: %x, %v, want %v", test.value, got, err, test.want)
		}
		if matches(test.value, doc) != (test.want == nil) {
			t.Errorf("%q: Matches", test.value)
		}
	}
	if matches(TXT(doc), []byte("{} ")) {
		t.Error("matches another document")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"protocols":{"imap":{"host":"a.example"}},"authentication":{"password":true}}`))
	f.Add([]byte(`{"protocols":{"smtp":null,"submit":{"host":""}}}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		p, err := Decode(doc)
		if err != nil {
			return
		}
		p.Validate()
		if first, err := Encode(p, "example.org"); err == nil {
			q, err := Decode(first)
			if err != nil {
				t.Fatalf("%s: %v", first, err)
			}
			if second, err := Encode(q, "example.org"); err != nil || !bytes.Equal(first, second) {
				t.Errorf("%s\n%s, %v", first, second, err)
			}
		}
	})
}

func FuzzParseTXT(f *testing.F) {
	f.Add(TXT([]byte("{}")))
	f.Add("v=UAAC1; a=sha256; d=")
	f.Fuzz(func(t *testing.T, value string) {
		if _, err := ParseTXT(value); err != nil && !errors.Is(err, ErrOtherTXT) && !errors.Is(err, ErrMalformedTXT) {
			t.Error(err)
		}
	})
}

// matches reports whether the TXT value is a digest of the document.
func matches(value string, document []byte) bool {
	want, err := ParseTXT(value)
	got := sha256.Sum256(document)
	return err == nil && bytes.Equal(got[:], want[:])
}
