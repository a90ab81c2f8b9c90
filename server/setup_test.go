package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"autoconfig/pages"
	"autoconfig/provider"
	"autoconfig/source"
)

// hostile are local parts that would show a wrong escape, or a wrong place, in any part of a page.
var hostile = []string{
	"a", "alice", "Alice.Smith", "alice+news", "a&b", "a&amp;b", "a'b", `a\b`, "a$b", "a`b", "a%40b", "a%b", "a=b&email=c",
	"a#b?c/d",
	"a;b,c", "{address}", "{{.Lang}}", "a*b*c", "*~x*", "EMAIL", "%EMAILADDRESS%", "%EMAILLOCALPART%", "jürgen",
	"日本語", "e\u0301", "\u202eevil",
	"javascript:alert(1)", "zz0local0zz", "ZZ0+local&part", "https://example.org/x", "&#43;", "&lt;script&gt;", "-->",
	"]]>", "]]", "a--b",
	strings.Repeat("x", 64), strings.Repeat("&", 64), strings.Repeat("'", 64), strings.Repeat("+", 64),
	strings.Repeat("é", 32),
	strings.Repeat("abcdefghij.", 5), "abcdefghijkl", "abcdefghijk.l", "a.b.c.d.e.f.g.h.i",
}

// setupProviders are those that differ in what their pages say of an address.
func setupProviders() map[string]*provider.Provider {
	user := func(id, template string) *provider.Provider {
		return custom(id, func(p *provider.Provider) {
			for _, s := range p.Each() {
				s.Username = template
			}
		})
	}
	return map[string]*provider.Provider{
		"live.co.uk": provider.Builtin(provider.Outlook), "shop.example": provider.Builtin(provider.Microsoft365),
		"example.org":      custom("example", nil),
		"nameless.example": custom("nameless", func(p *provider.Provider) { p.Name = "" }),
		"local.example":    user("local", provider.EmailLocalPart), "fixed.example": user("fixed", `mailbox"1`),
		"composite.example": user("composite", provider.EmailLocalPart+"."+provider.EmailDomain),
		"slash.example":     user("slash", provider.EmailDomain+`\`+provider.EmailLocalPart),
		"templated.example": custom("templated", func(p *provider.Provider) { p.Incoming[0].Host = "imap." + provider.EmailDomain }),
		"a.example":         custom("addon", func(p *provider.Provider) { p.OAuth2.ClientID = "client" }),
		strings.Repeat("long-label-of-a-name.", 8) + "example": custom("long", nil),
	}
}

// A set-up page that is put together is, byte for byte, the page that is made for the address.
func TestSetupPageIsTheOneMade(t *testing.T) {
	providers := setupProviders()
	index := source.NewIndex(8, 256)
	for domain, p := range providers {
		index.Add(domain, p)
	}
	s := newTestServer(t, func(_ *Options, set *Settings) { set.Source, set.Listed, set.MX = index, index, nil })
	set := s.settings.Load()
	visits := []pages.Visit{
		{Lang: "en", Brand: set.brands.Of()},
		{Lang: "de", Brand: set.brands.Of(), Posted: true, Agent: "iPhone"},
		{Lang: "es", Brand: set.brands.Of(), Chosen: true, Agent: "Windows"},
	}
	checked := 0
	for domain, p := range providers {
		for _, local := range hostile {
			a := provider.Address{Local: local, Domain: domain}
			if _, err := provider.ParseAddress(a.String()); err != nil {
				continue // it never gets to a page
			}
			n := checked % len(visits)
			checked++
			o := pages.SetupOptions{Signed: n == 1, Host: []string{"autoconfig.hoster.example", "", "a.example:8443"}[n]}
			want, err := s.pages.Setup(visits[n], []match{{Provider: p, Address: a}}, o)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.setupPage(&request{set: set}, visits[n], []match{{Provider: p, Address: a}}, o)
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Body) != string(want.Body) || got.Lang != want.Lang || got.Private != want.Private ||
				got.Tag != want.Tag {
				t.Fatalf("%s, visit %d: %s", a, n, firstDifference(string(got.Body), string(want.Body)))
			}
		}
	}
	if checked < 300 {
		t.Errorf("only %d addresses were checked", checked)
	}
	put := map[string]bool{}
	for key, made := range set.setups.made {
		put[key.of.ID] = put[key.of.ID] || made != nil
	}
	for id, want := range map[string]bool{"outlook.com": true, "microsoft365": true, "example": true, "nameless": true,
		"local": true,
		"fixed": true, "addon": true, "long": true, "composite": false, "slash": false, "templated": false} {
		if put[id] != want {
			t.Errorf("%s: put together %v", id, put[id])
		}
	}
}

func firstDifference(got, want string) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	return fmt.Sprintf("from byte %d:\ngot  %q\nwant %q", i, got[max(0, i-40):min(len(got), i+80)],
		want[max(0, i-40):min(len(want), i+80)])
}

// A profile that is put together is, byte for byte, the one that is made for the address and the name.
func TestProfileIsTheOneMade(t *testing.T) {
	providers := setupProviders()
	providers["own.example"] = custom("own",
		func(p *provider.Provider) { p.Name, p.ShortName = "own.example", "own.example" })
	providers["short.example"] = custom("short", func(p *provider.Provider) { p.ShortName = "short.example" })
	providers["two.example"], providers["dav.example"] = providers["own.example"],
		custom("dav", func(p *provider.Provider) {
			p.CardDAV, p.CalDAV = "https://"+provider.EmailDomain+"/contacts", "https://dav."+provider.EmailDomain+":8443/"
		})
	s := newTestServer(t, nil)
	set, made := s.settings.Load(), 0
	for domain, p := range providers {
		for i, local := range hostile {
			a := provider.Address{Local: local, Domain: domain}
			if _, err := provider.ParseAddress(a.String()); err != nil {
				continue
			}
			for _, kind := range []string{"", "mail", "exchange", "dav", "none"} {
				name, lang := []string{"", "  ", "Some One", " <&\"']]> ", "Jürgen", "zz0name0zz", local, strings.Repeat("x", 65),
					"a\nb"}[i%9], []string{"en", "de", "pt"}[i%3]
				want, wantErr := encodeProfile([]match{{Provider: p, Address: a}}, name, kind, lang)
				got, err := (&request{set: set}).profile([]match{{Provider: p, Address: a}}, name, kind, lang)
				if fmt.Sprint(err) != fmt.Sprint(wantErr) || string(got) != string(want) {
					t.Fatalf("%s %q %q: %v, %v, %s", a, kind, name, err, wantErr, firstDifference(string(got), string(want)))
				}
				made += b2n(err == nil)
			}
		}
	}
	put := map[string]bool{}
	for key, of := range set.profiles.made {
		put[key.of.ID] = put[key.of.ID] || of != nil
	}
	for _, id := range []string{"outlook.com", "microsoft365", "example", "nameless", "local", "fixed", "composite",
		"templated", "own", "short", "dav"} {
		if !put[id] {
			t.Errorf("%s: no profile is put together", id)
		}
	}
	if made < 1000 {
		t.Errorf("only %d profiles", made)
	}
}

// What is kept is bounded, whatever strangers ask for.
func TestTemplatesAreBounded(t *testing.T) {
	var c templateCache[int]
	for i := range maxTemplates + 10 {
		c.of(i, func() ([]byte, []string, error) { return nil, nil, errQuery })
	}
	if n := len(c.made); n != 10 {
		t.Errorf("%d templates", n)
	}
}

// What one person typed is not on the page of the next, and the header says who may keep it.
func TestSetupPageIsPrivate(t *testing.T) {
	s := newTestServer(t, nil)
	for _, local := range slices.Concat(hostile[:4], []string{"bob"}) {
		r := ask(t, s, "POST http://x.example/setup", "email="+strings.ReplaceAll(local, "+", "%2B")+"%40example.org")
		body := bodyOf(t, r)
		if r.StatusCode != http.StatusOK || r.Header.Get("Cache-Control") != noStore ||
			strings.Contains(body, standInBegins) {
			t.Errorf("%s: %d %s", local, r.StatusCode, r.Header.Get("Cache-Control"))
		}
		for _, other := range hostile[1:4] {
			if other != local && strings.Contains(body, other+"@") {
				t.Errorf("%s is on the page of %s", other, local)
			}
		}
	}
}
