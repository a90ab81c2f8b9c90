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
	return document{
		Authentication: login(p),
		Info: info{
			Help:     documentation(p),
			Provider: names{Name: clean(cmp.Or(p.Name, domain)), ShortName: clean(p.ShortName)},
		},
		Protocols: protocols{
			CalDAV:  dav(p.CalDAV),
			CardDAV: dav(p.CardDAV),
			IMAP:    implicit(p.Incoming, provider.IMAP),
			JMAP:    https(p.JMAP),
			POP3:    implicit(p.Incoming, provider.POP3),
			Submit:  implicit(p.Outgoing, provider.SMTP),
		},
	}, nil
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

// implicit is the best server of proto that the format can state; others are left out.
func implicit(servers []provider.Server, proto provider.Protocol) *server {
	s, ok := provider.Implicit(servers, proto)
	if !ok {
		return nil
	}
	return &server{s.Host}
}

// https is an end point the format can state: on the default port.
func https(raw string) *endpoint {
	u, err := url.Parse(raw)
	if raw == "" || err != nil || u.Scheme != "https" || u.Port() != "" {
		return nil
	}
	return &endpoint{raw}
}

// dav is a DAV end point, which needs a path other than the root.
func dav(raw string) *endpoint {
	e := https(raw)
	if u, err := url.Parse(raw); err != nil || strings.Trim(u.Path, "/") == "" {
		return nil
	}
	return e
}

// login says how to log in to the servers that are stated.
func login(p *provider.Provider) authentication {
	var a authentication
	stated := []provider.Server{}
	for _, proto := range []provider.Protocol{provider.IMAP, provider.POP3} {
		if s, ok := provider.Implicit(p.Incoming, proto); ok {
			stated = append(stated, s)
		}
	}
	if s, ok := provider.Implicit(p.Outgoing, provider.SMTP); ok {
		stated = append(stated, s)
	}
	oauth2 := false
	for _, s := range stated {
		a.Password = a.Password || s.Has(provider.AuthPassword) || s.Has(provider.AuthPasswordEncrypted)
		oauth2 = oauth2 || s.Has(provider.AuthOAuth2)
	}
	if o := p.OAuth2; o != nil && oauth2 && issuer(o.Issuer) {
		a.OAuthPublic = &oauthPublic{o.Issuer} // byte for byte, as clients compare it (RFC 8414 §3.3)
	}
	return a
}

// issuer reports whether a client can find the metadata of an issuer: an https
// URL without query, fragment, dot segments or escapes in its path (RFC 8414 §2).
func issuer(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(raw, "?#%") {
		return false
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

func documentation(p *provider.Provider) *help {
	if len(p.Documentation) == 0 {
		return nil
	}
	return &help{p.Documentation[0].URL}
}

// clean joins runs of white space: names have no double spaces.
func clean(s string) string { return strings.Join(strings.Fields(s), " ") }
