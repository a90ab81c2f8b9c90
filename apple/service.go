package apple

import (
	"strings"

	"autoconfig/provider"
)

// The payload types (device-management, mdm/profiles, file names).
const (
	TypeConfiguration = "Configuration"
	TypeMail          = "com.apple.mail.managed"
	TypeCalDAV        = "com.apple.caldav.account"
	TypeCardDAV       = "com.apple.carddav.account"
	TypeExchange      = "com.apple.eas.account"
)

// suffixes are those of the payloads' identifiers; the first is the profile itself.
var suffixes = []string{"", ".mail", ".caldav", ".carddav", ".eas"}

// auths are the ways to log in of a mail payload (com.apple.mail.managed.yaml, IncomingMailServerAuthentication). The
// first row of a way is written, the first of a word is read. OAuth2, GSSAPI and client certificates have no word.
var auths = []struct {
	auth provider.Auth
	word string
}{
	{provider.AuthPassword, "EmailAuthPassword"},
	{provider.AuthPasswordEncrypted, "EmailAuthCRAMMD5"},
	{provider.AuthPasswordEncrypted, "EmailAuthHTTPMD5"},
	{provider.AuthNTLM, "EmailAuthNTLM"},
	{provider.AuthNone, authNone},
	{provider.AuthClientIP, authNone}, // the network lets the client in, it does not log in
}

const authNone = "EmailAuthNone"

// serverKeys are the keys by which a payload names one server. A key is empty where the type has none.
type serverKeys struct {
	role                      string // as in [Server]
	host, port, ssl, username string
	auth, path, secret        string
	label                     string // what the device calls the account
	required                  bool   // a payload without host or auth is refused
}

// serversOf are the servers of each type of payload. A type that is not an account has none.
var serversOf = map[string][]serverKeys{
	TypeMail:     {mailKeys("Incoming"), mailKeys("Outgoing")},
	TypeCalDAV:   {davKeys("CalDAV")},
	TypeCardDAV:  {davKeys("CardDAV")},
	TypeExchange: {{role: "exchange", host: "Host", ssl: "SSL", username: "UserName", secret: "Password"}},
}

func mailKeys(direction string) serverKeys {
	key := direction + "MailServer"
	return serverKeys{role: strings.ToLower(direction), host: key + "HostName", port: key + "PortNumber",
		ssl: key + "UseSSL", username: key + "Username", auth: key + "Authentication", secret: direction + "Password",
		label: "EmailAccountDescription", required: true}
}

func davKeys(prefix string) serverKeys {
	return serverKeys{role: strings.ToLower(prefix), host: prefix + "HostName", port: prefix + "Port",
		ssl: prefix + "UseSSL", username: prefix + "Username", path: prefix + "PrincipalURL", secret: prefix + "Password",
		label: prefix + "AccountDescription", required: true}
}

// setServer writes a server under its keys.
func (d dict) setServer(k serverKeys, s Server) {
	d[k.host], d[k.ssl], d[k.username] = s.Host, s.SSL, s.Username
	if k.port != "" {
		d[k.port] = s.Port
	}
	d.setText(k.auth, s.Auth)
	d.setText(k.path, s.Path)
}

// server reads a server from its keys. Only calendars and address books are encrypted without a word.
func (d dict) server(k serverKeys) Server {
	return Server{Role: k.role, Host: d.text(k.host), Port: d.port(k.port), SSL: d.flag(k.ssl, k.path != ""),
		Auth: d.text(k.auth), Username: d.text(k.username), Path: d.text(k.path)}
}
