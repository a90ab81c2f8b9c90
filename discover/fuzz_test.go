package discover

import (
	"crypto/sha256"
	"strings"
	"testing"
	"unicode"

	"autoconfig/provider"
)

// unfit reports a character that must not reach a terminal.
func unfit(r rune) bool { return r != '\ufffd' && (provider.Unprintable(r) || unicode.IsControl(r)) }

// checkConfig is what holds for whatever a client makes of foreign bytes.
func checkConfig(t *testing.T, client string, c config) {
	t.Helper()
	if (c.settings != nil) != (c.fault == FaultNone) || c.why == "" {
		t.Fatalf("%s: settings %v with fault %q, why %q", client, c.settings, c.fault, c.why)
	}
	if strings.ContainsFunc(c.why, unfit) {
		t.Errorf("%s says %q", client, c.why)
	}
	if c.settings == nil {
		return
	}
	if c.settings.Incoming == nil {
		t.Fatalf("%s: no incoming server", client)
	}
	for _, s := range []*Server{c.settings.Incoming, c.settings.Outgoing} {
		if s != nil && (s.Host == "" || strings.ContainsFunc(s.Host+s.Username+s.URL+s.Protocol, unfit) ||
			len(s.Host) > 300 || len(s.Username) > 400) {
			t.Errorf("%s: %+v", client, s)
		}
	}
}

// FuzzAutoconfig reads any document as every client does.
func FuzzAutoconfig(f *testing.F) {
	f.Add([]byte(document), "text/xml")
	f.Add([]byte(edit(imapBlock, popServer+imapBlock, "imap.example", "imap.%EMAILDOMAIN%")), "text/html")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		for _, c := range clients() {
			if c.Reads.Host != "" {
				checkConfig(t, c.Name, c.Reads.read(body, contentType, user()))
			}
		}
	})
}

// FuzzAutodiscover reads any answer as every client does.
func FuzzAutodiscover(f *testing.F) {
	f.Add([]byte(poxSettings("imap").body), "text/xml")
	f.Add([]byte(poxError), "text/xml")
	f.Add([]byte(`{"Protocol":"EWS","Url":"https://ews.example.test/"}`), "application/json")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		for _, c := range clients() {
			if c.POX.Block == "" && c.Name != "apple" {
				continue
			}
			r, got := c.POX.read(body, contentType, user())
			if r == nil || r.RedirectAddr == "" && r.RedirectURL == "" || got.fault != FaultNone {
				checkConfig(t, c.Name, got)
			}
		}
		checkConfig(t, "apple", readV2(body, contentType, user()))
	})
}

// FuzzPACC reads any document with its digest.
func FuzzPACC(f *testing.F) {
	f.Add([]byte(`{"authentication":{"password":true},"protocols":{"imap":{"host":"a.test"},"submit":{"host":"a.test"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		digest := [][sha256.Size]byte{sha256.Sum256(body)}
		checkConfig(t, "pacc", readPACC(answer{body: body, contentType: "application/json"}, digest, user(), true))
	})
}
