// Package pacc writes and reads the user-agent configuration of PACC (draft-ietf-mailmaint-pacc-03): a JSON document
// that a client fetches from https://ua-auto-config.DOMAIN/.well-known/user-agent-configuration.json and compares with
// a digest in DNS.
//
// The document names one host per protocol and no port: text protocols mean implicit TLS on the registered port (993,
// 995, 465), the others an https URL. A provider whose submission wants STARTTLS on 587 therefore cannot be stated at
// all, and gets no document. Next to the protocols are the ways to log in (a password, or the issuer of an OAuth2
// server open to public clients) and the provider's names.
//
// The TXT record at _ua-auto-config.DOMAIN is a digest over the exact bytes, so
// [Encode] is stable: sorted keys, no white space, no newline at the end.
package pacc

import "errors"

// Path is where a client fetches the document.
const Path = "/.well-known/user-agent-configuration.json"

// The labels before a domain: the host of the document and the owner of the TXT record.
const (
	HostLabel = "ua-auto-config"
	TXTLabel  = "_ua-auto-config"
)

// ContentType is the media type of the document.
const ContentType = "application/json"

// MaxSize is the most octets of a document that are read.
const MaxSize = 64 << 10

// Why there is no document, or none that can be read.
var (
	ErrOff       = errors.New("PACC is switched off for this provider")
	ErrTooLarge  = errors.New("pacc: document larger than 64 KiB")
	ErrSyntax    = errors.New("pacc: document is not a JSON object")
	ErrProtocols = errors.New("pacc: document has no protocols object")
)

// document is the JSON form; its fields are in the order of their keys, so that encoding/json writes them sorted.
type document struct {
	Authentication struct {
		OAuthPublic *oauthPublic `json:"oauth-public,omitempty"`
		Password    bool         `json:"password"`
	} `json:"authentication"`
	Info struct {
		Help     *help `json:"help,omitempty"`
		Provider struct {
			Name      string `json:"name"`
			ShortName string `json:"shortName,omitempty"`
		} `json:"provider"`
	} `json:"info"`
	Protocols protocols `json:"protocols"`
}

type oauthPublic struct {
	Issuer string `json:"issuer"`
}

type help struct {
	Documentation string `json:"documentation"`
}

type protocols struct {
	CalDAV  *endpoint `json:"caldav,omitempty"`
	CardDAV *endpoint `json:"carddav,omitempty"`
	IMAP    *server   `json:"imap,omitempty"`
	JMAP    *endpoint `json:"jmap,omitempty"`
	POP3    *server   `json:"pop3,omitempty"`
	SMTP    *server   `json:"smtp,omitempty"`   // the name of submit until revision -02, for its readers
	Submit  *server   `json:"submit,omitempty"` // revision -03
}

// urls are the services with a URL, by their key, which is that of the provider's URL too.
func (p *protocols) urls() map[string]**endpoint {
	return map[string]**endpoint{"jmap": &p.JMAP, "caldav": &p.CalDAV, "carddav": &p.CardDAV}
}

type server struct {
	Host string `json:"host"`
}

type endpoint struct {
	URL string `json:"url"`
}
