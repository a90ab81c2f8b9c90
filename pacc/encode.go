package pacc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"strings"

	"autoconfig/provider"
)

// Encode writes the document of p for domain. The bytes depend on the arguments alone. It fails with [ErrOff], or with
// the reason why PACC cannot state the provider ([provider.Provider.PACCReason]).
func Encode(p *provider.Provider, domain string) ([]byte, error) {
	d, err := describe(p, domain)
	if err != nil {
		return nil, err
	}
	d.Protocols.SMTP = d.Protocols.Submit
	return d.bytes()
}

// EncodePrevious is [Encode] as the release before wrote it, without the name smtp. Its digest is still published where
// nobody has replaced the TXT record since the upgrade.
func EncodePrevious(p *provider.Provider, domain string) ([]byte, error) {
	d, err := describe(p, domain)
	if err != nil {
		return nil, err
	}
	return d.bytes()
}

// describe is the document with the names of the last revision alone.
func describe(p *provider.Provider, domain string) (document, error) {
	if p.PACC == provider.PACCOff {
		return document{}, ErrOff
	}
	if err := p.PACCReason(); err != nil {
		return document{}, err
	}
	p = p.For(domain)
	var d document
	d.Info.Provider.Name, d.Info.Provider.ShortName = clean(cmp.Or(p.Name, domain)), clean(p.ShortName)
	if len(p.Documentation) > 0 {
		d.Info.Help = &help{p.Documentation[0].URL}
	}
	for key, e := range d.Protocols.urls() {
		*e = stateable(key, *p.URL(key))
	}
	d.Protocols.IMAP = d.server(p, p.Incoming, provider.IMAP)
	d.Protocols.POP3 = d.server(p, p.Incoming, provider.POP3)
	d.Protocols.Submit = d.server(p, p.Outgoing, provider.SMTP)
	return d, nil
}

// server is the best server of proto that the format can state, whose ways to log in the document then says; others are
// left out.
func (d *document) server(p *provider.Provider, servers []provider.Server, proto provider.Protocol) *server {
	s, ok := provider.Implicit(servers, proto)
	if !ok {
		return nil
	}
	if s.Has(provider.AuthPassword) || s.Has(provider.AuthPasswordEncrypted) {
		d.Authentication.Password = true
	}
	if o := p.OAuth2; o != nil && s.Has(provider.AuthOAuth2) && provider.CheckURL(o.Issuer, provider.URLIssuer) == nil {
		d.Authentication.OAuthPublic = &oauthPublic{o.Issuer} // byte for byte, as clients compare it (RFC 8414 §3.3)
	}
	return &server{s.Host}
}

// bytes is the form that clients fetch and the digest is made of.
func (d document) bytes() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// stateable is an end point that the format can state, or nil: on the default port and, for all but JMAP, with a path
// other than the root.
func stateable(key, raw string) *endpoint {
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Scheme != "https", u.Port() != "", key != "jmap" && strings.Trim(u.Path, "/") == "":
		return nil
	}
	return &endpoint{raw}
}

// clean joins runs of white space: names have no double spaces.
func clean(s string) string { return strings.Join(strings.Fields(s), " ") }
