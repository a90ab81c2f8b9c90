package apple

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"autoconfig/provider"
)

// Encode never panics, and switches encryption off for nothing but a server without it.
func FuzzEncode(f *testing.F) {
	for _, p := range provider.Builtins() {
		raw, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, "jo", "example.org", "mail")
	}
	f.Add([]byte(`{"ActiveSync":"https://a:b/","CalDAV":"%zz"}`), "jo", "example.org", "exchange")
	f.Fuzz(func(t *testing.T, raw []byte, local, domain, kind string) {
		var p provider.Provider
		if json.Unmarshal(raw, &p) != nil {
			return
		}
		doc, err := Encode([]Account{{&p, provider.Address{Local: local, Domain: domain}}}, Options{Kind: Kind(kind)})
		if err == nil && bytes.Contains(doc, []byte("UseSSL</key>\n\t\t\t\t<false/>")) &&
			!bytes.Contains(raw, []byte("plain")) {
			t.Errorf("clear text by accident:\n%s", doc)
		}
	})
}

// What cannot be written is an error, not a panic or clear text.
func TestEncodeIncomplete(t *testing.T) {
	for name, spoil := range map[string]func(p *provider.Provider){
		"security": func(p *provider.Provider) { p.Incoming[1].Security = "" },
		"port":     func(p *provider.Provider) { p.Outgoing[0].Port = 0 },
		"user":     func(p *provider.Provider) { p.Incoming[1].Username = "" },
		"CalDAV":   func(p *provider.Provider) { p.CalDAV = "https://dav.example.org:port/" },
		"CardDAV":  func(p *provider.Provider) { p.CardDAV = "http://dav.example.org/" },
	} {
		p := example()
		spoil(p)
		if _, err := Encode([]Account{account(t, p, "jo@example.org")}, Options{}); !errors.Is(err, provider.ErrIncomplete) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := example()
	p.ActiveSync = "eas.example.org"
	if _, err := Encode([]Account{account(t, p, "jo@example.org")}, Options{Kind: Exchange}); !errors.Is(err,
		provider.ErrIncomplete) {
		t.Errorf("ActiveSync: %v", err)
	}
}
