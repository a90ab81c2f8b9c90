package server

import (
	"archive/zip"
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"autoconfig/provider"
	"autoconfig/source"
)

// Thunderbird's add-on and the client id are there for the domains of a provider that has a client id, and name no
// other of its domains.
func TestAddon(t *testing.T) {
	with := custom("with", func(p *provider.Provider) { p.OAuth2.ClientID = "mail-programs" })
	listed := source.NewIndex(3, 64)
	listed.Add("with.example", with)
	listed.Add("other.example", with)
	listed.Add("elsewhere.example", custom("elsewhere",
		func(p *provider.Provider) { p.OAuth2.ClientID, p.OAuth2.Addon = "x", "https://with.example/own.xpi" }))
	listed.Add("bare.example", custom("bare", nil))
	s := newTestServer(t, func(_ *Options, set *Settings) { set.Source, set.MX = listed, nil })
	r := ask(t, s, "GET http://x.example/Thunderbird/WITH.example.xpi", "")
	xpi := bodyOf(t, r)
	archive, err := zip.NewReader(bytes.NewReader([]byte(xpi)), int64(len(xpi)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := archive.Open("manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	manifest, _ := io.ReadAll(f)
	if got := string(manifest); !strings.Contains(got, `"clientId": "mail-programs"`) ||
		!strings.Contains(got, `"imap.example.org"`) || strings.Contains(got, "other.example") {
		t.Errorf("the add-on: %s", got)
	}
	if h := r.Header; h.Get("Content-Disposition") != `attachment; filename="with.example.xpi"` ||
		h.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("its header: %v", h)
	}
	body := get200(t, s, "GET http://autoconfig.with.example/.well-known/autoconfig/mail/oauth2-client.json", "")
	if !strings.Contains(body, `"clientId": "mail-programs"`) || strings.Contains(body, "other.example") {
		t.Errorf("oauth2-client.json: %s", body)
	}
	link := regexp.MustCompile(`href="([^"]*\.xpi)"`)
	for email, want := range map[string]string{"jo@with.example": "/thunderbird/with.example.xpi",
		"jo@elsewhere.example": "https://with.example/own.xpi", "jo@bare.example": ""} {
		m := link.FindStringSubmatch(get200(t, s, "POST http://x.example/setup", "email="+email))
		if got := strings.Join(m[min(1, len(m)):], " "); got != want {
			t.Errorf("the page for %s links to %q, want %q", email, got, want)
		}
	}
	for _, line := range []string{
		"http://x.example/thunderbird/bare.example.xpi", "http://x.example/thunderbird/unserved.example.xpi",
		"http://x.example/thunderbird/with.example",
		"http://x.example/thunderbird/.xpi", "http://x.example/thunderbird/",
		"http://x.example/thunderbird/a@with.example.xpi",
		"http://bare.example/.well-known/autoconfig/mail/oauth2-client.json",
		"http://unserved.example/.well-known/autoconfig/mail/oauth2-client.json",
	} {
		if r := ask(t, s, "GET "+line, ""); r.StatusCode != 404 {
			t.Errorf("%s: %d", line, r.StatusCode)
		}
	}
}
