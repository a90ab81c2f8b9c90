package discover

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"io"
	"strings"
	"testing"
)

// TestDeflate: the zlib format, which is what deflate means, and the bare one.
func TestDeflate(t *testing.T) {
	t.Parallel()
	var wrapped, bare bytes.Buffer
	z := zlib.NewWriter(&wrapped)
	f, err := flate.NewWriter(&bare, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{z, f} {
		if _, err := io.WriteString(w, document); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
	}
	for name, body := range map[string]string{"zlib": wrapped.String(), "bare": bare.String()} {
		w := newWeb(t)
		w.answers[isp1] = reply{coding: "deflate", body: body}
		for _, c := range w.run("geary", "thunderbird").Clients {
			if c.Verdict != Found {
				t.Errorf("%s, %s: %s", name, c.Client, c.Line)
			}
		}
	}
}

// TestPOXForms: Outlook compares namespaces and fills in nothing, Thunderbird
// does the opposite, and Delta Chat does not read what follows the root.
func TestPOXForms(t *testing.T) {
	t.Parallel()
	good := poxAnswer("<Action>settings</Action>" + poxBlock("IMAP", "imap.example.test", "993",
		"<LoginName>%EMAILADDRESS%</LoginName>") +
		poxBlock("SMTP", "smtp.example.test", "465", "")).body
	for name, row := range map[string]struct {
		body string
		want map[string]string // the user name, "" for nothing found
	}{
		"placeholder":  {good, map[string]string{"outlook": "%EMAILADDRESS%", "thunderbird": "user@example.test"}},
		"no namespace": {strings.Replace(good, ` xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"`, "", 1), map[string]string{"outlook": "", "thunderbird": "user@example.test"}},
		"another root": {strings.Replace(good, "/autodiscover/responseschema/2006\"",
			"/autodiscover/responseschema/2007\"", 1), map[string]string{"outlook": "", "deltachat": "user@example.test"}},
		"text behind": {good + `";`, map[string]string{"outlook": "", "thunderbird": "", "deltachat": "user@example.test"}},
		"LoginName left out": {strings.Replace(good, "<LoginName>%EMAILADDRESS%</LoginName>", "", 1),
			map[string]string{"outlook": "user@example.test"}},
	} {
		w := newWeb(t)
		w.answers = map[string]reply{"POST " + pox1: {body: row.body}, pox1: {body: row.body}}
		for _, c := range w.run("outlook", "thunderbird", "deltachat").Clients {
			want, named := row.want[c.Client]
			got := ""
			if c.Settings != nil {
				got = c.Settings.Incoming.Username
			}
			if named && got != want {
				t.Errorf("%s, %s: %q, want %q: %s", name, c.Client, got, want, c.Line)
			}
		}
	}
}
