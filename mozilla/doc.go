// Package mozilla speaks Mozilla's mail autoconfig format, the XML document
// that Thunderbird, its Android version, Evolution, Geary, aerc, Delta Chat and
// KDE fetch from https://autoconfig.DOMAIN/mail/config-v1.1.xml.
//
// One emailProvider element names the domain, then the servers in order of
// preference, each with a host name, port, socketType, login methods and a
// user name with placeholders; pages for people and the OAuth2 server follow.
// Version 1.1 is what is deployed ([wiki]); [draft-ietf-mailmaint-autoconfig]
// calls itself 1.2 and adds JMAP, CalDAV, CardDAV and ManageSieve. The formats
// are the same otherwise, and no client reads the version.
//
// Clients are pickier than any specification: one takes the first server of a
// kind, another the last; one refuses a whole document for an attribute, or for
// a blank. [Encode] writes what all of them read, [Decode] reads what anybody
// writes, and [Lint] says which client stumbles over what.
//
// [wiki]: https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat
// [draft-ietf-mailmaint-autoconfig]: https://datatracker.ietf.org/doc/draft-ietf-mailmaint-autoconfig/
package mozilla

import (
	"errors"
	"strings"

	"autoconfig/provider"
)

// MaxSize is the most octets of a document that are read: the longest in the
// ISPDB has a tenth of it.
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

// The socketType words (draft-ietf-mailmaint-autoconfig, "TCP"). Case counts.
const (
	socketTLS      = "SSL"
	socketSTARTTLS = "STARTTLS"
	socketPlain    = "plain"
)

func socketWord(s provider.Security) string {
	switch s {
	case provider.TLS:
		return socketTLS
	case provider.STARTTLS:
		return socketSTARTTLS
	}
	return socketPlain
}

func securityOf(word string) (provider.Security, bool) {
	switch word {
	case socketTLS:
		return provider.TLS, true
	case socketSTARTTLS:
		return provider.STARTTLS, true
	case socketPlain:
		return provider.Plain, true
	}
	return "", false
}

// authWord is the authentication word of TCP blocks, "" for one unknown.
func authWord(a provider.Auth) string {
	switch a {
	case provider.AuthOAuth2:
		return "OAuth2" // one list of the draft has OAuth, which no client knows
	case provider.AuthPassword:
		return "password-cleartext"
	case provider.AuthPasswordEncrypted:
		return "password-encrypted"
	case provider.AuthNTLM:
		return "NTLM"
	case provider.AuthGSSAPI:
		return "GSSAPI"
	case provider.AuthClientCertificate:
		return "TLS-client-cert"
	case provider.AuthClientIP:
		return "client-IP-address"
	case provider.AuthNone:
		return "none"
	}
	return ""
}

// authOf reads an authentication element: the words without a system, the
// words of older files, SASL mechanism names and HTTP schemes.
func authOf(system, word string) (provider.Auth, bool) {
	switch system {
	case "http":
		word = "http-" + strings.ToLower(word)
	case "sasl":
		word = "sasl-" + strings.ToUpper(word)
	}
	switch word {
	case "OAuth2", "OAuth", "sasl-XOAUTH2", "sasl-OAUTHBEARER", "http-bearer":
		return provider.AuthOAuth2, true
	case "password-cleartext", "plain", "http-basic", "sasl-PLAIN", "sasl-LOGIN":
		return provider.AuthPassword, true
	case "password-encrypted", "secure", "http-digest", "sasl-CRAM-MD5", "sasl-DIGEST-MD5":
		return provider.AuthPasswordEncrypted, true
	case "NTLM", "sasl-NTLM":
		return provider.AuthNTLM, true
	case "GSSAPI", "sasl-GSSAPI":
		return provider.AuthGSSAPI, true
	case "TLS-client-cert", "sasl-EXTERNAL":
		return provider.AuthClientCertificate, true
	case "client-IP-address":
		return provider.AuthClientIP, true
	case "none", "smtp-after-pop":
		return provider.AuthNone, true
	}
	if strings.HasPrefix(word, "sasl-SCRAM-") {
		return provider.AuthPasswordEncrypted, true
	}
	return "", false
}

// trim takes XML's white space (XML 1.0 §2.3) off a value.
func trim(s string) string { return strings.Trim(s, " \t\r\n") }
