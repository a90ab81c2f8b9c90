package mozilla

import (
	"bytes"
	"encoding/json"
	"testing"

	"autoconfig/provider"
)

// Encode never panics, and says plain for nothing but a server that is.
func FuzzEncode(f *testing.F) {
	for _, p := range provider.Builtins() {
		raw, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, "example.org")
	}
	f.Add([]byte(`{"Incoming":[{"Protocol":"imap","Host":"a.example"}],"Outgoing":[{"Protocol":"smtp","Host":"a.example"}]}`), "")
	f.Fuzz(func(t *testing.T, raw []byte, domain string) {
		var p provider.Provider
		if json.Unmarshal(raw, &p) != nil {
			return
		}
		doc, err := Encode(&p, domain)
		if err == nil && bytes.Contains(doc, []byte("<socketType>plain<")) && !bytes.Contains(raw, []byte("plain")) {
			t.Errorf("clear text by accident:\n%s", doc)
		}
	})
}

// A server that lacks something is refused, not written as clear text.
func TestEncodeIncomplete(t *testing.T) {
	for name, spoil := range map[string]func(s *provider.Server){
		"host":          func(s *provider.Server) { s.Host = "" },
		"port":          func(s *provider.Server) { s.Port = 0 },
		"security":      func(s *provider.Server) { s.Security = "" },
		"security word": func(s *provider.Server) { s.Security = "ssl" },
		"user name":     func(s *provider.Server) { s.Username = "" },
		"login":         func(s *provider.Server) { s.Auth = nil },
		"login word":    func(s *provider.Server) { s.Auth = []provider.Auth{"cram"} },
	} {
		for _, side := range []string{"incoming", "outgoing", "sieve"} {
			p := provider.Builtin(provider.Outlook)
			sieve := p.Outgoing[0]
			sieve.Protocol, p.ManageSieve = provider.ManageSieve, &sieve
			spoil(map[string]*provider.Server{"incoming": &p.Incoming[0], "outgoing": &p.Outgoing[0],
				"sieve": p.ManageSieve}[side])
			if doc, err := Encode(p, "example.org"); err == nil {
				t.Errorf("%s without %s:\n%s", side, name, doc)
			}
		}
	}
}
