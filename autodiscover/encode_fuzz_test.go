package autodiscover

import (
	"bytes"
	"encoding/json"
	"testing"

	"autoconfig/provider"
)

// The encoders never panic, and switch encryption off for nothing but a server without it.
func FuzzEncode(f *testing.F) {
	for _, p := range provider.Builtins() {
		raw, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, "jo", "example.org")
	}
	f.Add([]byte(`{"Incoming":[{"Protocol":"imap","Host":"a.example"}],"Outgoing":[{"Protocol":"smtp","Host":"a.example"}]}`), "", "")
	f.Fuzz(func(t *testing.T, raw []byte, local, domain string) {
		var p provider.Provider
		if json.Unmarshal(raw, &p) != nil {
			return
		}
		a := provider.Address{Local: local, Domain: domain}
		doc, err := EncodeOutlook(&p, a)
		if err == nil && bytes.Contains(doc, []byte("<SSL>off<")) && !bytes.Contains(raw, []byte("plain")) {
			t.Errorf("clear text by accident:\n%s", doc)
		}
		_, _ = EncodeMobileSync(&p, a)
	})
}
