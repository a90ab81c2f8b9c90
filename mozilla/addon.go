package mozilla

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"autoconfig/provider"
)

// RedirectURL is where Thunderbird expects the browser after a login; register it with the client id. Thunderbird
// closes its window there and asks nothing of that address.
const RedirectURL = "https://localhost"

// ErrNoAddon is returned for a provider that Thunderbird cannot be taught.
var ErrNoAddon = errors.New("mozilla: no OAuth2 client for Thunderbird")

// Addon is a Thunderbird add-on that registers a provider's OAuth2 client
// (manifest key oauth_provider: Thunderbird 140, "oauthProvider API").
type Addon struct {
	ID       string // of the add-on, like oauth2@id.example.org
	Version  string // digits and dots; a newer add-on needs a higher one
	manifest manifest
}

type manifest struct {
	ManifestVersion int    `json:"manifest_version"`
	Name            string `json:"name"`
	Version         string `json:"version"`
	Description     string `json:"description"`
	Specific        struct {
		Gecko struct {
			ID  string `json:"id"`
			Min string `json:"strict_min_version"`
		} `json:"gecko"`
	} `json:"browser_specific_settings"`
	OAuth oauthProvider `json:"oauth_provider"`
}

// oauthProvider has the properties of the API's schema; emailDomains is read
// by Thunderbird 155 and later, and older ones ignore it.
type oauthProvider struct {
	Issuer        string   `json:"issuer"`
	ClientID      string   `json:"clientId"`
	Authorization string   `json:"authorizationEndpoint"`
	Token         string   `json:"tokenEndpoint"`
	Redirection   string   `json:"redirectionEndpoint"`
	PKCE          bool     `json:"usePKCE"`
	Hosts         []string `json:"hostnames"`
	Domains       []string `json:"emailDomains,omitempty"`
	Scopes        string   `json:"scopes"`
}

// NewAddon describes the add-on for p, whose accounts are in domains. It fails with [ErrNoAddon], and the reason, when
// p has no client id, no end points or no server with OAuth2. Domains are named in the add-on only where the host names
// are Thunderbird's own too, such as Microsoft's: elsewhere a new domain would need a new add-on. Thunderbird holds one
// client for each issuer, so the id is the issuer's: a second add-on replaces the first.
func NewAddon(p *provider.Provider, domains []string, version string) (*Addon, error) {
	o := p.OAuth2
	switch {
	case o == nil || o.AuthorizeURL == "" || o.TokenURL == "":
		return nil, fmt.Errorf("%w: %q has no oauth2 with authorize_url and token_url", ErrNoAddon, p.ID)
	case o.ClientID == "":
		return nil, fmt.Errorf("%w: oauth2 of %q has no client_id", ErrNoAddon, p.ID)
	case len(domains) == 0:
		return nil, fmt.Errorf("%w: %q names no domain", ErrNoAddon, p.ID)
	}
	hosts, shared := oauthHosts(p, domains)
	if len(hosts) == 0 {
		return nil, fmt.Errorf("%w: no server of %q has oauth2 among its auth", ErrNoAddon, p.ID)
	}
	// the login in Thunderbird's password store is named by this host, as the API's description wants it
	issuer, oldest := provider.HostOf(o.AuthorizeURL), "140.0"
	if shared { // the issuer is Thunderbird's own too, and older ones refuse the hosts
		issuer, oldest = domains[0], "155.0"
	}
	a := &Addon{ID: "oauth2@" + issuer, Version: version}
	a.manifest = manifest{
		ManifestVersion: 3, Name: p.Name + ": sign-in", Version: version,
		Description: "Lets Thunderbird sign in at " + p.Name + " with OAuth2. Nothing else is read or changed.",
		OAuth: oauthProvider{
			Issuer: issuer, ClientID: o.ClientID, Authorization: o.AuthorizeURL, Token: o.TokenURL,
			Redirection: RedirectURL, PKCE: true, Hosts: hosts, Scopes: strings.Join(o.Scopes, " "),
		},
	}
	a.manifest.Specific.Gecko.ID, a.manifest.Specific.Gecko.Min = a.ID, oldest
	if shared {
		a.manifest.OAuth.Domains = domains
	}
	return a, nil
}

// oauthHosts are the hosts of the servers with OAuth2, expanded for each domain
// where they differ, and whether Thunderbird itself knows one of them.
func oauthHosts(p *provider.Provider, domains []string) (hosts []string, shared bool) {
	for _, domain := range domains {
		for _, s := range p.For(domain).Servers() {
			if slices.Contains(s.Auth, provider.AuthOAuth2) && !slices.Contains(hosts, s.Host) {
				hosts = append(hosts, s.Host)
				shared = shared || ThunderbirdOAuth2(s.Host)
			}
		}
	}
	return hosts, shared
}

// XPI is the add-on as a file: a zip archive with its manifest, the same bytes for the same add-on.
func (a *Addon) XPI() ([]byte, error) {
	text, err := marshalIndent(a.manifest)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "manifest.json", Method: zip.Store, Modified: time.Time{}})
	if err == nil {
		_, err = f.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	return out.Bytes(), err
}

// Client is the registration as the add-on thunderbird-custom-idp ("OAuthPatch")
// gets it from /.well-known/autoconfig/mail/oauth2-client.json of a domain.
func (a *Addon) Client() ([]byte, error) {
	o := a.manifest.OAuth
	type scopes struct {
		IMAP string `json:"imap"`
		SMTP string `json:"smtp"`
	}
	return marshalIndent(struct {
		Hosts         string `json:"hostname"`
		Issuer        string `json:"issuer"`
		ClientID      string `json:"clientId"`
		PKCE          bool   `json:"usePkce"`
		Override      bool   `json:"overrideBuiltIn,omitempty"`
		Authorization string `json:"authorizationEndpoint"`
		Token         string `json:"tokenEndpoint"`
		Redirection   string `json:"redirectUri"`
		Scopes        scopes `json:"scopes"`
	}{strings.Join(o.Hosts, " "), o.Issuer, o.ClientID, o.PKCE, len(o.Domains) > 0,
		o.Authorization, o.Token, o.Redirection, scopes{o.Scopes, o.Scopes}})
}

// Policies is the policies.json that installs the add-on from installURL for everybody on a machine (policy
// ExtensionSettings, "Policy templates for Thunderbird").
func (a *Addon) Policies(installURL string) ([]byte, error) {
	type setting struct {
		Mode string `json:"installation_mode"`
		URL  string `json:"install_url"`
	}
	return marshalIndent(map[string]any{"policies": map[string]any{
		"ExtensionSettings": map[string]setting{a.ID: {Mode: "force_installed", URL: installURL}},
	}})
}

func marshalIndent(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return out.Bytes(), err
}
