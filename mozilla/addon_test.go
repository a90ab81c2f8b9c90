package mozilla

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"autoconfig/provider"
)

func addonProvider() *provider.Provider {
	return &provider.Provider{
		ID: "example", Name: "Example Mail",
		Incoming: []provider.Server{
			{Protocol: provider.IMAP, Host: "imap.%EMAILDOMAIN%", Port: 993, Security: provider.TLS,
				Auth: []provider.Auth{provider.AuthOAuth2, provider.AuthPassword}},
			{Protocol: provider.POP3, Host: "pop.example.org", Port: 995, Security: provider.TLS,
				Auth: []provider.Auth{provider.AuthPassword}},
		},
		Outgoing: []provider.Server{{Protocol: provider.SMTP, Host: "smtp.example.org", Port: 465, Security: provider.TLS,
			Auth: []provider.Auth{provider.AuthOAuth2}}},
		OAuth2: &provider.OAuth2{
			Issuer: "https://id.example.org/realms/mail", AuthorizeURL: "https://login.example.org/authorize?prompt=login&x=1",
			TokenURL: "https://login.example.org/token",
			Scopes:   []string{"mail", "offline_access"}, ClientID: "mail-programs",
		},
	}
}

func manifestOf(t *testing.T, p *provider.Provider, domains ...string) string {
	t.Helper()
	a, err := NewAddon(p, domains, "1.0")
	if err != nil {
		t.Fatal(err)
	}
	xpi, err := a.XPI()
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.XPI()
	if err != nil || !bytes.Equal(xpi, again) {
		t.Errorf("the same add-on has other bytes the second time (%v)", err)
	}
	archive, err := zip.NewReader(bytes.NewReader(xpi), int64(len(xpi)))
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.File) != 1 || archive.File[0].Name != "manifest.json" {
		t.Fatalf("the archive holds %+v", archive.File)
	}
	f, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAddon(t *testing.T) {
	want := `{
  "manifest_version": 3,
  "name": "Example Mail: sign-in",
  "version": "1.0",
  "description": "Lets Thunderbird sign in at Example Mail with OAuth2. Nothing else is read or changed.",
  "browser_specific_settings": {
    "gecko": {
      "id": "oauth2@login.example.org",
      "strict_min_version": "140.0"
    }
  },
  "oauth_provider": {
    "issuer": "login.example.org",
    "clientId": "mail-programs",
    "authorizationEndpoint": "https://login.example.org/authorize?prompt=login&x=1",
    "tokenEndpoint": "https://login.example.org/token",
    "redirectionEndpoint": "https://localhost",
    "usePKCE": true,
    "hostnames": [
      "imap.example.org",
      "smtp.example.org",
      "imap.example.net"
    ],
    "scopes": "mail offline_access"
  }
}
`
	if got := manifestOf(t, addonProvider(), "example.org", "example.net"); got != want {
		t.Errorf("got\n%s", got)
	}
}

// At hosts for which Thunderbird has a client of its own, other people's accounts must keep it.
func TestAddonAtSharedHosts(t *testing.T) {
	p := provider.Builtin(provider.Microsoft365)
	p.OAuth2.ClientID = "1b2c"
	got := manifestOf(t, p, "shop.example")
	for _, want := range []string{"\"emailDomains\": [\n      \"shop.example\"\n    ]", `"id": "oauth2@shop.example"`,
		`"issuer": "shop.example"`, `"strict_min_version": "155.0"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
}

func TestAddonClient(t *testing.T) {
	a, err := NewAddon(addonProvider(), []string{"example.org"}, "1.0")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "hostname": "imap.example.org smtp.example.org",
  "issuer": "login.example.org",
  "clientId": "mail-programs",
  "usePkce": true,
  "authorizationEndpoint": "https://login.example.org/authorize?prompt=login&x=1",
  "tokenEndpoint": "https://login.example.org/token",
  "redirectUri": "https://localhost",
  "scopes": {
    "imap": "mail offline_access",
    "smtp": "mail offline_access"
  }
}
`
	if got, err := a.Client(); err != nil || string(got) != want {
		t.Errorf("got %v\n%s", err, got)
	}
}

func TestNoAddon(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*provider.Provider)
		want   string
	}{
		{"no oauth2", func(p *provider.Provider) { p.OAuth2 = nil }, "has no oauth2 with authorize_url and token_url"},
		{"no token end point", func(p *provider.Provider) { p.OAuth2.TokenURL = "" },
			"has no oauth2 with authorize_url and token_url"},
		{"no client id", func(p *provider.Provider) { p.OAuth2.ClientID = "" }, "has no client_id"},
		{"passwords alone", func(p *provider.Provider) {
			for _, list := range [][]provider.Server{p.Incoming, p.Outgoing} {
				for i := range list {
					list[i].Auth = []provider.Auth{provider.AuthPassword}
				}
			}
		}, "has oauth2 among its auth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := addonProvider()
			c.change(p)
			_, err := NewAddon(p, []string{"example.org"}, "1.0")
			if !errors.Is(err, ErrNoAddon) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := NewAddon(addonProvider(), nil, "1.0"); !errors.Is(err, ErrNoAddon) {
		t.Errorf("without a domain: error %v", err)
	}
}
