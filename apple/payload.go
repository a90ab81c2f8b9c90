package apple

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"autoconfig/provider"
)

// payload is what every payload and the top level have in common (device-management, CommonPayloadKeys.yaml).
func payload(typ, identifier, displayName string) dict {
	d := make(dict, 0, 20)
	d.text("PayloadType", typ)
	d.integer("PayloadVersion", 1)
	d.text("PayloadIdentifier", identifier)
	d.text("PayloadUUID", uuidOf(identifier))
	d.text("PayloadDisplayName", displayName)
	return d
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
	for _, s := range []struct{ prefix, title, typ, suffix, url string }{
		{"CalDAV", w.calendars(), TypeCalDAV, ".caldav", a.Provider.CalDAV},
		{"CardDAV", w.contacts(), TypeCardDAV, ".carddav", a.Provider.CardDAV},
	} {
		if s.url == "" {
			continue
		}
		d, err := a.dav(s.prefix, s.title, s.typ, prefix+s.suffix, s.url)
		if err != nil {
			return nil, err
		}
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
	d.text("EmailAccountType", typ)
	d.text("EmailAccountDescription", a.label())
	d.text("EmailAddress", a.Address.String())
	if name != "" {
		d.text("EmailAccountName", name)
	}
	a.server(&d, "Incoming", in, inAuth)
	a.server(&d, "Outgoing", out, outAuth)
	if inAuth != authNone && outAuth != authNone {
		d.boolean("OutgoingPasswordSameAsIncomingPassword", true) // asked for once
	}
	return d, nil
}

func (a Account) server(d *dict, direction string, s provider.Server, auth string) {
	key := direction + "MailServer"
	d.text(key+"HostName", s.Host)
	d.integer(key+"PortNumber", int(s.Port))
	// For STARTTLS too: false, the default, permits clear text. Which of the two is spoken, the port decides.
	d.boolean(key+"UseSSL", s.Security == provider.TLS || s.Security == provider.STARTTLS)
	d.text(key+"Username", provider.Expand(s.Username, a.Address))
	d.text(key+"Authentication", auth)
}

const authNone = "EmailAuthNone"

// authentication is a way to log in as the mail payload has it (com.apple.mail.managed.yaml,
// IncomingMailServerAuthentication). OAuth2, GSSAPI and client certificates have no value.
func authentication(a provider.Auth) (string, bool) {
	switch a {
	case provider.AuthPassword:
		return "EmailAuthPassword", true
	case provider.AuthPasswordEncrypted:
		return "EmailAuthCRAMMD5", true
	case provider.AuthNTLM:
		return "EmailAuthNTLM", true
	case provider.AuthNone, provider.AuthClientIP: // the network lets the client in, it does not log in
		return authNone, true
	}
	return "", false
}

// pick is the best server of proto that the mail payload can say, with its way to log in.
func pick(servers []provider.Server, proto provider.Protocol) (provider.Server, string, bool) {
	for _, s := range servers {
		if s.Protocol != proto {
			continue
		}
		for _, a := range s.Auth {
			if auth, ok := authentication(a); ok {
				return s, auth, true
			}
		}
	}
	return provider.Server{}, "", false
}

// dav is a CalDAV or CardDAV payload for the collection at raw, an https
// URL. The keys of the two differ in their first letters only.
func (a Account) dav(prefix, title, typ, identifier, raw string) (dict, error) {
	host, port, path, err := split(raw)
	if err != nil {
		return nil, err
	}
	d := a.payload(typ, identifier, title)
	d.text(prefix+"AccountDescription", a.label())
	d.text(prefix+"HostName", host)
	d.integer(prefix+"Port", port)
	d.boolean(prefix+"UseSSL", true)
	d.text(prefix+"Username", a.username())
	if path != "" && path != "/" && path != "/.well-known/"+strings.ToLower(prefix) { // the device finds the principal itself (RFC 6764 §6)
		d.text(prefix+"PrincipalURL", path)
	}
	return d, nil
}

// exchange is the com.apple.eas.account payload, for iPhone and iPad; macOS does not know it. With OAuth and no
// OAuthSignInURL the device finds the sign-in page by Autodiscover itself. Untested on a device.
func (a Account) exchange(prefix string) (dict, error) {
	if a.Provider.ActiveSync == "" {
		return nil, ErrNoAccount
	}
	host, port, _, err := split(a.Provider.ActiveSync)
	if err != nil {
		return nil, err
	}
	if port != 443 {
		host += ":" + strconv.Itoa(port) // there is no key for the port
	}
	d := a.payload(TypeExchange, prefix+".eas", exchangeTitle)
	d.text("EmailAddress", a.Address.String())
	d.text("UserName", a.username())
	d.text("Host", host)
	d.boolean("SSL", true) // the default is false
	d.boolean("OAuth", prefersOAuth2(a.Provider))
	return d, nil
}

// prefersOAuth2 reports whether OAuth2 is the first way to log in everywhere.
func prefersOAuth2(p *provider.Provider) bool {
	servers := slices.Concat(p.Incoming, p.Outgoing)
	return p.OAuth2 != nil && len(servers) > 0 && !slices.ContainsFunc(servers, func(s provider.Server) bool {
		return len(s.Auth) == 0 || s.Auth[0] != provider.AuthOAuth2
	})
}

// username is the login name of the services other than mail: that of the first incoming server.
func (a Account) username() string {
	if in := a.Provider.Incoming; len(in) > 0 {
		return provider.Expand(in[0].Username, a.Address)
	}
	return a.Address.String()
}

// split is host, port and path of an https URL.
func split(raw string) (host string, port int, path string, err error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return "", 0, "", fmt.Errorf("%w: %q is not an https URL with a host", provider.ErrIncomplete, raw)
	}
	port, err = strconv.Atoi(u.Port())
	if err != nil {
		port = 443
	}
	return u.Hostname(), port, u.EscapedPath(), nil
}
