package pages

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"autoconfig/provider"
)

// example is the account of a provider with every service that a page shows.
func example(change func(*provider.Provider)) Account {
	both := []provider.Auth{provider.AuthOAuth2, provider.AuthPassword}
	p := &provider.Provider{
		ID: "example", Name: "Example & Söhne", ShortName: "Example",
		Incoming: []provider.Server{{Protocol: provider.IMAP, Host: "imap.example.org", Port: 993, Security: provider.TLS, Auth: both,
			Username: provider.EmailAddress}},
		Outgoing: []provider.Server{{Protocol: provider.SMTP, Host: "smtp.example.org", Port: 465, Security: provider.TLS, Auth: both,
			Username: provider.EmailAddress}},
	}
	if change != nil {
		change(p)
	}
	return Account{Provider: p, Address: provider.Address{Local: "a", Domain: "example.org"}}
}

// shared is the pages of all tests, which are parsed once.
var shared = sync.OnceValue(New)

func setup(t testing.TB, v Visit, accounts ...Account) string {
	t.Helper()
	p := shared()
	v.Brand = newBrand(Branding{})
	v.Lang, v.Chosen = p.Language("", v.Lang)
	page, err := p.Setup(v, accounts, SetupOptions{})
	if err != nil || !page.Private || page.Tag != "" {
		t.Fatalf("private %v, tag %q, error %v", page.Private, page.Tag, err)
	}
	return string(page.Body)
}

// The device decides the order of the sections, and nothing else.
func TestDeviceOrder(t *testing.T) {
	section := regexp.MustCompile(`<details class="card device" id="([a-z-]+)"( open)?>`)
	var all []string
	for agent, first := range map[string]string{
		"Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X)": "iphone", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)": "mac",
		"Mozilla/5.0 (Linux; Android 16)": "android", "Mozilla/5.0 (Windows NT 10.0; Win64)": "windows",
		"Mozilla/5.0 (X11; Linux x86_64)":               "linux",
		"Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X)": "iphone", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)": "android",
		"": "iphone",
	} {
		body := setup(t, Visit{Agent: agent}, example(nil))
		found := section.FindAllStringSubmatch(body, -1)
		var kinds []string
		for i, f := range found {
			kinds = append(kinds, f[1])
			if (f[2] != "") != (i == 0) {
				t.Errorf("%s: %s open: %q", agent, f[1], f[2])
			}
		}
		if kinds[0] != first {
			t.Errorf("%s: %v", agent, kinds)
		}
		slices.Sort(kinds)
		if all == nil {
			all = kinds
		}
		if !slices.Equal(kinds, all) || len(kinds) != 6 {
			t.Errorf("%s: other sections: %v", agent, kinds)
		}
	}
}

// What a person must know of a provider is said for any of them.
func TestProviderTruth(t *testing.T) {
	for _, test := range []struct {
		change    func(*provider.Provider)
		want, not string
	}{
		{func(p *provider.Provider) {
			p.PasswordLogin = provider.PasswordLogin{PasswordState: provider.PasswordState{
				Status: provider.PasswordApp, Since: "2025-03-01"}}
		}, "You need an app password", "password of your mailbox"},
		{func(p *provider.Provider) {
			p.PasswordLogin = provider.PasswordLogin{PasswordState: provider.PasswordState{
				Status: provider.PasswordRetired, Note: "Ask Bob."}}
		}, "Ask Bob.", ""},
		{func(p *provider.Provider) { p.Notes = []provider.Note{{Lang: "fr", Text: "Bonjour"}} },
			`<p class="note" lang="fr">Bonjour</p>`, ""},
		{func(p *provider.Provider) {
			p.Notes = []provider.Note{{Lang: "de", Text: "Hallo"}, {Lang: "en", Text: "Hello"}}
		}, `<p class="note">Hello</p>`, "Hallo"},
		{func(*provider.Provider) {}, "imap.example.org", `class="card notice"`},
		{func(p *provider.Provider) { p.Incoming[0].Username = "%EMAILLOCALPART%" }, "<code data-copy>a</code>", ""},
		{func(p *provider.Provider) {
			p.Enable = &provider.Enable{URL: "https://example.org/switch",
				Instructions: []provider.Note{{Lang: "de", Text: "Hier."}, {Lang: "en", Text: "Here."}}}
		}, `<li><span><a href="https://example.org/switch" rel="noreferrer">First switch on access for mail programs</a><br><span>Here.</span></span></li>`, "Hier."},
		{func(p *provider.Provider) {
			p.Incoming = append(p.Incoming,
				provider.Server{Protocol: provider.POP3, Host: "pop.example.org", Port: 995, Security: provider.TLS,
					Auth: []provider.Auth{provider.AuthPassword}, Username: provider.EmailAddress, LeaveOnServer: new(false)})
		}, `<th scope="row">Fetched mail</th><td>is deleted on the server</td>`, ""},
		{func(p *provider.Provider) { p.Outgoing = append(p.Outgoing, p.Outgoing[0]) },
			`<span class="tag">alternative</span>`, ""},
		{func(p *provider.Provider) {
			p.ManageSieve = &provider.Server{Protocol: provider.ManageSieve, Host: "sieve.example.org", Port: 4190,
				Security: provider.STARTTLS, Auth: []provider.Auth{provider.AuthPassword}, Username: provider.EmailAddress}
		}, "Filters: ManageSieve", ""},
	} {
		body := setup(t, Visit{}, example(test.change))
		if !strings.Contains(body, test.want) || test.not != "" && strings.Contains(body, test.not) {
			t.Errorf("want %q, not %q", test.want, test.not)
		}
	}
}

// Each page for people keeps its own link, also where titles are the same or missing.
func TestDocumentationLinks(t *testing.T) {
	body := setup(t, Visit{Lang: "de"}, example(func(p *provider.Provider) {
		p.Documentation = []provider.Documentation{
			{URL: "https://example.org/en", Lang: "en", Text: "E-Mail"},
			{URL: "https://example.org/de", Lang: "de", Text: "E-Mail"},
			{URL: "https://example.org/de/1", Lang: "de"},
			{URL: "https://example.org/de/2", Lang: "de"},
		}
	}))
	var got []string
	for _, m := range regexp.MustCompile(`<a href="(https://example.org/[^"]*)"[^>]*>([^<]*)<`).FindAllStringSubmatch(body,
		-1) {
		got = append(got, m[1]+" "+m[2])
	}
	want := []string{"https://example.org/de E-Mail", "https://example.org/de/1 https://example.org/de/1",
		"https://example.org/de/2 https://example.org/de/2"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A remark stands where it concerns somebody: before the steps, after them, at the settings, or folded for those who
// administer; its https links can be clicked, and nothing else in it is HTML.
func TestRemarksStandWhereTheyConcern(t *testing.T) {
	note := func(place provider.NotePlace) provider.Note {
		return provider.Note{Lang: "en", Text: "about-" + string(place) + " <b> https://example.org/" + string(place) + ". *",
			For: place}
	}
	body := setup(t, Visit{Agent: agents[4].agent}, example(func(p *provider.Provider) {
		p.OAuth2 = &provider.OAuth2{ClientID: "x", AuthorizeURL: "https://id.example.org/a",
			TokenURL: "https://id.example.org/t", Addon: "https://example.org/a.xpi?x=1&y"}
		for _, place := range []provider.NotePlace{"", provider.NoteReceiving, provider.NoteSending, provider.NoteSettings,
			provider.NotePrograms, provider.NoteAdmin} {
			p.Notes = append(p.Notes, note(place))
		}
	}))
	part := func(from, to string) string {
		_, after, ok := strings.Cut(body, from)
		before, _, end := strings.Cut(after, to)
		if !ok || !end {
			t.Fatalf("no part from %q to %q", from, to)
		}
		return before
	}
	for place, where := range map[string]string{
		"receiving": part(`id="windows" open`, "</li>"), "sending": part("</ol>", `<p class="other">`),
		"":         part(`<div class="card notice">`, "<details"),
		"programs": part(`id="programs"`, "<table>"), "settings": part(`id="settings"`, "</section>"),
		"admin": part(`<details class="card admin">`, "</details>"),
	} {
		want := "about-" + place + ` &lt;b&gt; <a href="https://example.org/` + place +
			`" rel="noreferrer">https://example.org/` + place + "</a>. *"
		if !strings.Contains(where, want) {
			t.Errorf("%q: no %s in %s", place, want, where)
		}
	}
	if steps := part(`id="windows" open`, "</ol>"); !strings.Contains(steps,
		`<a href="https://example.org/a.xpi?x=1&amp;y" rel="noreferrer">First install`) ||
		strings.Contains(steps, "about-admin") {
		t.Errorf("the add-on: %s", steps)
	}
}
