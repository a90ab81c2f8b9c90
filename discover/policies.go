package discover

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"autoconfig/mozilla"
	"autoconfig/provider"
)

// thunderbirdReads: the document's order counts, one way to log in is kept,
// and OAuth2 works for the hosts in its own table alone.
func thunderbirdReads() reading {
	return reading{
		xmlType: true, named: true, idOpen: true, bare: true, portless: true, leading: true,
		incoming: []string{"imap", "pop3", "nntp", "exchange", "ews", "owa"}, mixed: true,
		socket: socketWords, auth: authWords,
		authOut:   map[string]provider.Auth{"none": provider.AuthNone, "client-IP-address": provider.AuthClientIP, "smtp-after-pop": provider.AuthNone},
		oauth:     mozilla.ThunderbirdOAuth2,
		firstAuth: true,
		host:      thunderbirdHost,
		user:      thunderbirdUser,
		noUser:    func(s *Server, _ vars) bool { s.Username = "undefined"; return true },
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

// androidReads: the first imap and smtp, and a document with any block it
// cannot read is refused as a whole; plain is such a block. The last
// emailProvider counts, and the last of a repeated value. OAuth2 works for exact
// host names, which are looked at when the servers have been chosen.
func androidReads() reading {
	words := map[string]provider.Auth{
		"password-cleartext": provider.AuthPassword, "password-encrypted": provider.AuthPasswordEncrypted, "OAuth2": provider.AuthOAuth2,
	}
	hosts := []string{"outlook.office365.com", "smtp.office365.com", "smtp-mail.outlook.com", "imap.gmail.com", "imap.googlemail.com", "smtp.gmail.com",
		"smtp.googlemail.com", "imap.mail.yahoo.com", "smtp.mail.yahoo.com", "imap.aol.com", "smtp.aol.com", "imap.fastmail.com", "smtp.fastmail.com"}
	return reading{
		named: true, whole: true, exact: true, lastProvider: true, lastValue: true, oauthLate: true,
		incoming: []string{"imap"},
		socket:   secureWords, auth: words,
		oauth:  func(host string) bool { return slices.Contains(hosts, host) },
		host:   expandedHost,
		user:   trimmedUser,
		noUser: func(*Server, vars) bool { return false },
	}
}

// evolutionReads: the last of a type, %EMAILDOMAIN% in a host name becomes
// nothing, and OAuth2 is unknown in a document.
func evolutionReads() reading {
	words := maps.Clone(authWords)
	delete(words, "OAuth2")
	return reading{
		incoming: []string{"imap", "pop3"}, lastIn: true, lastOut: true,
		socket: socketWords, auth: words, authElse: provider.AuthNone, firstAuth: true,
		host: func(template string, _ vars) string {
			return strings.NewReplacer(provider.EmailDomain, "", provider.EmailLocalPart, "EVOLUTIONUSER").Replace(template)
		},
		// It sends EVOLUTIONUSER in the place of the local part, and puts the
		// real one back where a server has filled that in.
		user: func(template string, v vars) string {
			return strings.ReplaceAll(trimmedUser(template, v), "EVOLUTIONUSER", v.login.Local)
		},
		noUser: func(s *Server, _ vars) bool { s.Username = "(null)"; return true },
	}
}

// kdeReads: the first of a type.
func kdeReads() reading {
	return reading{
		incoming: []string{"imap", "pop3"},
		socket:   socketWords, auth: authWords, authElse: provider.AuthPassword, firstAuth: true,
		host: expandedHost, user: trimmedUser, noUser: addressUser,
	}
}

// gearyReads: the first incomingServer must be an imap one; nothing is filled
// in, and the user name is always the address.
func gearyReads() reading {
	return reading{
		incoming: []string{"imap"}, firstOnly: true,
		socket: socketWords, auth: authWords, authElse: provider.AuthPassword,
		host: literal, user: wholeAddress, noUser: addressUser,
	}
}

// deltaChatReads: the first imap and smtp, OAuth2 passed over; without a user
// name it falls back to the domain as the host.
func deltaChatReads() reading {
	return reading{
		incoming: []string{"imap"}, stream: true,
		socket: socketWords, authElse: provider.AuthPassword,
		host: expandedHost, user: trimmedUser,
		noUser: func(s *Server, v vars) bool {
			s.Host, s.Username = v.addr.Domain, v.login.String()
			return true
		},
	}
}

// aercReads: the first imap and the last smtp; nothing is filled in.
func aercReads() reading {
	return reading{
		incoming: []string{"imap"}, lastOut: true,
		socket: socketWords, auth: authWords, authElse: provider.AuthPassword,
		host: func(template string, _ vars) string { return strings.ReplaceAll(template, "%", "%25") }, // as its URL has it
		user: wholeAddress, noUser: addressUser,
	}
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
