package mozilla

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"autoconfig/provider"
)

// Document is what [Decode] makes of a document.
type Document struct {
	Provider *provider.Provider
	Lines    map[string]int // where the provider's values are, by their path: incoming[1].port
	Left     []Left         // what the provider has no place for, in the document's order
}

// Left is a part of a document that [Decode] did not take.
type Left struct {
	Line int
	Text string // as in the document, on one line
}

// Decode reads an autoconfig document of version 1.1 or 1.2. It is lenient: servers keep the document's order, types,
// elements and login methods it does not know are skipped, and a port that is not a number is 0;
// [provider.Provider.Validate] tells what is wrong with the result. A domain with purpose="mx" is a mail exchanger. It
// reads at most [MaxSize] octets of UTF-8 and fails with an error wrapping [ErrTooLarge], [ErrEncoding], [ErrSyntax],
// [ErrDirective] or [ErrNotAutoconfig].
func Decode(data []byte) (*Document, error) {
	doc, err := parse(data, refuseCharset)
	if err != nil {
		return nil, err
	}
	if hasDirective(&doc.Element) {
		return nil, ErrDirective
	}
	root := doc.Root()
	if root.Tag != "clientConfig" {
		return nil, ErrNotAutoconfig
	}
	e := root.SelectElement("emailProvider") // the first: Thunderbird 153 and KDE read no other
	if e == nil {
		return nil, ErrNotAutoconfig
	}
	d := newReader(lines(data, root))
	d.taken[root], d.taken[e] = true, true
	d.p.ID = d.attr(e, "id")
	d.attr(root, "version")
	for _, child := range e.ChildElements() {
		d.mail(child)
	}
	for _, child := range slices.Concat(root.ChildElements(), e.ChildElements()) {
		d.service(child)
	}
	d.logins()
	out := &Document{Provider: d.p, Lines: d.at}
	d.left(root, &out.Left)
	return out, nil
}

// lines are where the elements begin. The tree does not know.
func lines(data []byte, root *etree.Element) map[*etree.Element]int {
	out := map[*etree.Element]int{}
	x := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	x.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var walk func(e *etree.Element)
	walk = func(e *etree.Element) {
		for {
			line, _ := x.InputPos()
			token, err := x.RawToken()
			if err != nil {
				return
			}
			if _, ok := token.(xml.StartElement); ok {
				out[e] = line
				break
			}
		}
		for _, child := range e.ChildElements() {
			walk(child)
		}
	}
	walk(root)
	return out
}

// reader fills a provider, and remembers which elements and attributes it took.
type reader struct {
	p     *provider.Provider
	at    map[string]int
	taken map[any]bool // *etree.Element or *etree.Attr
	lines map[*etree.Element]int
	urls  []*etree.Element // the blocks with a URL
}

func newReader(lines map[*etree.Element]int) *reader {
	return &reader{p: &provider.Provider{}, at: map[string]int{}, taken: map[any]bool{}, lines: lines}
}

// at is the path of an entry of a list.
func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// attr is the attribute of that name without white space around it.
func (d *reader) attr(e *etree.Element, key string) string {
	a := e.SelectAttr(key)
	if a == nil {
		return ""
	}
	d.taken[a] = true
	return trim(a.Value)
}

// text is the text of e, which goes to the value at path.
func (d *reader) text(e *etree.Element, path string) string {
	d.taken[e] = true
	d.at[path] = d.lines[e]
	return trim(e.Text())
}

// first is the text of the first child of that name.
func (d *reader) first(e *etree.Element, tag, path string) string {
	if c := e.SelectElement(tag); c != nil {
		return d.text(c, path)
	}
	return ""
}

// mail reads one child of emailProvider that counts there only.
func (d *reader) mail(e *etree.Element) {
	switch e.Tag {
	case "domain":
		list, key := &d.p.Domains, "domains"
		if attr(e, "purpose") == "mx" {
			list, key = &d.p.MX, "mx"
			d.attr(e, "purpose")
		}
		if name := d.text(e, at(key, len(*list))); name != "" {
			*list = append(*list, name)
		}
	case "displayName":
		if d.p.Name == "" {
			d.p.Name = d.text(e, "name")
		}
	case "displayShortName":
		if d.p.ShortName == "" {
			d.p.ShortName = d.text(e, "short_name")
		}
	case "incomingServer", "outgoingServer":
		d.server(e)
	}
}

// service reads one child of clientConfig or of emailProvider. Files differ in
// which of the two has these, so either will do.
func (d *reader) service(e *etree.Element) {
	switch e.Tag {
	case "calendar", "addressbook", "addressBook", "setupServer":
		d.server(e)
	case "enable":
		if d.p.Enable == nil && attr(e, "visiturl") != "" {
			d.p.Enable = d.enable(e)
		}
	case "documentation":
		d.documentation(e)
	case "webMail":
		if page := e.SelectElement("loginPage"); page != nil && d.p.Webmail == "" {
			d.taken[e], d.taken[page], d.at["webmail"] = true, true, d.lines[page]
			d.p.Webmail = d.attr(page, "url")
		}
	case "oAuth2":
		if d.p.OAuth2 == nil {
			d.p.OAuth2 = d.oauth2(e)
		}
	}
}

// server reads a block by its element and type; the first of a kind that the model has one of counts.
func (d *reader) server(e *etree.Element) {
	p, kind := d.p, attr(e, "type")
	switch e.Tag + " " + kind {
	case "incomingServer imap", "incomingServer pop3":
		p.Incoming = append(p.Incoming, d.tcp(e, provider.Protocol(kind), at("incoming", len(p.Incoming))))
	case "outgoingServer smtp":
		p.Outgoing = append(p.Outgoing, d.tcp(e, provider.SMTP, at("outgoing", len(p.Outgoing))))
	case "setupServer managesieve":
		if p.ManageSieve == nil {
			p.ManageSieve = new(d.tcp(e, provider.ManageSieve, "managesieve"))
		}
	default:
		key := strings.ToLower(kind)
		u := p.URL(key)
		if !slices.Contains(urlTypes[e.Tag], kind) || *u != "" {
			return
		}
		if *u = d.first(e, "url", key); *u != "" {
			d.attr(e, "type")
			d.urls = append(d.urls, e)
		}
	}
}

func (d *reader) tcp(e *etree.Element, proto provider.Protocol, path string) provider.Server {
	d.taken[e], d.at[path] = true, d.lines[e]
	d.attr(e, "type")
	s := provider.Server{Protocol: proto, Host: d.first(e, "hostname", path+".host"),
		Username: d.first(e, "username", path+".username")}
	if s.Port = provider.Port(value(e, "port")); s.Port != 0 {
		d.first(e, "port", path+".port")
	}
	for _, socket := range e.SelectElements("socketType") {
		if sec, ok := sockets[trim(socket.Text())]; ok {
			s.Security = sec
			d.text(socket, path+".security")
			break // the first that is known, as Thunderbird 153 does
		}
	}
	for _, a := range e.SelectElements("authentication") {
		system := attr(a, "system") // not taken: the model has no mechanisms
		if auth, ok := authOf(system, trim(a.Text())); ok {
			d.text(a, at(path+".auth", len(s.Auth)))
			if !s.Has(auth) {
				s.Auth = append(s.Auth, auth)
			}
		}
	}
	if options := e.SelectElement("pop3"); options != nil && proto == provider.POP3 {
		if leave, err := strconv.ParseBool(value(options, "leaveMessagesOnServer")); err == nil {
			s.LeaveOnServer = &leave
			d.first(options, "leaveMessagesOnServer", path+".leave_on_server")
		}
	}
	return s
}

// logins takes the logins of the blocks with a URL that the model can say: those of the first mail server.
func (d *reader) logins() {
	for _, e := range d.urls {
		known := login{oauth2: true, username: provider.EmailAddress} // Graph
		if attr(e, "type") != "graph" {
			known = urlLogin(d.p.Login())
		}
		for _, a := range e.SelectElements("authentication") {
			auth, _ := authOf(attr(a, "system"), trim(a.Text()))
			if auth == provider.AuthOAuth2 && known.oauth2 || auth == provider.AuthPassword && known.password {
				d.taken[a] = true
				d.attr(a, "system")
			}
		}
		if name := e.SelectElement("username"); name != nil && trim(name.Text()) == known.username {
			d.taken[name] = true
		}
	}
}

func (d *reader) documentation(e *etree.Element) {
	url, list := d.attr(e, "url"), &d.p.Documentation
	if url == "" {
		return
	}
	d.taken[e] = true
	before := len(*list)
	for _, descr := range e.SelectElements("descr") {
		if text := d.text(descr, at("documentation", len(*list))); text != "" {
			*list = append(*list, provider.Documentation{URL: url, Lang: d.attr(descr, "lang"), Text: text})
		}
	}
	if len(*list) == before {
		d.at[at("documentation", before)] = d.lines[e]
		*list = append(*list, provider.Documentation{URL: url})
	}
}

func (d *reader) enable(e *etree.Element) *provider.Enable {
	d.taken[e], d.at["enable"] = true, d.lines[e]
	out := &provider.Enable{URL: d.attr(e, "visiturl")}
	for _, i := range e.SelectElements("instruction") {
		if text := d.text(i, at("enable.instructions", len(out.Instructions))); text != "" {
			out.Instructions = append(out.Instructions, provider.Note{Lang: d.attr(i, "lang"), Text: text})
		}
	}
	return out
}

// oauth2 makes an https URL of the issuer, which is a bare host here.
func (d *reader) oauth2(e *etree.Element) *provider.OAuth2 {
	o := &provider.OAuth2{
		Issuer:       d.first(e, "issuer", "oauth2.issuer"),
		AuthorizeURL: d.first(e, "authURL", "oauth2.authorize_url"),
		TokenURL:     d.first(e, "tokenURL", "oauth2.token_url"),
		Scopes:       strings.Fields(d.first(e, "scope", "oauth2.scopes")),
	}
	if o.Issuer != "" && !strings.Contains(o.Issuer, "://") {
		o.Issuer = "https://" + o.Issuer
	}
	return o
}

// left lists what was not taken: a whole element, or single attributes of one that was.
func (d *reader) left(e *etree.Element, out *[]Left) {
	if !d.takenFrom(e) {
		if text := oneLine(e); text != "<"+e.Tag+"/>" {
			*out = append(*out, Left{d.lines[e], text})
		}
		return
	}
	for i := range e.Attr {
		if a := &e.Attr[i]; !d.taken[a] && a.Space != "xmlns" && a.Key != "xmlns" && (d.taken[e] || a.Key != "type") {
			*out = append(*out, Left{d.lines[e], fmt.Sprintf("<%s %s=%q>", e.Tag, a.Key, a.Value)})
		}
	}
	for _, child := range e.ChildElements() {
		d.left(child, out)
	}
}

// takenFrom reports whether e or an element in it was taken.
func (d *reader) takenFrom(e *etree.Element) bool {
	return d.taken[e] || slices.ContainsFunc(e.ChildElements(), d.takenFrom)
}

// oneLine is an element as it is written, without white space between elements.
func oneLine(e *etree.Element) string {
	var b strings.Builder
	b.WriteString("<" + e.Tag)
	for _, a := range e.Attr {
		fmt.Fprintf(&b, " %s=%q", a.FullKey(), a.Value)
	}
	text, children := strings.Join(strings.Fields(e.Text()), " "), e.ChildElements()
	if text == "" && len(children) == 0 {
		return b.String() + "/>"
	}
	b.WriteString(">" + text)
	for _, child := range children {
		b.WriteString(oneLine(child))
	}
	return b.String() + "</" + e.Tag + ">"
}
