// Package mozilla speaks Mozilla's mail autoconfig format, the XML document that Thunderbird, its Android version,
// Evolution, Geary, aerc, Delta Chat and KDE fetch from https://autoconfig.DOMAIN/mail/config-v1.1.xml.
//
// One emailProvider element names the domain, then the servers in order of preference, each with a host name, port,
// socketType, login methods and a user name with placeholders; pages for people and the OAuth2 server follow. Version
// 1.1 is what is deployed ([wiki]); [draft-ietf-mailmaint-autoconfig] calls itself 1.2 and adds JMAP, CalDAV, CardDAV
// and ManageSieve. The formats are the same otherwise, and no client reads the version.
//
// Clients are pickier than any specification: one takes the first server of a kind, another the last; one refuses a
// whole document for an attribute, or for a blank. [Encode] writes what all of them read, [Decode] reads what anybody
// writes, and [Lint] says which client stumbles over what.
//
// [wiki]: https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat
// [draft-ietf-mailmaint-autoconfig]: https://datatracker.ietf.org/doc/draft-ietf-mailmaint-autoconfig/
package mozilla

import (
	"errors"
	"slices"
	"strings"

	"autoconfig/provider"
)

// MaxSize is the most octets of a document that are read: the longest in the ISPDB has a tenth of it.
const MaxSize = 64 << 10

// maxDepth bounds the nesting of a document; a real one has five levels.
const maxDepth = 16

// maxTags bounds the tags of a document; a real one has some hundred.
const maxTags = 10_000

// Why a document cannot be read, or not be written.
var (
	ErrTooLarge      = errors.New("autoconfig: document larger than 64 KiB")
	ErrEncoding      = errors.New("autoconfig: document is not UTF-8")
	ErrSyntax        = errors.New("autoconfig: document is not well-formed XML")
	ErrDirective     = errors.New("autoconfig: document has a DOCTYPE or another directive")
	ErrNotAutoconfig = errors.New("autoconfig: document is XML, but has no clientConfig with an emailProvider")
	ErrNoServers     = errors.New("autoconfig: provider lacks an incoming or an outgoing server, which every client needs")
)

// urlTypes are the services with a URL, by element and type. A type is, in lower case, the key of the provider's URL.
// The draft has activeSync in both spellings, and addressBook in its sample.
var urlTypes = map[string][]string{
	"incomingServer": {"jmap", "graph", "ews", "activeSync", "activesync"},
	"calendar":       {"caldav"}, "addressbook": {"carddav"}, "addressBook": {"carddav"},
}

const socketPlain = "plain"

// sockets are the socketType words (draft-ietf-mailmaint-autoconfig, "TCP"). Case counts.
var sockets = map[string]provider.Security{
	"SSL": provider.TLS, "STARTTLS": provider.STARTTLS, socketPlain: provider.Plain,
}

func socketWord(s provider.Security) string {
	for word, security := range sockets {
		if security == s {
			return word
		}
	}
	return socketPlain
}

// auths are the words of each way to log in: first the one of TCP blocks that is
// written, then those of older files, SASL mechanisms and HTTP schemes.
var auths = []struct {
	auth  provider.Auth
	words []string
}{
	// OAuth is in one list of the draft; no client knows it.
	{provider.AuthOAuth2, []string{"OAuth2", "OAuth", "sasl-XOAUTH2", "sasl-OAUTHBEARER", "http-bearer"}},
	{provider.AuthPassword, []string{"password-cleartext", "plain", "http-basic", "sasl-PLAIN", "sasl-LOGIN"}},
	{provider.AuthPasswordEncrypted,
		[]string{"password-encrypted", "secure", "http-digest", "sasl-CRAM-MD5", "sasl-DIGEST-MD5"}},
	{provider.AuthNTLM, []string{"NTLM", "sasl-NTLM"}},
	{provider.AuthGSSAPI, []string{"GSSAPI", "sasl-GSSAPI"}},
	{provider.AuthClientCertificate, []string{"TLS-client-cert", "sasl-EXTERNAL"}},
	{provider.AuthClientIP, []string{"client-IP-address"}},
	{provider.AuthNone, []string{"none", "smtp-after-pop"}},
}

// authWord is the authentication word of TCP blocks, "" for one unknown.
func authWord(a provider.Auth) string {
	for _, row := range auths {
		if row.auth == a {
			return row.words[0]
		}
	}
	return ""
}

// authOf reads an authentication element.
func authOf(system, word string) (provider.Auth, bool) {
	switch system {
	case "http":
		word = "http-" + strings.ToLower(word)
	case "sasl":
		word = "sasl-" + strings.ToUpper(word)
	}
	for _, row := range auths {
		if slices.Contains(row.words, word) {
			return row.auth, true
		}
	}
	if strings.HasPrefix(word, "sasl-SCRAM-") {
		return provider.AuthPasswordEncrypted, true
	}
	return "", false
}

// trim takes XML's white space (XML 1.0 §2.3) off a value.
func trim(s string) string { return strings.Trim(s, " \t\r\n") }
