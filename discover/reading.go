package discover

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"autoconfig/provider"
)

// reading is how a client reads an autoconfig document.
type reading struct {
	xmlType bool // the Content-Type must begin with text/xml or application/xml, in lower case
	named   bool // emailProvider needs an id that is a host name, and a domain
	bare    bool // an attribute on domain, hostname or port makes the value unusable
	whole   bool // one bad block of a type it knows spoils the document
	exact   bool // a port with white space around it is bad

	incoming  []string // the types of incomingServer it knows, preferred first
	mixed     bool     // the order of the document counts instead
	firstOnly bool     // it looks at the first incomingServer alone
	lastIn    bool     // the last of a type counts, not the first
	lastOut   bool

	socket    map[string]provider.Security
	auth      map[string]provider.Auth // its authentication words
	authOut   map[string]provider.Auth // those beside, for outgoing servers
	authElse  provider.Auth            // when no word is known; "": the block is bad
	oauth     func(host string) bool   // whether it has a client id for the host; nil: any host
	firstAuth bool                     // the first usable way is the only one

	host     func(template string, v vars) string
	user     func(template string, v vars) string
	noUser   func(s *Server, v vars) bool // username missing; false: the block is bad
	portless bool                         // an incoming server without port is taken
}

// The socketType and authentication words of the format.
var (
	socketWords = map[string]provider.Security{"SSL": provider.TLS, "STARTTLS": provider.STARTTLS, "plain": provider.Plain}
	secureWords = map[string]provider.Security{"SSL": provider.TLS, "STARTTLS": provider.STARTTLS}
	authWords   = map[string]provider.Auth{
		"password-cleartext": provider.AuthPassword, "plain": provider.AuthPassword,
		"password-encrypted": provider.AuthPasswordEncrypted, "secure": provider.AuthPasswordEncrypted,
		"GSSAPI": provider.AuthGSSAPI, "NTLM": provider.AuthNTLM, "OAuth2": provider.AuthOAuth2,
	}
)

// config is what a client makes of a document.
type config struct {
	settings   *Settings
	fault      Fault
	why        string
	wellFormed bool
}

// read reads a document as the client does.
func (r reading) read(body []byte, contentType string, v vars) config {
	page := isPage(body, contentType)
	if r.xmlType && !xmlType(contentType) {
		if page {
			return config{fault: FaultPage, why: "a web page, not an autoconfig document"}
		}
		return config{fault: FaultType, why: fmt.Sprintf("Content-Type %q is refused", printable(contentType, 60))}
	}
	root, err := parseXML(body)
	switch {
	case err != nil && page:
		return config{fault: FaultPage, why: "a web page, not an autoconfig document"}
	case err != nil && len(body) == 0:
		return config{fault: FaultMalformed, why: "no content"}
	case err != nil:
		return config{fault: FaultMalformed, why: err.Error()}
	case page:
		return config{fault: FaultPage, why: "a web page, not an autoconfig document", wellFormed: true}
	case root.name != "clientConfig" || root.first("emailProvider") == nil:
		return config{fault: FaultEmpty, why: "XML, but not an autoconfig document with an emailProvider", wellFormed: true}
	}
	c := r.provider(root.first("emailProvider"), v)
	c.wellFormed = true
	return c
}

// provider reads the first emailProvider element.
func (r reading) provider(e *node, v vars) config {
	if why := r.refuses(e); why != "" {
		return config{fault: FaultRejected, why: why}
	}
	in, why := r.servers(e.all("incomingServer"), r.incoming, v, false)
	if why != "" {
		return config{fault: FaultRejected, why: why}
	}
	out, why := r.servers(e.all("outgoingServer"), []string{"smtp"}, v, true)
	if why != "" {
		return config{fault: FaultRejected, why: why}
	}
	s := &Settings{Incoming: r.takeIn(in), Outgoing: take(out, r.lastOut)}
	switch {
	case s.Incoming == nil && s.Outgoing == nil:
		return config{fault: FaultEmpty, why: "no server in it that this client can use"}
	case s.Incoming == nil:
		return config{fault: FaultRejected, why: "no incoming server in it that this client can use"}
	case s.Outgoing == nil:
		return config{fault: FaultRejected, why: "no outgoing server in it that this client can use"}
	}
	return config{settings: s, why: s.words()}
}

// refuses looks at the element itself.
func (r reading) refuses(e *node) string {
	if r.firstOnly {
		if first := e.first("incomingServer"); first != nil && !slices.Contains(r.incoming, first.attrs["type"]) {
			return "the first incomingServer is not " + r.incoming[0]
		}
	}
	if !r.named {
		return ""
	}
	if _, err := provider.ParseHost(e.attrs["id"]); err != nil {
		return "emailProvider has no id that is a host name"
	}
	for _, d := range e.all("domain") {
		_, err := provider.ParseDomain(strings.ReplaceAll(trimXML(d.text.String()), provider.EmailDomain, "placeholder.example"))
		if err == nil && (!r.bare || len(d.attrs) == 0) {
			return ""
		}
	}
	return "no domain element without attributes that holds a domain"
}

// servers reads the blocks of types that the client knows; why is set when one
// of them spoils the document.
func (r reading) servers(blocks []*node, types []string, v vars, outgoing bool) (list []Server, why string) {
	for _, b := range blocks {
		if !slices.Contains(types, b.attrs["type"]) {
			continue
		}
		s, bad := r.block(b, v, outgoing)
		switch {
		case bad == "":
			list = append(list, s)
		case r.whole:
			return nil, s.Protocol + " server: " + bad + ", which spoils the whole document"
		}
	}
	return list, ""
}

// block reads one server; bad says what makes it unusable.
func (r reading) block(b *node, v vars, outgoing bool) (s Server, bad string) {
	s.Protocol = b.attrs["type"]
	mail := s.Protocol == "imap" || s.Protocol == "pop3" || s.Protocol == "smtp" || s.Protocol == "nntp"
	for _, tag := range []string{"hostname", "port"} {
		if k := b.first(tag); k != nil && r.bare && len(k.attrs) > 0 {
			return s, tag + " has an attribute"
		}
	}
	host, ok := b.value("hostname")
	if !ok && !mail {
		host, s.URL = urlHost(b)
	}
	s.Host = printable(r.host(trimXML(host), v), 253)
	if s.Host == "" {
		return s, "no usable host name"
	}
	if s.Port, ok = r.port(b); !ok && mail && (outgoing || !r.portless) {
		return s, "no usable port"
	}
	if s.Security, ok = r.security(b); !ok && mail {
		return s, "no socketType that it takes"
	}
	if !mail && s.Port == 0 {
		s.Port, s.Security = 443, provider.TLS
	}
	if s.Auth = r.auths(b, s.Host, outgoing); len(s.Auth) == 0 {
		return s, "no authentication that it can use"
	}
	name, ok := b.value("username")
	if !ok && r.noUser != nil {
		if !r.noUser(&s, v) {
			return s, "no username"
		}
		return s, ""
	}
	s.Username = printable(r.user(name, v), 320)
	return s, ""
}

// urlHost is the host and the URL of a block that has one.
func urlHost(b *node) (host, raw string) {
	for _, tag := range []string{"url", "ewsURL", "owaURL"} {
		text, _ := b.value(tag)
		if u, err := url.Parse(trimXML(text)); err == nil && u.Hostname() != "" {
			return u.Hostname(), printable(u.String(), 400)
		}
	}
	return "", ""
}

func (r reading) port(b *node) (uint16, bool) {
	text, _ := b.value("port")
	if !r.exact {
		text = trimXML(text)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	return uint16(port), err == nil && port > 0
}

// security takes the first socketType that the client knows. White space
// around the word counts.
func (r reading) security(b *node) (provider.Security, bool) {
	for _, k := range b.all("socketType") {
		if s, ok := r.socket[k.text.String()]; ok {
			return s, true
		}
		if r.whole {
			return "", false
		}
	}
	return "", false
}

// auths are the ways to log in that the client can use, in the document's order.
func (r reading) auths(b *node, host string, outgoing bool) []provider.Auth {
	var out []provider.Auth
	for _, k := range b.all("authentication") {
		word := k.text.String()
		a, ok := r.auth[word]
		if !ok && outgoing {
			a, ok = r.authOut[word]
		}
		if !ok || a == provider.AuthOAuth2 && r.oauth != nil && !r.oauth(host) || slices.Contains(out, a) {
			continue
		}
		out = append(out, a)
		if r.firstAuth {
			return out
		}
	}
	if len(out) == 0 && r.authElse != "" {
		return []provider.Auth{r.authElse}
	}
	return out
}

func (r reading) takeIn(list []Server) *Server {
	if r.mixed {
		return take(list, r.lastIn)
	}
	for _, t := range r.incoming {
		var kind []Server
		for _, s := range list {
			if s.Protocol == t {
				kind = append(kind, s)
			}
		}
		if s := take(kind, r.lastIn); s != nil {
			return s
		}
	}
	return nil
}

func take(list []Server, last bool) *Server {
	if len(list) == 0 {
		return nil
	}
	if last {
		return &list[len(list)-1]
	}
	return &list[0]
}

// xmlType reports the types that Thunderbird takes. It compares letters as they are.
func xmlType(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.TrimSpace(media)
	return media == "text/xml" || media == "application/xml"
}

// isPage reports HTML, by its type or by how it begins.
func isPage(body []byte, contentType string) bool {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	head := strings.ToLower(string(body[:min(len(body), 512)]))
	if strings.Contains(head, "<clientconfig") || strings.Contains(head, "<autodiscover") {
		return false // the format asked for, only its type is wrong
	}
	return strings.TrimSpace(media) == "text/html" || strings.Contains(head, "<html") || strings.Contains(head, "<!doctype html")
}
