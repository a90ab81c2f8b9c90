package pacc

import (
	"cmp"
	"encoding/json"
	"fmt"

	"autoconfig/provider"
)

// Decode reads a document. It ignores what it does not know, takes the -02 name smtp for submit, and fills in the ports
// the format implies; [provider.Provider.Validate] tells what is wrong with the result. It reads at most [MaxSize]
// octets and fails with an error wrapping [ErrTooLarge], [ErrSyntax] or [ErrProtocols].
func Decode(body []byte) (*provider.Provider, error) {
	if len(body) > MaxSize {
		return nil, ErrTooLarge
	}
	var d struct {
		document
		Protocols *protocols `json:"protocols"`
	}
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrSyntax, why(body, err))
	}
	if d.Protocols == nil {
		return nil, ErrProtocols
	}
	p := &provider.Provider{Name: d.Info.Provider.Name, ShortName: d.Info.Provider.ShortName, PACC: provider.PACCAuto}
	var auth []provider.Auth
	if o := d.Authentication.OAuthPublic; o != nil {
		p.OAuth2 = &provider.OAuth2{Issuer: o.Issuer}
		auth = append(auth, provider.AuthOAuth2)
	}
	if d.Authentication.Password {
		auth = append(auth, provider.AuthPassword)
	}
	if h := d.Info.Help; h != nil && h.Documentation != "" {
		p.Documentation = []provider.Documentation{{URL: h.Documentation}}
	}
	submit := cmp.Or(d.Protocols.Submit, d.Protocols.SMTP)
	p.Incoming = appendServer(p.Incoming, provider.IMAP, d.Protocols.IMAP, auth)
	p.Incoming = appendServer(p.Incoming, provider.POP3, d.Protocols.POP3, auth)
	p.Outgoing = appendServer(p.Outgoing, provider.SMTP, submit, auth)
	for key, e := range d.Protocols.urls() {
		if *e != nil {
			*p.URL(key) = (*e).URL
		}
	}
	return p, nil
}

func appendServer(list []provider.Server, proto provider.Protocol, s *server, auth []provider.Auth) []provider.Server {
	if s == nil || s.Host == "" {
		return list
	}
	out := provider.Server{Protocol: proto, Host: s.Host, Security: provider.TLS, Auth: auth,
		Username: provider.EmailAddress}
	if svc, ok := out.Service(); ok {
		out.Port = svc.Port
	}
	return append(list, out)
}
