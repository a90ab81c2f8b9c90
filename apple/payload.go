package apple

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"

	"autoconfig/provider"
)

// payload is what every payload and the top level have in common (device-management, CommonPayloadKeys.yaml).
func payload(typ, identifier, displayName string) dict {
	return dict{"PayloadType": typ, "PayloadVersion": 1, "PayloadIdentifier": identifier,
		"PayloadUUID": uuidOf(identifier), "PayloadDisplayName": displayName}
}

// payload is the payload of one of an account's services.
func (a Account) payload(typ, identifier, title string) dict {
	return payload(typ, identifier, title+" ("+a.Address.String()+")")
}

// exchangeTitle is a name, the same in every language.
const exchangeTitle = "Exchange"

func (w *Words) calendars() string { return cmp.Or(w.Calendars, "Calendars") }
func (w *Words) contacts() string  { return cmp.Or(w.Contacts, "Contacts") }

// payloads are the payloads of one account; their identifiers begin with prefix.
func (a Account) payloads(kind Kind, prefix, name string, w *Words) (list []dict, err error) {
	a.Provider = a.Provider.For(a.Address.Domain)
	switch kind {
	case Exchange:
		eas, err := a.exchange(prefix)
		return []dict{eas}, err
	case Mail:
		mail, err := a.mail(prefix, name, w)
		if err != nil {
			return nil, err
		}
		list = append(list, mail)
	}
	for _, dav := range []struct{ typ, title string }{{TypeCalDAV, w.calendars()}, {TypeCardDAV, w.contacts()}} {
		keys := serversOf[dav.typ][0]
		url := *a.Provider.URL(keys.role)
		if url == "" {
			continue
		}
		s, err := a.serverAt(url)
		if err != nil {
			return nil, err
		}
		if s.Path == "/" || s.Path == "/.well-known/"+keys.role { // the device finds the principal itself (RFC 6764 §6)
			s.Path = ""
		}
		d := a.payload(dav.typ, prefix+"."+keys.role, dav.title)
		d[keys.label] = a.label()
		d.setServer(keys, s)
		list = append(list, d)
	}
	if len(list) == 0 {
		return nil, ErrNoDAV
	}
	return list, nil
}

// mail is the com.apple.mail.managed payload. It never holds a password: the device asks for it.
func (a Account) mail(prefix, name string, w *Words) (dict, error) {
	in, inAuth, ok := pick(a.Provider.Incoming, provider.IMAP)
	typ := "EmailTypeIMAP"
	if !ok {
		in, inAuth, ok = pick(a.Provider.Incoming, provider.POP3)
		typ = "EmailTypePOP"
	}
	out, outAuth, sends := pick(a.Provider.Outgoing, provider.SMTP)
	if !ok || !sends {
		return nil, ErrNoPassword
	}
	if err := provider.Complete(in, out); err != nil {
		return nil, err
	}
	d := a.payload(TypeMail, prefix+".mail", cmp.Or(w.Mail, "Mail"))
	d["EmailAccountType"], d["EmailAccountDescription"], d["EmailAddress"] = typ, a.label(), a.Address.String()
	d.setText("EmailAccountName", name)
	d.setServer(serversOf[TypeMail][0], a.server(in, inAuth))
	d.setServer(serversOf[TypeMail][1], a.server(out, outAuth))
	if inAuth != authNone && outAuth != authNone {
		d["OutgoingPasswordSameAsIncomingPassword"] = true // asked for once
	}
	return d, nil
}

func (a Account) server(s provider.Server, auth string) Server {
	// SSL for STARTTLS too: false, the default, permits clear text. Which of the two is spoken, the port decides.
	return Server{Host: s.Host, Port: s.Port, SSL: s.Security == provider.TLS || s.Security == provider.STARTTLS,
		Auth: auth, Username: provider.Expand(s.Username, a.Address)}
}

// pick is the best server of proto that the mail payload can say, with its way to log in.
func pick(servers []provider.Server, proto provider.Protocol) (provider.Server, string, bool) {
	for _, s := range servers {
		for _, a := range s.Auth {
			for _, row := range auths {
				if s.Protocol == proto && row.auth == a {
					return s, row.word, true
				}
			}
		}
	}
	return provider.Server{}, "", false
}

// exchange is the com.apple.eas.account payload, for iPhone and iPad; macOS does not know it. With OAuth and no
// OAuthSignInURL the device finds the sign-in page by Autodiscover itself. Untested on a device.
func (a Account) exchange(prefix string) (dict, error) {
	if a.Provider.ActiveSync == "" {
		return nil, ErrNoAccount
	}
	s, err := a.serverAt(a.Provider.ActiveSync)
	if err != nil {
		return nil, err
	}
	if s.Port != 443 {
		s.Host = net.JoinHostPort(s.Host, strconv.Itoa(int(s.Port))) // there is no key for the port
	}
	s.Path = "" // nor for the path
	d := a.payload(TypeExchange, prefix+".eas", exchangeTitle)
	d["EmailAddress"] = a.Address.String()
	d.setServer(serversOf[TypeExchange][0], s)
	d["OAuth"] = prefersOAuth2(a.Provider)
	return d, nil
}

// prefersOAuth2 reports whether OAuth2 is the first way to log in everywhere.
func prefersOAuth2(p *provider.Provider) bool {
	servers := slices.Concat(p.Incoming, p.Outgoing)
	return p.OAuth2 != nil && len(servers) > 0 && !slices.ContainsFunc(servers, func(s provider.Server) bool {
		return len(s.Auth) == 0 || s.Auth[0] != provider.AuthOAuth2
	})
}

// serverAt is the server of an https URL.
func (a Account) serverAt(raw string) (Server, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return Server{}, fmt.Errorf("%w: %q is not an https URL with a host", provider.ErrIncomplete, raw)
	}
	return Server{Host: u.Hostname(), Port: cmp.Or(provider.Port(u.Port()), 443), SSL: true, Path: u.EscapedPath(),
		Username: provider.Expand(a.Provider.Login().Username, a.Address)}, nil
}
