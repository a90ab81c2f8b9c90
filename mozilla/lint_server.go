package mozilla

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"autoconfig/provider"
)

// block is an incomingServer or outgoingServer element.
type block struct {
	*etree.Element
	tag, kind string // kind is its type
	path      string // incomingServer[1], counted as XPath does
}

func blocks(e *etree.Element, tag string) []block {
	var out []block
	for i, s := range e.SelectElements(tag) {
		out = append(out, block{s, tag, s.SelectAttrValue("type", ""), fmt.Sprintf("%s[%d]", tag, i+1)})
	}
	return out
}

// mail reports a server that is given by host name and port.
func (b block) mail() bool {
	switch b.kind {
	case "imap", "pop3":
		return b.tag == "incomingServer"
	case "smtp":
		return b.tag == "outgoingServer"
	}
	return false
}

// id is the finding that a fault of b is reported as, "" for none. A POP3 server spoils nothing but itself: Thunderbird
// leaves it out, and its Android version does not read one.
func (b block) id(id string) string {
	switch {
	case b.kind != "pop3":
		return id
	case id == "mozilla-auth-android":
		return ""
	case id == "mozilla-socket-plain":
		return "mozilla-pop3-plain"
	case slices.Contains(unusable, id):
		return "mozilla-pop3-unusable"
	}
	return id
}

// unusable are the faults for which Thunderbird leaves a server out.
var unusable = []string{
	"mozilla-value-missing", "mozilla-value-attribute", "mozilla-value-element", "mozilla-value-blank",
	"mozilla-hostname-invalid", "mozilla-hostname-not-ascii", "mozilla-port-invalid", "mozilla-socket-unknown",
	"mozilla-auth-unusable", "mozilla-oauth2-host-unknown",
}

// value is the text of the first child of that name, white space taken off.
func (b block) value(tag string) string { return value(b.Element, tag) }

// at reports a fault in the child of that name.
func (l *linter) at(b block, fault bool, id, tag, got string) {
	if id = b.id(id); id != "" {
		l.When(fault, id, b.path+"/"+tag, got)
	}
}

// having reports the children with one of the tags for which fault holds.
func (l *linter) having(b block, id string, fault func(*etree.Element) bool, tags ...string) {
	for _, tag := range tags {
		for _, c := range b.SelectElements(tag) {
			l.at(b, fault(c), id, tag, c.Text())
		}
	}
}

// types are the words for servers that some client or the draft knows.
var types = map[string][]string{
	"incomingServer": append([]string{"imap", "pop3", "exchange", "owa", "nntp"}, urlTypes["incomingServer"]...),
	"outgoingServer": {"smtp"},
}

func (b block) known(kind string) bool { return slices.Contains(types[b.tag], kind) }

// block looks at a server of any type.
func (l *linter) block(b block) {
	lower := strings.ToLower(trim(b.kind))
	l.at(b, b.kind == "" || !b.known(b.kind) && b.known(lower), "mozilla-type-wrong", "@type", b.kind)
	l.at(b, b.kind != "" && !b.known(lower), "mozilla-type-unknown", "@type", b.kind)
	byURL := slices.Contains([]string{"jmap", "graph", "activeSync", "activesync"}, b.kind)
	l.at(b, byURL && b.value("url") == "", "mozilla-url-missing", "url", b.kind)
	if b.mail() {
		l.values(b)
		l.hostname(b)
		l.connection(b)
		l.username(b)
		l.authentication(b)
	}
}

// serverElements are the elements of a mail server: of the deployed format, the draft and the ISPDB's documents.
var serverElements = append([]string{"authentication", "password", "pop3", "restriction", "useGlobalPreferredServer",
	"addThisServer", "url"}, single...)

// single are the elements that a mail server has exactly once.
var single = []string{"hostname", "port", "socketType", "username"}

// values looks at the form of a mail server's elements.
func (l *linter) values(b block) {
	for _, tag := range single {
		l.at(b, b.value(tag) == "", "mozilla-value-missing", tag, "")
	}
	l.at(b, !b.states(), "mozilla-value-missing", "authentication", "")
	for _, tag := range single {
		l.at(b, len(b.SelectElements(tag)) > 1, "mozilla-value-several", tag, "")
	}
	l.having(b, "mozilla-value-attribute", attributed, single...)
	l.having(b, "mozilla-value-element", nested, append(single, "authentication")...)
	l.strangers(b.Element, b.path, serverElements)
	l.at(b, b.SelectElement("password") != nil, "mozilla-password-present", "password", "")
	l.having(b, "mozilla-value-blank", padded, "port", "socketType", "authentication", "username")
	l.having(b, "mozilla-hostname-blank", padded, "hostname")
}

func (l *linter) hostname(b block) {
	h := b.value("hostname")
	l.at(b, h != "" && ascii(h) && !hostName(h), "mozilla-hostname-invalid", "hostname", h)
	l.at(b, !ascii(h), "mozilla-hostname-not-ascii", "hostname", h)
	l.at(b, hostName(h) && strings.Contains(h, "%"), "mozilla-hostname-placeholder", "hostname", h)
	short := !strings.ContainsAny(strings.TrimSuffix(h, "."), ".:%")
	l.at(b, hostName(h) && short, "mozilla-hostname-short", "hostname", h)
}

// connection looks at the port and at socketType, and compares the two.
func (l *linter) connection(b block) {
	port := b.value("port")
	l.at(b, port != "" && provider.Port(port) == 0, "mozilla-port-invalid", "port", port)
	s := newReader(nil).tcp(b.Element, provider.Protocol(b.kind), "")
	_, contradicts := s.PortSecurity()
	l.at(b, contradicts && s.Security != "" && s.Security != provider.Plain, "mozilla-port-security", "port",
		fmt.Sprintf("%d with %s", s.Port, b.value("socketType")))
	l.having(b, "mozilla-socket-unknown", func(e *etree.Element) bool {
		_, ok := sockets[trim(e.Text())]
		return !ok && trim(e.Text()) != ""
	}, "socketType")
	l.having(b, "mozilla-socket-plain", func(e *etree.Element) bool { return trim(e.Text()) == socketPlain }, "socketType")
}

// attributed reports an element with attributes.
func attributed(e *etree.Element) bool { return len(e.Attr) > 0 }

// padded reports white space around a value.
func padded(e *etree.Element) bool {
	text := e.Text()
	return trim(text) != "" && trim(text) != text
}

func (l *linter) username(b block) {
	u := b.value("username")
	_, err := strconv.ParseFloat(u, 64)
	full, broken := provider.Expand(u, someone), provider.BrokenPlaceholder(u)
	isBool := strings.EqualFold(u, "true") || strings.EqualFold(u, "false")
	l.at(b, err == nil || isBool, "mozilla-username-number", "username", u)
	l.at(b, u != "" && full == u && !broken, "mozilla-username-literal", "username", u)
	l.at(b, broken, "mozilla-username-placeholder", "username", u)
	l.at(b, full != u && full != someone.String() && !broken, "mozilla-username-not-address", "username", u)
}

func (l *linter) authentication(b block) {
	const tag = "authentication"
	l.having(b, "mozilla-auth-unknown", func(e *etree.Element) bool {
		_, ok := authOf("", trim(e.Text()))
		return !ok && trim(e.Text()) != "" && len(e.Attr) == 0
	}, tag)
	l.having(b, "mozilla-auth-attribute", attributed, tag)
	first, states := b.value(tag), b.states()
	oauth2, other := b.offers("OAuth2"), b.offers(thunderbirdAuth(b.kind)...)
	l.at(b, states && !other && !oauth2, "mozilla-auth-unusable", tag, first)
	l.at(b, states && !b.offers("OAuth2", "password-cleartext", "password-encrypted"), "mozilla-auth-android", tag, first)
	l.at(b, oauth2 && !other, "mozilla-oauth2-only", tag, "OAuth2")
	host := b.value("hostname")
	l.at(b, oauth2 && !other && !ThunderbirdOAuth2(host), "mozilla-oauth2-host-unknown", tag, host)
}

// someone is an address to try user names with.
var someone = provider.Address{Local: "someone", Domain: "example.org"}

// states reports any word for a way to log in. Clients skip an empty one.
func (b block) states() bool {
	hasText := func(e *etree.Element) bool { return trim(e.Text()) != "" }
	return slices.ContainsFunc(b.SelectElements("authentication"), hasText)
}

// offers reports one of the authentication words, without attributes.
func (b block) offers(words ...string) bool {
	return slices.ContainsFunc(b.SelectElements("authentication"), func(e *etree.Element) bool {
		return len(e.Attr) == 0 && slices.Contains(words, trim(e.Text()))
	})
}

// thunderbirdAuth lists the words that Thunderbird 153 knows for a kind of
// server, without OAuth2, which depends on the host.
func thunderbirdAuth(kind string) []string {
	words := []string{"password-cleartext", "plain", "password-encrypted", "secure", "GSSAPI", "NTLM"}
	if kind == "smtp" {
		words = append(words, "none", "client-IP-address", "smtp-after-pop")
	}
	return words
}

// ThunderbirdOAuth2 reports whether Thunderbird 153 has OAuth2 for a host: for these names and all below them (read in
// the module OAuth2Providers of 153.8 ESR; its hosts for tests and for services other than mail are left out).
func ThunderbirdOAuth2(host string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(oauth2Hosts, func(name string) bool { return provider.Below(host, name) })
}

var oauth2Hosts = []string{
	"gmail.com", "googlemail.com",
	"office365.com", "outlook.com", "hotmail.com",
	"yahoo.com", "att.net", "aol.com",
	"imap.mail.ru", "smtp.mail.ru",
	"imap.yandex.com", "smtp.yandex.com",
	"imap.fastmail.com", "pop.fastmail.com", "smtp.fastmail.com",
	"imap.comcast.net", "pop.comcast.net", "smtp.comcast.net",
	"thundermail.com",
}
