package discover

import (
	"maps"
	"net/netip"
	"strconv"
	"strings"

	"autoconfig/provider"
)

// The socketType and authentication words of the format.
var (
	secureWords   = map[string]provider.Security{"SSL": provider.TLS, "STARTTLS": provider.STARTTLS}
	socketWords   = extended(secureWords, map[string]provider.Security{"plain": provider.Plain})
	passwordWords = map[string]provider.Auth{
		"password-cleartext": provider.AuthPassword, "plain": provider.AuthPassword,
		"password-encrypted": provider.AuthPasswordEncrypted, "secure": provider.AuthPasswordEncrypted,
		"GSSAPI": provider.AuthGSSAPI, "NTLM": provider.AuthNTLM,
	}
	authWords = extended(passwordWords, map[string]provider.Auth{"OAuth2": provider.AuthOAuth2})
	kde6Words = extended(authWords, map[string]provider.Auth{"none": provider.AuthNone, "client-ip-based": provider.AuthClientIP})
)

func extended[V any](words, more map[string]V) map[string]V {
	out := maps.Clone(words)
	maps.Copy(out, more)
	return out
}

// androidOAuth2 are the hosts that Thunderbird for Android has OAuth2 for.
var androidOAuth2 = strings.Fields(`outlook.office365.com smtp.office365.com smtp-mail.outlook.com
	imap.gmail.com imap.googlemail.com smtp.gmail.com smtp.googlemail.com imap.mail.yahoo.com smtp.mail.yahoo.com
	imap.aol.com smtp.aol.com imap.fastmail.com smtp.fastmail.com`)

// draftReads is a client that reads what draft-ietf-mailmaint-autoconfig says.
var draftReads = reading{
	incoming: []string{"imap"}, socket: socketWords, auth: authWords, authElse: provider.AuthPassword,
	host: expandedHost, user: trimmedUser, noUser: addressUser,
}

// kdeReads takes the first server of a type.
func kdeReads(words map[string]provider.Auth, lastValue bool) reading {
	return reading{
		incoming: []string{"imap", "pop3"}, lastValue: lastValue,
		socket: socketWords, auth: words, authElse: provider.AuthPassword, firstAuth: true,
		host: expandedHost, user: trimmedUser, noUser: addressUser,
	}
}

// thunderbirdHost lowers a host name and fills it in; addresses are taken.
func thunderbirdHost(template string, v vars) string {
	host := strings.ToLower(expand(template, v))
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	host, err := provider.ParseHost(host)
	if err != nil {
		return ""
	}
	return host
}

// thunderbirdUser is what JXON makes of the element: numbers and booleans lose
// their form, white space stays.
func thunderbirdUser(template string, v vars) string {
	switch n, err := strconv.ParseUint(template, 10, 53); {
	case template == "" || template == "true":
		return "true"
	case err == nil:
		return strconv.FormatUint(n, 10)
	}
	return expand(template, v)
}

func evolutionHost(template string, _ vars) string {
	return strings.NewReplacer(provider.EmailDomain, "", provider.EmailLocalPart, "EVOLUTIONUSER").Replace(template)
}

// evolutionUser puts the local part back where a server has filled in
// EVOLUTIONUSER, which is sent in its place.
func evolutionUser(template string, v vars) string {
	return strings.ReplaceAll(trimmedUser(template, v), "EVOLUTIONUSER", v.login.Local)
}

// escapedHost is a host as aerc writes it into its URL.
func escapedHost(template string, _ vars) string { return strings.ReplaceAll(template, "%", "%25") }

func domainHost(s *Server, v vars) bool {
	s.Host = v.addr.Domain
	return addressUser(s, v)
}

func localOrAddress(template string, v vars) string {
	if template == provider.EmailLocalPart {
		return v.login.Local
	}
	return v.login.String()
}

// literalUser fills in a placeholder that is the whole user name.
func literalUser(template string, v vars) string {
	if template == provider.EmailAddress || template == provider.EmailLocalPart {
		return provider.Expand(template, v.login)
	}
	return template
}

// byPort is STARTTLS for the ports that are for it, else TLS.
func byPort(p provider.Protocol, port uint16) provider.Security {
	if want, _ := (provider.Server{Protocol: p, Port: port}).PortSecurity(); want == provider.STARTTLS {
		return want
	}
	return provider.TLS
}

// expand fills in the three placeholders with the person's own address, but
// the domain with the one that is asked.
func expand(template string, v vars) string {
	return provider.Expand(strings.ReplaceAll(template, provider.EmailDomain, v.addr.Domain), v.login)
}

func expandedHost(template string, v vars) string {
	host, err := provider.ParseHost(expand(template, v))
	if err != nil {
		return ""
	}
	return host
}

func literal(template string, _ vars) string { return template }

func trimmedUser(template string, v vars) string { return expand(trimXML(template), v) }

func wholeAddress(_ string, v vars) string { return v.login.String() }

func addressUser(s *Server, v vars) bool { s.Username = v.login.String(); return true }

// fixedUser is the user name of a client for a server without one.
func fixedUser(name string) func(*Server, vars) bool {
	return func(s *Server, _ vars) bool { s.Username = name; return true }
}
