package apple

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecode(t *testing.T) {
	user := account(t, example(), "user@example.org")
	got, err := Decode(encode(t, Options{Name: "A & B",
		Words: Words{Description: "Mail of example.org.", Consent: map[string]string{"de": "Darf ich?"}}}, user))
	if err != nil {
		t.Fatal(err)
	}
	const id = "org.example.mail.d159ef624ed86697"
	want := &Profile{
		Identifier: id, UUID: uuidOf(id), DisplayName: "Example Mail & More (user@example.org)",
		Organization: "Example Mail & More",
		Description:  "Mail of example.org.", Scope: "User", Consent: map[string]string{"de": "Darf ich?"},
		Payloads: []Payload{
			{
				Type: TypeMail, Identifier: id + ".mail", UUID: uuidOf(id + ".mail"), DisplayName: "Mail (user@example.org)",
				Email:       "user@example.org",
				AccountName: "A & B", AccountType: "EmailTypeIMAP", Description: "Example Mail & More (user@example.org)",
				Servers: []Server{
					{Role: "incoming", Host: "imap.example.org", Port: 993, SSL: true, Auth: "EmailAuthPassword",
						Username: "user@example.org"},
					{Role: "outgoing", Host: "smtp.example.org", Port: 587, SSL: true, Auth: "EmailAuthPassword",
						Username: "user@example.org"},
				},
			}, {
				Type: TypeCalDAV, Identifier: id + ".caldav", UUID: uuidOf(id + ".caldav"),
				DisplayName: "Calendars (user@example.org)", Description: "Example Mail & More (user@example.org)",
				Servers: []Server{{Role: "caldav", Host: "dav.example.org", Port: 443, SSL: true, Username: "user@example.org",
					Path: "/calendars/"}},
			}, {
				Type: TypeCardDAV, Identifier: id + ".carddav", UUID: uuidOf(id + ".carddav"),
				DisplayName: "Contacts (user@example.org)", Description: "Example Mail & More (user@example.org)",
				Servers: []Server{{Role: "carddav", Host: "dav.example.org", Port: 8443, SSL: true, Username: "user@example.org"}},
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, err = Decode(encode(t, Options{Kind: Exchange}, live(t)))
	if err != nil {
		t.Fatal(err)
	}
	const address = "Some.One@live.co.uk"
	if p := got.Payloads[0]; p.Type != TypeExchange || !p.OAuth || p.Email != address ||
		p.Servers[0] != (Server{Role: "exchange", Host: "eas.outlook.com", SSL: true, Username: address}) {
		t.Errorf("exchange: %+v", p)
	}
}

// document is a profile around the keys of one payload.
func document(keys string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE plist PUBLIC "x" "y"><plist version="1.0"><dict>
		<key>PayloadType</key><string>Configuration</string>
		<key>PayloadContent</key><array><dict>` + keys + `</dict></array></dict></plist>`
}

// Profiles of other programs: defaults, wrong types, secrets, odd texts.
func TestDecodeForeign(t *testing.T) {
	mail := "<key>PayloadType</key><string>com.apple.mail.managed</string>"
	for _, tt := range []struct {
		name, keys string
		check      func(Payload) bool
	}{
		{"real port", mail + "<key>IncomingMailServerPortNumber</key><real>993</real>",
			func(p Payload) bool { return p.Servers[0].Port == 993 }},
		{"largest port", mail + "<key>IncomingMailServerPortNumber</key><integer>65535</integer>",
			func(p Payload) bool { return p.Servers[0].Port == 65535 }},
		{"largest real port", mail + "<key>IncomingMailServerPortNumber</key><real>65535</real>",
			func(p Payload) bool { return p.Servers[0].Port == 65535 }},
		{"port too large", mail + "<key>IncomingMailServerPortNumber</key><integer>65536</integer>",
			func(p Payload) bool { return p.Servers[0].Port == 0 }},
		{"negative port", mail + "<key>IncomingMailServerPortNumber</key><integer>-1</integer>",
			func(p Payload) bool { return p.Servers[0].Port == 0 }},
		{"endless port", mail + "<key>IncomingMailServerPortNumber</key><real>1e300</real>",
			func(p Payload) bool { return p.Servers[0].Port == 0 }},
		{"text port", mail + "<key>IncomingMailServerPortNumber</key><string>993</string>",
			func(p Payload) bool { return p.Servers[0].Port == 0 }},
		{"no SSL", mail, func(p Payload) bool { return !p.Servers[0].SSL && !p.Secret }},
		{"password", mail + "<key>OutgoingPassword</key><string>x</string>", func(p Payload) bool { return p.Secret }},
		{"DAV with SSL by default",
			"<key>PayloadType</key><string>com.apple.caldav.account</string><key>CalDAVPassword</key><string>x</string>",
			func(p Payload) bool { return p.Servers[0].SSL && p.Secret }},
		{"Exchange without SSL by default",
			"<key>PayloadType</key><string>com.apple.eas.account</string><key>Password</key><string>x</string>",
			func(p Payload) bool { return !p.Servers[0].SSL && p.Secret && !p.OAuth }},
		{"other type",
			"<key>PayloadType</key><string>com.apple.wifi.managed</string><key>PayloadDisplayName</key><string>Wi-Fi</string>",
			func(p Payload) bool {
				return p.Type == "com.apple.wifi.managed" && p.DisplayName == "Wi-Fi" && p.Servers == nil
			}},
		{"terminal control", mail + "<key>EmailAccountName</key><string>a&#x9b;2J&#x202e;b</string>",
			func(p Payload) bool { return p.AccountName == "a\uFFFD2J\uFFFDb" }},
	} {
		p, err := Decode([]byte("\xef\xbb\xbf\n" + document(tt.keys)))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if !tt.check(p.Payloads[0]) {
			t.Errorf("%s: %+v", tt.name, p.Payloads[0])
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, tt := range []struct{ name, raw, want string }{
		{"nothing", "", "not XML"},
		{"text", "{ PayloadType = Configuration; }", "not XML"},
		{"binary", "bplist00\xd1", "binary"},
		{"binary in front of XML", "bplist00" + document(""), "binary"},
		{"signed", string(signed(t)), "signed"},
		{"HTML", "<html></html>", `root is "html"`},
		{"comment only", "<!-- x -->", "0 root elements"},
		{"two roots", "<plist><dict/></plist><plist><dict/></plist>", "2 root elements"},
		{"cut", "<plist><dict>", "EOF"},
		{"not well-formed", "<plist><dict></plist>", "element"},
		{"entity", `<!DOCTYPE p [<!ENTITY a "b">]><plist><dict><key>&a;</key></dict></plist>`, "entity"},
		{"no dictionary", "<plist><string>x</string></plist>", "string"},
		{"empty plist", "<plist/>", "PayloadType"},
		{"UID", "<plist><dict><key>CF$UID</key><integer>1</integer></dict></plist>", ""},
		{"key without value", "<plist><dict><key>a</key></dict></plist>", "missing value"},
		{"unknown element", "<plist><dict><key>a</key><b/></dict></plist>", "unknown element"},
		{"bad integer", "<plist><dict><key>a</key><integer>x</integer></dict></plist>", "invalid syntax"},
		{"another list", "<plist><dict><key>PayloadType</key><string>com.apple.mail.managed</string></dict></plist>",
			"com.apple.mail.managed"},
		{"deep", "<plist>" + strings.Repeat("<array>", 50000) + strings.Repeat("</array>", 50000) + "</plist>", "nested"},
		{"many", document("<key>a</key><array>" + strings.Repeat("<dict/>", maxElements) + "</array>"), "too many"},
		{"large", document("<key>a</key><string>" + strings.Repeat("x", MaxSize) + "</string>"), "1 MiB"},
	} {
		p, err := Decode([]byte(tt.raw))
		if p != nil || !errors.Is(err, ErrProfile) {
			t.Errorf("%s: %v, %v", tt.name, p, err)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want something with %q", tt.name, err, tt.want)
		}
	}
}

// What is as deep, as full or as large as it may be is read.
func TestDecodeBounds(t *testing.T) {
	around := strings.Count(document(""), "</")
	deepest := maxDepth - strings.Count("plist dict array dict", " ") - 1
	for name, raw := range map[string]string{
		"deep": document("<key>a</key>" + strings.Repeat("<array>", deepest) + strings.Repeat("</array>", deepest)),
		"many": document("<key>a</key><array>" + strings.Repeat("<dict/>", maxElements-around-2) + "</array>"),
		"large": document("<key>a</key><string>" +
			strings.Repeat("x", MaxSize-len(document("<key>a</key><string></string>"))) + "</string>"),
	} {
		if _, err := Decode([]byte(raw)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	golden, err := filepath.Glob("testdata/*.mobileconfig")
	if err != nil || len(golden) < 4 {
		f.Fatal(golden, err)
	}
	for _, file := range golden {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(document("<key>a</key><data>AA==</data><key>b</key><date>2026-01-01T00:00:00Z</date><key>c</key><plist/>")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Decode(raw)
		if (p == nil) == (err == nil) {
			t.Fatalf("%v, %v", p, err)
		}
		if err != nil && !errors.Is(err, ErrProfile) {
			t.Fatal(err)
		}
	})
}
