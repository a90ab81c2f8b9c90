package discover

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"autoconfig/mozilla"
	"autoconfig/provider"
)

// reading is how a client reads an autoconfig document. A client that does not read any has no Host.
type reading struct {
	XMLType     bool `json:"xml_type"` // the Content-Type must begin with text/xml or application/xml, in lower case
	Named       bool // emailProvider needs an id that is a host name, and a domain
	IDOpen      bool `json:"id_open"` // the id may be a placeholder
	Bare        bool // an attribute on domain, hostname or port, or an element in it, makes the value unusable
	Whole       bool // one bad block of a type it knows spoils the document, and so does an element inside a value
	ExactPort   bool `json:"exact_port"`    // a port with white space around it is bad
	LeadingPort bool `json:"leading_port"`  // of a port, the digits at its start count
	StopsAtRoot bool `json:"stops_at_root"` // what follows the root is not read

	LastProvider  bool     `json:"last_provider"` // the last emailProvider counts, and none may be bad
	LastValue     bool     `json:"last_value"`    // of an element that is repeated in a block the last counts
	Incoming      []string // the types of incomingServer it knows, preferred first
	DocumentOrder bool     `json:"document_order"` // the order of the document counts instead
	FirstOnly     bool     `json:"first_only"`     // the first incomingServer alone is read
	LastIncoming  bool     `json:"last_incoming"`  // the last of a type counts, not the first
	LastOutgoing  bool     `json:"last_outgoing"`

	Security     map[string]provider.Security // its socketType words
	AnyCase      bool                         `json:"any_case"`      // of the words
	SecurityElse string                       `json:"security_else"` // when no word is known; default: the block is bad
	Auth         map[string]provider.Auth     // its authentication words
	AuthOutgoing map[string]provider.Auth     `json:"auth_outgoing"` // more of them, for outgoing servers
	AuthElse     provider.Auth                `json:"auth_else"`     // when no word is known; default: the block is bad
	OAuth2       []string                     // the hosts it has a client id for; default: any
	OAuth2Late   bool                         `json:"oauth2_late"` // asked of the servers that it takes only
	FirstAuth    bool                         `json:"first_auth"`  // the first usable way is the only one

	Host     string // a rule of policies.go, and so are the next two
	User     string
	NoUser   string `json:"no_user"`
	Portless bool   // an incoming server without port is taken
}

type config struct {
	settings   *Settings
	fault      Fault
	why        string
	wellFormed bool
}

func (r reading) read(body []byte, contentType string, v vars) config {
	if end := bytes.LastIndex(body, []byte("</clientConfig>")); r.StopsAtRoot && end >= 0 {
		body = body[:end+len("</clientConfig>")]
	}
	root, err := mozilla.Parse(body)
	c := unread(body, contentType, "an autoconfig document", !r.XMLType || provider.XMLType(contentType), err)
	switch {
	case c.fault == FaultMalformed && len(body) == 0:
		c.why = "no content"
	case c.fault == FaultMalformed:
		c.why = provider.Printable(strings.TrimPrefix(err.Error(), "autoconfig: "), 160)
	case c.fault != FaultNone:
	case root.FullTag() != "clientConfig", len(all(root, "emailProvider")) == 0:
		c = config{fault: FaultEmpty, why: "XML, but not an autoconfig document with an emailProvider"}
	default:
		for _, e := range all(root, "emailProvider") {
			if c = r.provider(e, v); !r.LastProvider || c.settings == nil {
				break
			}
		}
	}
	c.wellFormed = err == nil
	return c
}

// unread is the outcome of HTML, a Content-Type that is not taken, or what the decoder fails at; zero for any other.
func unread(body []byte, contentType, document string, typeTaken bool, err error) config {
	switch {
	case isPage(body, contentType):
		return config{fault: FaultPage, why: "a web page, not " + document}
	case !typeTaken:
		return config{fault: FaultType,
			why: fmt.Sprintf("Content-Type %q is refused", provider.Printable(contentType, 60))}
	case err != nil:
		return config{fault: FaultMalformed, why: "not " + document}
	}
	return config{}
}

// all are the children of a name. A prefix is a part of it.
func all(e *mozilla.Element, name string) []*mozilla.Element {
	return slices.DeleteFunc(e.SelectElements(name), func(c *mozilla.Element) bool { return c.FullTag() != name })
}

func (r reading) provider(e *mozilla.Element, v vars) config {
	in, spoiltIn := r.servers(all(e, "incomingServer"), r.Incoming, v, false)
	out, spoiltOut := r.servers(all(e, "outgoingServer"), []string{"smtp"}, v, true)
	s := &Settings{Incoming: r.takeIn(in), Outgoing: take(out, r.LastOutgoing)}
	rejected := func(why string) config { return config{fault: FaultRejected, why: why} }
	switch why := cmp.Or(r.refuses(e), spoiltIn, spoiltOut); {
	case why != "":
		return rejected(why)
	case s.Incoming == nil && s.Outgoing == nil:
		return config{fault: FaultEmpty, why: "no server in it that this client can use"}
	case s.Incoming == nil:
		return rejected("no incoming server in it that this client can use")
	case s.Outgoing == nil:
		return rejected("no outgoing server in it that this client can use")
	}
	for _, server := range s.servers() {
		server.Auth = slices.DeleteFunc(server.Auth, func(a provider.Auth) bool {
			return r.OAuth2Late && a == provider.AuthOAuth2 && !r.oauth2(server.Host)
		})
		if len(server.Auth) == 0 {
			return rejected("OAuth2 only, for " + server.Host + ", which this client has no OAuth2 for")
		}
	}
	return config{settings: s, why: s.words()}
}

// refuses says why the client refuses the element itself, "" when it does not.
func (r reading) refuses(e *mozilla.Element) string {
	in, id := all(e, "incomingServer"), e.SelectAttrValue("id", "")
	switch {
	case r.FirstOnly && len(in) > 0 && !slices.Contains(r.Incoming, in[0].SelectAttrValue("type", "")):
		return "the first incomingServer is not " + r.Incoming[0]
	case !r.Named:
		return ""
	case !isName(id) && (!r.IDOpen || !placeholderName.MatchString(id)):
		return "emailProvider has no id that is a host name"
	}
	good := false
	for _, d := range all(e, "domain") {
		if r.Whole && len(d.ChildElements()) > 0 {
			return "domain has an element in it"
		}
		text := strings.ReplaceAll(trimXML(d.Text()), provider.EmailDomain, "placeholder.example")
		good = good || isName(text) && (!r.Bare || len(d.Attr)+len(d.ChildElements()) == 0)
	}
	if !good {
		return "no domain element without attributes that holds a domain"
	}
	return ""
}

// placeholderName is what Thunderbird takes for a host name with placeholders.
var placeholderName = regexp.MustCompile(`^[A-Za-z0-9.-]*(%[A-Z0-9]+%[A-Za-z0-9.-]*)+$`)

// isName reports a host name in ASCII, one label included.
func isName(s string) bool {
	_, err := provider.ParseHost(strings.ToLower(s))
	return err == nil && !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// servers reads the blocks of types that the client knows; why is set when one of them spoils the document.
func (r reading) servers(blocks []*mozilla.Element, types []string, v vars, outgoing bool) (list []Server, why string) {
	for _, b := range blocks {
		if !slices.Contains(types, b.SelectAttrValue("type", "")) {
			continue
		}
		s, bad := r.block(b, v, outgoing)
		switch {
		case bad == "":
			list = append(list, s)
		case r.Whole:
			return nil, s.Protocol + " server: " + bad + ", which spoils the whole document"
		}
	}
	return list, ""
}

// block reads one server; bad says what makes it unusable.
func (r reading) block(b *mozilla.Element, v vars, outgoing bool) (s Server, bad string) {
	s.Protocol = b.SelectAttrValue("type", "")
	mail := s.Protocol == "imap" || s.Protocol == "pop3" || s.Protocol == "smtp" || s.Protocol == "nntp"
	if bad := r.misshapen(b); bad != "" {
		return s, bad
	}
	host, ok := r.value(b, "hostname")
	if !ok && !mail {
		host, s.URL = r.urlHost(b)
	}
	s.Host = provider.Printable(r.host(trimXML(host), v), 253)
	if s.Host == "" {
		return s, "no usable host name"
	}
	if s.Port, ok = r.port(b); !ok && mail && (outgoing || !r.Portless) {
		return s, "no usable port"
	}
	if s.Security, ok = r.security(b, s); !ok && mail {
		return s, "no socketType that it takes"
	}
	if !mail && s.Port == 0 {
		s.Port, s.Security = 443, provider.TLS
	}
	if s.Auth = r.auths(b, s.Host, outgoing); len(s.Auth) == 0 {
		return s, "no authentication that it can use"
	}
	name, ok := r.value(b, "username")
	if !ok {
		if !r.noUser(&s, v) {
			return s, "no username"
		}
		return s, ""
	}
	s.Username = provider.Printable(r.user(name, v), 320)
	return s, ""
}

// misshapen says which value the client cannot read because of an attribute or an element in it.
func (r reading) misshapen(b *mozilla.Element) string {
	for _, e := range b.ChildElements() {
		tag := e.FullTag()
		single := tag == "hostname" || tag == "port"
		known := single || tag == "socketType" || tag == "username" || tag == "authentication"
		switch {
		case r.Bare && single && len(e.Attr) > 0:
			return tag + " has an attribute"
		case (r.Bare && single || r.Whole && known) && len(e.ChildElements()) > 0:
			return tag + " has an element in it"
		}
	}
	return ""
}

// value is the text of the child of a name that counts, as it is.
func (r reading) value(b *mozilla.Element, name string) (string, bool) {
	list := all(b, name)
	switch {
	case len(list) == 0:
		return "", false
	case r.LastValue:
		return list[len(list)-1].Text(), true
	}
	return list[0].Text(), true
}

func (r reading) urlHost(b *mozilla.Element) (host, raw string) {
	for _, tag := range []string{"url", "ewsURL", "owaURL"} {
		text, _ := r.value(b, tag)
		if u, err := url.Parse(trimXML(text)); err == nil && u.Hostname() != "" {
			return u.Hostname(), provider.Printable(u.String(), 400)
		}
	}
	return "", ""
}

func (r reading) port(b *mozilla.Element) (uint16, bool) {
	text, _ := r.value(b, "port")
	if !r.ExactPort {
		text = trimXML(text)
	}
	if r.LeadingPort {
		text = leadingDigits.FindString(text)
	}
	port := provider.Port(text)
	return port, port != 0
}

var leadingDigits = regexp.MustCompile(`^[0-9]+`)

// security takes the first socketType that the client knows. White space around the word counts.
func (r reading) security(b *mozilla.Element, s Server) (provider.Security, bool) {
	list := all(b, "socketType")
	if r.LastValue && len(list) > 0 && !r.Whole {
		list = list[len(list)-1:]
	}
	found, ok := provider.Security(""), false
	for _, e := range list {
		word := e.Text()
		if r.AnyCase {
			word = strings.ToLower(word)
		}
		sec, known := r.Security[word]
		if known != r.Whole { // the first that is known, or one that spoils the document
			return sec, known
		}
		if known {
			found, ok = sec, true
		}
	}
	if !ok && r.SecurityElse != "" {
		return r.unknownSecurity(s), true
	}
	return found, ok
}

// auths are the ways to log in that the client can use, in the document's order.
func (r reading) auths(b *mozilla.Element, host string, outgoing bool) []provider.Auth {
	var out []provider.Auth
	for _, k := range all(b, "authentication") {
		word := k.Text()
		a, ok := r.Auth[word]
		if !ok && outgoing {
			a, ok = r.AuthOutgoing[word]
		}
		if !ok || a == provider.AuthOAuth2 && !r.OAuth2Late && !r.oauth2(host) || slices.Contains(out, a) {
			continue
		}
		out = append(out, a)
		if r.FirstAuth {
			return out
		}
	}
	if len(out) == 0 && r.AuthElse != "" {
		return []provider.Auth{r.AuthElse}
	}
	return out
}

func (r reading) takeIn(list []Server) *Server {
	if r.DocumentOrder {
		return take(list, r.LastIncoming)
	}
	for _, t := range r.Incoming {
		others := func(s Server) bool { return s.Protocol != t }
		if s := take(slices.DeleteFunc(slices.Clone(list), others), r.LastIncoming); s != nil {
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

// isPage reports HTML, by its type or by how it begins.
func isPage(body []byte, contentType string) bool {
	media := strings.ToLower(provider.MediaType(contentType))
	head := strings.ToLower(string(body[:min(len(body), 512)]))
	if strings.Contains(head, "<clientconfig") || strings.Contains(head, "<autodiscover") {
		return false // the format asked for, only its type is wrong
	}
	return media == "text/html" || strings.Contains(head, "<html") || strings.Contains(head, "<!doctype html")
}

// trimXML takes XML's white space (XML 1.0 §2.3) off.
func trimXML(s string) string { return strings.Trim(s, " \t\r\n") }
