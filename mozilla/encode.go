package mozilla

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"autoconfig/provider"
)

// Encode writes the autoconfig document of p for domain, a lower-case A-label name. The placeholders of user names stay
// for the client to fill in, and domain enters as plain text only, so that one encoding serves every domain of a
// provider. It fails with [ErrNoServers] when p has no incoming or no outgoing server: clients refuse such a document,
// and Delta Chat stops its search there (measured with core 2.57), and with [provider.ErrIncomplete] when a server
// lacks its port, security, user name or way to log in.
//
// An ActiveSync URL has no place here: the draft spells its type in two ways
// and no client reads either. Autodiscover has it.
func Encode(p *provider.Provider, domain string) ([]byte, error) {
	p = p.For(domain)
	servers := p.Servers()
	if len(servers) < 2 || servers[len(servers)-1].Protocol != provider.SMTP {
		return nil, ErrNoServers
	}
	if err := provider.Complete(servers...); err != nil {
		return nil, err
	}
	if p.ManageSieve != nil && p.ManageSieve.Complete() != nil {
		return nil, p.ManageSieve.Complete()
	}
	doc := etree.NewDocument()
	doc.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	root := open(&doc.Element, "clientConfig", "version", version(p))

	web := urlLogin(p.Login())
	e := open(root, "emailProvider", "id", domain)
	// One domain, the one asked: others would publish the customer list. No
	// attribute: Thunderbird 153 refuses the document for one.
	add(e, "domain", domain)
	add(e, "displayName", cmp.Or(clean(p.Name), domain)) // Thunderbird 153 shows "undefined" without it
	add(e, "displayShortName", p.ShortName)
	// Order is preference, and Geary 43 looks at the first incomingServer only.
	last := len(servers) - 1
	for _, s := range servers[:last] {
		server(e, "incomingServer", s)
	}
	graph(e, p.Graph)
	web.block(e, "incomingServer", "jmap", p.JMAP)
	server(e, "outgoingServer", servers[last])
	enable(e, p.Enable)
	documentation(e, p.Documentation)

	// What follows is outside emailProvider in the draft's grammar.
	web.block(root, "addressbook", "carddav", p.CardDAV)
	web.block(root, "calendar", "caldav", p.CalDAV)
	if p.ManageSieve != nil {
		server(root, "setupServer", *p.ManageSieve)
	}
	oauth2(root, p.OAuth2)
	if p.Webmail != "" {
		open(open(root, "webMail"), "loginPage", "url", p.Webmail)
	}
	doc.Indent(2)
	return doc.WriteToBytes()
}

// version is 1.2 as soon as an element of draft-ietf-mailmaint-autoconfig is there that the deployed format lacks.
func version(p *provider.Provider) string {
	if p.JMAP != "" || p.CalDAV != "" || p.CardDAV != "" || p.ManageSieve != nil {
		return "1.2"
	}
	return "1.1"
}

// server adds a TCP block, in the order of the draft's grammar.
func server(parent *etree.Element, tag string, s provider.Server) {
	e := open(parent, tag, "type", string(s.Protocol))
	add(e, "hostname", s.Host)
	add(e, "port", strconv.Itoa(int(s.Port)))
	add(e, "socketType", socketWord(s.Security))
	for i, a := range s.Auth {
		if !slices.Contains(s.Auth[:i], a) {
			add(e, "authentication", authWord(a))
		}
	}
	add(e, "username", s.Username) // never empty: Thunderbird for Android refuses a document without
	if s.Protocol == provider.POP3 && s.LeaveOnServer != nil {
		add(open(e, "pop3"), "leaveMessagesOnServer", strconv.FormatBool(*s.LeaveOnServer))
	}
}

// login is how one logs in to the services with a URL.
type login struct {
	oauth2, password bool
	username         string
}

func urlLogin(s provider.Server) login {
	password := s.Has(provider.AuthPassword) || s.Has(provider.AuthPasswordEncrypted)
	return login{s.Has(provider.AuthOAuth2), password || !s.Has(provider.AuthOAuth2), s.Username}
}

// block adds a URL block unless url is empty. Its passwords are HTTP's; OAuth2
// has no system (draft-ietf-mailmaint-autoconfig, "URL").
func (l login) block(parent *etree.Element, tag, kind, url string) {
	if url == "" {
		return
	}
	e := open(parent, tag, "type", kind)
	add(e, "url", url)
	if l.oauth2 {
		add(e, "authentication", "OAuth2")
	}
	if l.password {
		add(e, "authentication", "Basic", "system", "http")
	}
	add(e, "username", l.username)
}

// graph adds Microsoft Graph as the ISPDB has it: Thunderbird takes it as an
// alternative where its preference mail.graph.enabled is on, all others skip it.
func graph(parent *etree.Element, url string) {
	if url == "" {
		return
	}
	e := open(parent, "incomingServer", "type", "graph")
	add(e, "username", provider.EmailAddress)
	add(e, "authentication", "OAuth2")
	add(e, "url", url)
}

// enable adds what a person has to switch on first (format 1.1).
func enable(parent *etree.Element, n *provider.Enable) {
	if n == nil || clean(n.URL) == "" {
		return
	}
	e := open(parent, "enable", "visiturl", n.URL)
	for _, note := range n.Instructions {
		add(e, "instruction", note.Text, "lang", note.Lang)
	}
}

// documentation writes one element per URL with one descr per language, the only part of the format that has languages.
func documentation(parent *etree.Element, pages []provider.Documentation) {
	byURL := map[string]*etree.Element{}
	for _, d := range pages {
		url := clean(d.URL)
		if url == "" {
			continue
		}
		if byURL[url] == nil {
			byURL[url] = open(parent, "documentation", "url", url)
		}
		add(byURL[url], "descr", d.Text, "lang", d.Lang)
	}
}

// oauth2 adds the authorization server when a client can use it. The issuer is a bare host, as in the ISPDB and the
// draft's sample, and there is no clientID: clients have their own.
func oauth2(parent *etree.Element, o *provider.OAuth2) {
	if o == nil || o.AuthorizeURL == "" || o.TokenURL == "" {
		return
	}
	e := open(parent, "oAuth2")
	if issuer, err := provider.ParseHost(provider.HostOf(o.Issuer)); err == nil {
		add(e, "issuer", issuer)
	}
	add(e, "scope", strings.Join(o.Scopes, " "))
	add(e, "authURL", o.AuthorizeURL)
	add(e, "tokenURL", o.TokenURL)
}

// open appends an element with those of the attributes, keys and values in turn, that have a value.
func open(parent *etree.Element, tag string, attributes ...string) *etree.Element {
	e := parent.CreateElement(tag)
	for pair := range slices.Chunk(attributes, 2) {
		if value := clean(pair[1]); value != "" {
			e.CreateAttr(pair[0], value)
		}
	}
	return e
}

// add appends an element with a value, or nothing for an empty value.
func add(parent *etree.Element, tag, value string, attributes ...string) {
	if value = clean(value); value != "" {
		open(parent, tag, attributes...).SetText(value)
	}
}

// lineBreaks are blanks within a value.
var lineBreaks = strings.NewReplacer("\t", " ", "\r", " ", "\n", " ")

// clean keeps a value on one line without white space around it: clients take socketType and authentication literally,
// Thunderbird the user name too, and its Android version the port. The XML library escapes markup and replaces what XML
// 1.0 cannot hold.
func clean(s string) string { return trim(lineBreaks.Replace(s)) }
