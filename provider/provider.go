// Package provider is the model every document and record is rendered from: a mail provider's names, servers,
// authentication and further services, the addresses it serves, and the built-in providers.
//
// A protocol folder reads a [Provider]; nothing else decides a port, a security mode or a login name. The package does
// no I/O.
package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Provider is everything the server knows about one mail provider. The yaml tags are its form in the configuration, the
// json tags that of the settings API, and doc describes a key in the configuration's schema.
type Provider struct {
	// ID is the operator's own handle; it is never on the wire.
	ID        string `yaml:"id,omitempty" json:"-" doc:"handle; a built-in's id starts from it"`
	Name      string `yaml:"name,omitempty" json:"-" doc:"at most 60 characters"`
	ShortName string `yaml:"short_name,omitempty" json:"-" doc:"at most 20 characters"`

	// Domains are those named with the provider, as A-labels.
	Domains []string `yaml:"domains,omitempty" json:"-" doc:"domains of addresses"`
	// Unverified are names some lists give the provider; served only when MX confirms them.
	Unverified []string `yaml:"-" json:"-"`
	// MX are mail exchangers: domains are served when their best MX is one of these, or below it.
	MX     []string   `yaml:"mx,omitempty" json:"-" doc:"also serve domains whose best MX is one of these or below it"`
	Vendor *VendorDNS `yaml:"-" json:"-"`

	Incoming []Server `yaml:"incoming" json:"incoming" doc:"IMAP and POP3 servers, best first"`
	Outgoing []Server `yaml:"outgoing" json:"outgoing" doc:"submission servers, best first"`

	OAuth2      *OAuth2 `yaml:"oauth2,omitempty" json:"oauth2,omitempty" doc:"authorization server"`
	JMAP        string  `yaml:"jmap,omitempty" json:"jmap,omitempty" doc:"https URL of the session resource (RFC 8620 §2.2)"`
	CalDAV      string  `yaml:"caldav,omitempty" json:"caldav,omitempty" doc:"https URL (RFC 4791)"`
	CardDAV     string  `yaml:"carddav,omitempty" json:"carddav,omitempty" doc:"https URL (RFC 6352)"`
	ManageSieve *Server `yaml:"managesieve,omitempty" json:"managesieve,omitempty" doc:"Sieve server (RFC 5804)"`
	ActiveSync  string  `yaml:"activesync,omitempty" json:"activesync,omitempty" doc:"https URL of Exchange ActiveSync"`
	EWS         string  `yaml:"ews,omitempty" json:"ews,omitempty" doc:"https URL of Exchange Web Services, on premises"`
	Graph       string  `yaml:"graph,omitempty" json:"graph,omitempty" doc:"https URL of Microsoft Graph"`
	Webmail     string  `yaml:"webmail,omitempty" json:"webmail,omitempty" doc:"https URL"`

	Enable        *Enable         `yaml:"enable,omitempty" json:"enable,omitempty" doc:"what a person has to switch on first"`
	Documentation []Documentation `yaml:"documentation,omitempty" json:"documentation,omitempty" doc:"help pages"`
	Notes         []Note          `yaml:"notes,omitempty" json:"notes,omitempty" doc:"remarks for people"`
	PasswordLogin PasswordLogin   `yaml:"password_login,omitempty" json:"password_login" doc:"what became of password login"`
	Autodiscover  Autodiscover    `yaml:"autodiscover,omitempty" json:"-" doc:"settings, redirect, or a redirect's target"`
	PACC          PACCMode        `yaml:"pacc,omitempty" json:"-" doc:"publish PACC: auto (when it can say it), true or false"`

	// ServiceHost serves the documents of the provider's domains, and of no other operator's provider; empty on
	// built-ins that the configuration does not name.
	ServiceHost string `yaml:"service_host,omitempty" json:"-" doc:"host for this provider's domains alone, such as a reseller's; default: service_host"`
	Pages       Pages  `yaml:"pages,omitempty" json:"-" doc:"further pages about this provider's domains; default: pages"`

	// Personal: the user names are the login of one person, for whoever asked, and not to be kept.
	Personal bool `yaml:"-" json:"-"`
}

// The most characters that a name and a short name may have.
const (
	MaxName      = 60
	MaxShortName = 20
)

// Server is one mail server.
type Server struct {
	Protocol Protocol `yaml:"protocol,omitempty" json:"protocol" doc:"imap, pop3 or smtp"`
	// Host is an A-label host name; it may hold %EMAILDOMAIN% until [Provider.For].
	Host     string   `yaml:"host,omitempty" json:"host" doc:"host name; may hold %EMAILDOMAIN%"`
	Port     uint16   `yaml:"port,omitempty" json:"port" doc:"default: by security"`
	Security Security `yaml:"security,omitempty" json:"security" doc:"tls, starttls or plain; default: by port"`
	Auth     []Auth   `yaml:"auth,omitempty" json:"auth" doc:"ways to log in, preferred first"`
	// Username is a template: %EMAILADDRESS%, %EMAILLOCALPART%, %EMAILDOMAIN%.
	Username string `yaml:"username,omitempty" json:"username" doc:"login name template"`
	// LeaveOnServer (POP3) says whether a client leaves what it has fetched; nil: unknown.
	LeaveOnServer *bool `yaml:"leave_on_server,omitempty" json:"leave_on_server,omitempty" doc:"POP3: whether mail stays"`
}

// OAuth2 is the authorization server of a provider.
type OAuth2 struct {
	// Issuer is an https URL (RFC 8414); Mozilla's format has its bare host.
	Issuer       string   `yaml:"issuer,omitempty" json:"issuer,omitempty" doc:"https URL (RFC 8414)"`
	AuthorizeURL string   `yaml:"authorize_url,omitempty" json:"authorize_url,omitempty" doc:"https URL"`
	TokenURL     string   `yaml:"token_url,omitempty" json:"token_url,omitempty" doc:"https URL"`
	Scopes       []string `yaml:"scopes,omitempty" json:"scopes,omitempty" doc:"scopes covering all services"`
	// ClientID is that of the mail programs, public (RFC 8252 §8.5); only the operator can have one.
	ClientID string `yaml:"client_id,omitempty" json:"client_id,omitempty" doc:"public client id of mail programs, for thunderbird-addon"`
	// Addon is where people get the add-on that thunderbird-addon wrote.
	Addon string `yaml:"addon,omitempty" json:"-" doc:"https URL of the add-on of thunderbird-addon, which the page links to"`
}

// Autodiscover says what the Outlook schema answers: settings, or a redirect.
type Autodiscover struct {
	Action AutodiscoverAction `yaml:"-"` // zero: settings
	// RedirectURL is that of MS-OXDSCLI §2.2.4.1.1.2.5.
	RedirectURL string `yaml:"redirect_url,omitempty" doc:"https URL of another Autodiscover service"`
	// RedirectAddr is that of MS-OXDSCLI §2.2.4.1.1.2.4, a template like Username.
	RedirectAddr string `yaml:"redirect_addr,omitempty" doc:"address to look up instead"`
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

// Note is a remark for people, in one language.
type Note struct {
	Lang string    `yaml:"lang" json:"lang" doc:"two-letter language"`
	Text string    `yaml:"text" json:"text" doc:"the remark"`
	For  NotePlace `yaml:"for,omitempty" json:"-" doc:"receiving, sending, settings, programs or admin: where a page shows it; default: for everybody"`
	// Key names a built-in remark, which pages have in more languages.
	Key string `yaml:"-" json:"-"`
}

// NotePlace is what a remark concerns, so that a page shows it there.
type NotePlace string

// The places of a remark; without one it is for everybody.
const (
	NoteReceiving NotePlace = "receiving" // programs that use IMAP or POP3
	NoteSending   NotePlace = "sending"   // programs that use SMTP
	NoteSettings  NotePlace = "settings"  // what is typed by hand
	NotePrograms  NotePlace = "programs"  // programs, printers and scanners
	NoteAdmin     NotePlace = "admin"     // administrators
)

// Documentation is a page for people; several entries may share a URL and differ in language.
type Documentation struct {
	URL  string `yaml:"url" json:"url" doc:"https URL"`
	Lang string `yaml:"lang,omitempty" json:"lang,omitempty" doc:"two-letter language"`
	Text string `yaml:"text,omitempty" json:"text,omitempty" doc:"title"`
}

// Enable is where a person switches on access by mail programs, and what to do there.
type Enable struct {
	URL          string `yaml:"url" json:"url" doc:"https URL"`
	Instructions []Note `yaml:"instructions,omitempty" json:"instructions,omitempty" doc:"what to do there"`
}

// VendorDNS is what a vendor prescribes for a customer's own domain. Such records are verified and never replaced.
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

// Source finds the provider of an address. Lookup returns an error wrapping [ErrNotFound] when the domain is not
// served, and one wrapping [ErrUnavailable] when that cannot be found out now.
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

// AllServers are the incoming, the outgoing and the ManageSieve servers.
func (p *Provider) AllServers() []Server {
	out := make([]Server, 0, len(p.Incoming)+len(p.Outgoing)+1)
	for _, s := range p.Each() {
		out = append(out, *s)
	}
	return out
}

// Servers returns the one server of each kind a document shows: IMAP, then POP3, then SMTP, each the best of its kind.
// Some clients take the first of a kind, others the last, so a document has one.
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

// Login is the server whose login the services with a URL share: the best IMAP server, or else POP3. The model has no
// login of their own.
func (p *Provider) Login() Server {
	for _, proto := range []Protocol{IMAP, POP3} {
		if s, ok := First(p.Incoming, proto); ok {
			return s
		}
	}
	return Server{Username: EmailAddress}
}

// Has reports whether s offers the authentication a.
func (s Server) Has(a Auth) bool { return slices.Contains(s.Auth, a) }

// PasswordMethod reports whether s takes a password in some form, which is all that formats without OAuth2
// (Autodiscover POX, Apple mail profiles) can say.
func (s Server) PasswordMethod() bool {
	return slices.ContainsFunc(s.Auth, func(a Auth) bool { return a != AuthOAuth2 })
}

// For returns the provider as seen from domain: templates in host names and URLs are expanded, user names keep theirs.
// Without such templates it is p itself. The result must not be changed.
func (p *Provider) For(domain string) *Provider {
	if !p.templated() {
		return p
	}
	q := p.WithOwnServers()
	expand := func(s string) string { return strings.ReplaceAll(s, EmailDomain, domain) }
	for _, s := range q.Each() {
		s.Host = expand(s.Host)
	}
	for _, u := range q.URLs() {
		*u = expand(*u)
	}
	return q
}

// WithOwnServers is a copy whose servers can be changed.
func (p *Provider) WithOwnServers() *Provider {
	q := *p
	q.Incoming, q.Outgoing = slices.Clone(p.Incoming), slices.Clone(p.Outgoing)
	if p.ManageSieve != nil {
		q.ManageSieve = new(*p.ManageSieve)
	}
	return &q
}

func (p *Provider) templated() bool {
	for _, s := range p.Each() {
		if strings.Contains(s.Host, "%") {
			return true
		}
	}
	for _, u := range p.URLs() {
		if strings.Contains(*u, EmailDomain) {
			return true
		}
	}
	return false
}

// ServerPath is where a server is in the configuration: incoming[0], outgoing[0] or managesieve.
type ServerPath struct {
	Key   string
	Index int
}

// String is the path as findings have it.
func (p ServerPath) String() string {
	if p.Key == "managesieve" {
		return p.Key
	}
	return fmt.Sprintf("%s[%d]", p.Key, p.Index)
}

// Each yields every server with its path.
func (p *Provider) Each() iter.Seq2[ServerPath, *Server] {
	return func(yield func(ServerPath, *Server) bool) {
		for i := range p.Incoming {
			if !yield(ServerPath{"incoming", i}, &p.Incoming[i]) {
				return
			}
		}
		for i := range p.Outgoing {
			if !yield(ServerPath{"outgoing", i}, &p.Outgoing[i]) {
				return
			}
		}
		if p.ManageSieve != nil {
			yield(ServerPath{Key: "managesieve"}, p.ManageSieve)
		}
	}
}

// URL is the provider's own https URL under a configuration key, or nil.
func (p *Provider) URL(key string) *string {
	for name, u := range p.URLs() {
		if name == key {
			return u
		}
	}
	return nil
}

// URLs yields the provider's own https URLs by their configuration key.
func (p *Provider) URLs() iter.Seq2[string, *string] {
	return func(yield func(string, *string) bool) {
		for _, u := range []struct {
			key   string
			value *string
		}{{"jmap", &p.JMAP}, {"caldav", &p.CalDAV}, {"carddav", &p.CardDAV},
			{"activesync", &p.ActiveSync}, {"ews", &p.EWS}, {"graph", &p.Graph}, {"webmail", &p.Webmail}} {
			if !yield(u.key, u.value) {
				return
			}
		}
	}
}
