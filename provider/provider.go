// Package provider is the model every document and record is rendered from: a
// mail provider's names, servers, authentication and further services, the
// addresses it serves, and the built-in providers.
//
// A protocol folder reads a [Provider]; nothing else decides a port, a security
// mode or a login name. The package does no I/O.
package provider

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"strings"
)

// Provider is everything the server knows about one mail provider.
type Provider struct {
	ID        string // the operator's own handle; never on the wire
	Name      string // at most 60 characters (draft-ietf-mailmaint-autoconfig, displayName)
	ShortName string // at most 20 characters

	Incoming []Server // best first; IMAP and POP3
	Outgoing []Server // best first; SMTP submission

	OAuth2      *OAuth2
	JMAP        string  // https URL of the session resource (RFC 8620 §2.2)
	CalDAV      string  // https URL (RFC 4791)
	CardDAV     string  // https URL (RFC 6352)
	ManageSieve *Server // RFC 5804
	ActiveSync  string  // https URL of the Exchange ActiveSync end point
	Webmail     string  // https URL

	Autodiscover  Autodiscover
	PACC          PACCMode
	PasswordLogin PasswordLogin
	Notes         []Note
	Documentation []Documentation

	Domains    []string // the domains named with the provider, as A-labels
	Unverified []string // names some lists give the provider; served only when MX confirms them
	MX         []string // mail exchangers: a domain whose best MX is one of these, or below it, is served
	Vendor     *VendorDNS

	Personal bool // the user names are the login of one person: for whoever asked, and not to be kept
}

// Server is one mail server.
type Server struct {
	Protocol Protocol
	Host     string // an A-label host name; may hold %EMAILDOMAIN% until [Provider.For]
	Port     uint16
	Security Security
	Auth     []Auth // preferred first
	Username string // template: %EMAILADDRESS%, %EMAILLOCALPART%, %EMAILDOMAIN%

	LeaveOnServer bool // POP3: a client should not delete what it has fetched
}

// OAuth2 is the authorization server of a provider.
type OAuth2 struct {
	Issuer       string // https URL (RFC 8414); Mozilla's format has its bare host
	AuthorizeURL string
	TokenURL     string
	Scopes       []string
	ClientID     string // of the mail programs, public (RFC 8252 §8.5); only the operator can have one
}

// Autodiscover says what the Outlook schema answers: settings, or a redirect.
type Autodiscover struct {
	Action       AutodiscoverAction // zero: settings
	RedirectURL  string             // MS-OXDSCLI §2.2.4.1.1.2.5 RedirectUrl
	RedirectAddr string             // MS-OXDSCLI §2.2.4.1.1.2.4 RedirectAddr; a template like Username
}

// AutodiscoverAction is the Action element of an Autodiscover answer.
type AutodiscoverAction string

// The actions of an Autodiscover answer (MS-OXDSCLI §2.2.4.1.1.2.1).
const (
	ActionSettings     AutodiscoverAction = "settings"
	ActionRedirectURL  AutodiscoverAction = "redirectUrl"
	ActionRedirectAddr AutodiscoverAction = "redirectAddr"
)

// PACCMode says whether a PACC document is published.
type PACCMode string

// The PACC modes: auto publishes it when the format can say what is offered.
const (
	PACCAuto PACCMode = "auto"
	PACCOn   PACCMode = "true"
	PACCOff  PACCMode = "false"
)

// PasswordLogin is what became of logging in with a password, for every
// protocol but those in By.
type PasswordLogin struct {
	Status PasswordStatus // zero: works
	Since  string         // date, 2006-01-02
	Note   string

	By map[Protocol]PasswordLogin // what is different for a protocol
}

// For is what became of it for one protocol.
func (l PasswordLogin) For(proto Protocol) PasswordLogin {
	if own, ok := l.By[proto]; ok {
		return own
	}
	l.By = nil
	return l
}

// PasswordStatus is the state of password login at a provider.
type PasswordStatus string

// The states of password login.
const (
	PasswordWorks   PasswordStatus = "works"
	PasswordApp     PasswordStatus = "app-password"
	PasswordRetired PasswordStatus = "retired"
)

// Note is a remark for people, in one language.
type Note struct{ Lang, Text string }

// Documentation is a page for people; several entries may share a URL and
// differ in language.
type Documentation struct{ URL, Lang, Text string }

// VendorDNS is what a vendor prescribes for a customer's own domain. Such
// records are verified and never replaced.
type VendorDNS struct {
	Autodiscover string // CNAME target of autodiscover.DOMAIN
	SPF          string // include: of the domain's SPF record
}

// Protocol is a mail protocol.
type Protocol string

// The protocols a [Server] can speak.
const (
	IMAP        Protocol = "imap"
	POP3        Protocol = "pop3"
	SMTP        Protocol = "smtp"
	ManageSieve Protocol = "managesieve"
)

// Security is how a connection is protected.
type Security string

// The security modes: implicit TLS, STARTTLS, none.
const (
	TLS      Security = "tls"
	STARTTLS Security = "starttls"
	Plain    Security = "plain"
)

// Auth is a way to log in.
type Auth string

// The ways to log in.
const (
	AuthOAuth2            Auth = "oauth2"
	AuthPassword          Auth = "password"
	AuthPasswordEncrypted Auth = "password-encrypted" // CRAM-MD5, DIGEST-MD5, SCRAM
	AuthNTLM              Auth = "ntlm"
	AuthGSSAPI            Auth = "gssapi"
	AuthClientCertificate Auth = "client-certificate"
	AuthClientIP          Auth = "client-ip"
	AuthNone              Auth = "none"
)

// Auths lists every way to log in.
func Auths() []Auth {
	return []Auth{AuthOAuth2, AuthPassword, AuthPasswordEncrypted, AuthNTLM,
		AuthGSSAPI, AuthClientCertificate, AuthClientIP, AuthNone}
}

// Source finds the provider of an address. Lookup returns an error wrapping
// [ErrNotFound] when the domain is not served, and one wrapping
// [ErrUnavailable] when it cannot be told now.
type Source interface {
	Lookup(ctx context.Context, a Address) (*Provider, error)
}

// Lister is a [Source] that can list the domains it was given.
type Lister interface {
	Domains(ctx context.Context) iter.Seq2[string, error]
}

// What a [Source] answers when it has no provider.
var (
	ErrNotFound    = errors.New("provider: domain not served")                 // answer 404
	ErrUnavailable = errors.New("provider: source unavailable, no answer yet") // answer 503
)

// First returns the best server of protocol proto in servers.
func First(servers []Server, proto Protocol) (Server, bool) {
	for _, s := range servers {
		if s.Protocol == proto {
			return s, true
		}
	}
	return Server{}, false
}

// Servers returns the one server of each kind a document shows: IMAP, then
// POP3, then SMTP, each the best of its kind. Some clients take the first of a
// kind, others the last, so a document has one.
func (p *Provider) Servers() []Server {
	out := make([]Server, 0, 3)
	for _, proto := range []Protocol{IMAP, POP3} {
		if s, ok := First(p.Incoming, proto); ok {
			out = append(out, s)
		}
	}
	if s, ok := First(p.Outgoing, SMTP); ok {
		out = append(out, s)
	}
	return out
}

// Has reports whether s offers the authentication a.
func (s Server) Has(a Auth) bool {
	return slices.Contains(s.Auth, a)
}

// PasswordMethod reports whether s takes a password in some form, which is all
// that formats without OAuth2 (Autodiscover POX, Apple mail profiles) can say.
func (s Server) PasswordMethod() bool {
	for _, a := range s.Auth {
		if a != AuthOAuth2 {
			return true
		}
	}
	return false
}

// IssuerHost is the issuer as Mozilla's format wants it: a bare host name.
func (o *OAuth2) IssuerHost() string {
	if u, err := url.Parse(o.Issuer); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return o.Issuer
}

// For returns the provider as seen from domain: templates in host names and
// URLs are expanded, user names keep theirs. Without such templates it is p
// itself. The result must not be changed.
func (p *Provider) For(domain string) *Provider {
	if !p.templated() {
		return p
	}
	q := *p
	expand := func(s string) string { return strings.ReplaceAll(s, "%EMAILDOMAIN%", domain) }
	servers := func(in []Server) []Server {
		out := append([]Server(nil), in...)
		for i := range out {
			out[i].Host = expand(out[i].Host)
		}
		return out
	}
	q.Incoming, q.Outgoing = servers(p.Incoming), servers(p.Outgoing)
	if p.ManageSieve != nil {
		q.ManageSieve = &servers([]Server{*p.ManageSieve})[0]
	}
	for _, u := range q.urls() {
		*u.value = expand(*u.value)
	}
	return &q
}

func (p *Provider) templated() bool {
	for _, list := range [][]Server{p.Incoming, p.Outgoing} {
		for _, s := range list {
			if strings.Contains(s.Host, "%") {
				return true
			}
		}
	}
	if p.ManageSieve != nil && strings.Contains(p.ManageSieve.Host, "%") {
		return true
	}
	for _, u := range p.urls() {
		if strings.Contains(*u.value, "%EMAILDOMAIN%") {
			return true
		}
	}
	return false
}

type urlField struct {
	key   string
	value *string
}

// urls lists the provider's own https URLs by their configuration key.
func (p *Provider) urls() []urlField {
	return []urlField{{"jmap", &p.JMAP}, {"caldav", &p.CalDAV}, {"carddav", &p.CardDAV},
		{"activesync", &p.ActiveSync}, {"webmail", &p.Webmail}}
}
