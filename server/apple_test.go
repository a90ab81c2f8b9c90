package server

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"autoconfig/apple"
	"autoconfig/provider"
)

func profileOf(t *testing.T, body string) *apple.Profile {
	t.Helper()
	p, err := apple.Decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a device shows of a profile is in the language of the page that it came from, and names no address where it is
// shown to others than its owner.
func TestProfileLanguage(t *testing.T) {
	s := newTestServer(t, nil)
	form := regexp.MustCompile(`(?s)<form class="profile" method="post" action="/mobileconfig">(.*?)</form>`)
	fields := regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]+)"`)
	for _, test := range []struct{ page, accept, description, calendars, consent string }{
		{"/setup", "", "Mail settings for example.org.", "Calendars (a@example.org)", "This profile"},
		{"/setup", "de-AT, en;q=0.5", "Mail-Einstellungen für example.org.", "Kalender (a@example.org)", "Dieses Profil"},
		{"/setup?lang=de", "en", "Mail-Einstellungen für example.org.", "Kalender (a@example.org)", "Dieses Profil"},
		{"/setup?lang=xx", "xx", "Mail settings for example.org.", "Calendars (a@example.org)", "This profile"},
	} {
		body := bodyOf(t,
			ask(t, s, "POST http://x.example"+test.page, "email=a%40example.org", "Accept-Language: "+test.accept))
		values := url.Values{}
		for _, m := range fields.FindAllStringSubmatch(form.FindStringSubmatch(body)[1], -1) {
			values.Add(m[1], m[2])
		}
		p := profileOf(t,
			bodyOf(t, ask(t, s, "POST http://x.example/mobileconfig", values.Encode(), "Accept-Language: "+test.accept)))
		if p.Description != test.description || p.Payloads[1].DisplayName != test.calendars ||
			!strings.HasPrefix(p.Consent["default"], test.consent) || strings.Contains(p.Consent["default"], "@") {
			t.Errorf("%s with %q: %q, %q, %q", test.page, test.accept, p.Description, p.Payloads[1].DisplayName, p.Consent)
		}
	}
	code := bodyOf(t, ask(t, s, "POST http://x.example/setup?lang=de", "email=a%40example.org"))
	if !strings.Contains(code, "/qr.svg?email=a%40example.org&amp;lang=de") {
		t.Error("the code on a page whose language was chosen leads to another language")
	}
}

// Calendars and contacts alone, and what is said where there are none.
func TestProfileDAV(t *testing.T) {
	s := newTestServer(t, nil)
	p := profileOf(t, get200(t, s, "GET http://x.example/mobileconfig?email=a@example.org&account=dav", ""))
	if len(p.Payloads) != 1 || p.Payloads[0].Type != apple.TypeCalDAV ||
		p.Description != "Calendars and contacts of example.org." {
		t.Errorf("%+v", p)
	}
	r := ask(t, s, "GET http://x.example/mobileconfig?email=a@live.co.uk&account=dav", "")
	if body := bodyOf(t, r); r.StatusCode != 422 ||
		body != "live.co.uk: no calendars and contacts of this provider are known\n" {
		t.Errorf("%d %q", r.StatusCode, body)
	}
	// no password for mail is no reason against calendars
	with := custom("with", func(p *provider.Provider) {
		for _, list := range [][]provider.Server{p.Incoming, p.Outgoing} {
			for i := range list {
				list[i].Auth = []provider.Auth{provider.AuthOAuth2}
			}
		}
	})
	s = newTestServer(t, func(_ *Options, set *Settings) { set.Source, set.MX = fixed{with}, nil })
	if p := profileOf(t,
		get200(t, s, "GET http://x.example/mobileconfig?email=a@with.example&account=dav", "")); len(p.Payloads) != 1 {
		t.Errorf("%+v", p)
	}
}
