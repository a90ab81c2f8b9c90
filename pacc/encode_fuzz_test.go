package pacc

import (
	"encoding/json"
	"testing"

	"autoconfig/provider"
)

// Encode never panics, and what it writes has nothing that a client refuses.
func FuzzEncode(f *testing.F) {
	f.Add([]byte(`{"Incoming":[{"Protocol":"imap","Host":"a.example","Port":993,"Security":"tls","Auth":["password"],"Username":"%EMAILADDRESS%"}],
"Outgoing":[{"Protocol":"smtp","Host":"a.example","Port":465,"Security":"tls","Auth":["password"],"Username":"%EMAILADDRESS%"}]}`), "example.org")
	f.Fuzz(func(t *testing.T, raw []byte, domain string) {
		var p provider.Provider
		if json.Unmarshal(raw, &p) != nil {
			return
		}
		doc, err := Encode(&p, domain)
		if err == nil && !json.Valid(doc) {
			t.Errorf("not JSON: %s", doc)
		}
	})
}
