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

// mail reports a server that is told by host name and port.
func (b block) mail() bool {
	switch b.kind {
	case "imap", "pop3":
		return b.tag == "incomingServer"
	case "smtp":
		return b.tag == "outgoingServer"
	}
	return false
}

// id is the finding that a fault of b is reported as, "" for none. A POP3
// server spoils nothing but itself: Thunderbird leaves it out, and its Android
// version does not read one.
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
var unusable = []string{"mozilla-value-missing", "mozilla-value-attribute", "mozilla-value-element", "mozilla-value-blank",
	"mozilla-hostname-invalid", "mozilla-hostname-not-ascii", "mozilla-port-invalid", "mozilla-socket-unknown",
	"mozilla-auth-unusable", "mozilla-oauth2-host-unknown"}

// at is the place of a fault in the child of that name, if there is one.
func (b block) at(fault bool, tag, got string) []place { return when(fault, b.path+"/"+tag, got) }

// value is the text of the first child of that name, white space taken off.
func (b block) value(tag string) string { return value(b.Element, tag) }

// having lists the children with one of the tags for which fault holds.
func (b block) having(fault func(*etree.Element) bool, tags ...string) []place {
	var out []place
	for _, tag := range tags {
		for _, c := range b.SelectElements(tag) {
			out = append(out, b.at(fault(c), tag, c.Text())...)
		}
	}
	return out
}

// types are the words for servers that some client or the draft knows.
var types = map[string][]string{
	"incomingServer": {"imap", "pop3", "jmap", "ews", "activeSync", "activesync", "graph", "exchange", "owa", "nntp"},
	"outgoingServer": {"smtp"},
}

func (b block) known(kind string) bool { return slices.Contains(types[b.tag], kind) }

// blockChecks look at a server of any type.
var blockChecks = []check[block]{
	{"mozilla-type-wrong", func(b block) []place {
		return b.at(b.kind == "" || !b.known(b.kind) && b.known(strings.ToLower(trim(b.kind))), "@type", b.kind)
	}},
	{"mozilla-type-unknown", func(b block) []place {
		return b.at(b.kind != "" && !b.known(strings.ToLower(trim(b.kind))), "@type", b.kind)
	}},
	{"mozilla-url-missing", func(b block) []place {
		told := slices.Contains([]string{"jmap", "graph", "activeSync", "activesync"}, b.kind)
		return b.at(told && b.value("url") == "", "url", b.kind)
	}},
}

// serverElements are the elements of a mail server: of the deployed format, the
// draft and the ISPDB's documents.
var serverElements = append([]string{"authentication", "password", "pop3", "restriction", "useGlobalPreferredServer",
	"addThisServer", "url"}, single...)

// single are the elements of a mail server that stand once, and must.
var single = []string{"hostname", "port", "socketType", "username"}

// serverChecks look at how a mail server is reached.
var serverChecks = []check[block]{
	{"mozilla-value-missing", func(b block) []place {
		var out []place
		for _, tag := range single {
			out = append(out, b.at(b.value(tag) == "", tag, "")...)
		}
		return append(out, b.at(!b.states(), "authentication", "")...)
	}},
	{"mozilla-value-several", func(b block) []place {
		var out []place
		for _, tag := range single {
			out = append(out, b.at(len(b.SelectElements(tag)) > 1, tag, "")...)
		}
		return out
	}},
	{"mozilla-value-attribute", func(b block) []place {
		return b.having(func(e *etree.Element) bool { return len(e.Attr) > 0 }, single...)
	}},
	{"mozilla-value-element", func(b block) []place { return b.having(nested, append(single, "authentication")...) }},
	{"mozilla-element-unknown", func(b block) []place { return strangers(b.Element, b.path, serverElements) }},
	{"mozilla-password-present", func(b block) []place {
		return b.at(b.SelectElement("password") != nil, "password", "")
	}},
	{"mozilla-value-blank", func(b block) []place {
		return b.having(padded, "port", "socketType", "authentication", "username")
	}},
	{"mozilla-hostname-blank", func(b block) []place { return b.having(padded, "hostname") }},
	{"mozilla-hostname-invalid", func(b block) []place {
		h := b.value("hostname")
		return b.at(h != "" && ascii(h) && !hostName(h), "hostname", h)
	}},
	{"mozilla-hostname-not-ascii", func(b block) []place {
		h := b.value("hostname")
		return b.at(!ascii(h), "hostname", h)
	}},
	{"mozilla-hostname-placeholder", func(b block) []place {
		h := b.value("hostname")
		return b.at(hostName(h) && strings.Contains(h, "%"), "hostname", h)
	}},
	{"mozilla-hostname-short", func(b block) []place {
		h := b.value("hostname")
		return b.at(hostName(h) && !strings.ContainsAny(strings.TrimSuffix(h, "."), ".:%"), "hostname", h)
	}},
	{"mozilla-port-invalid", func(b block) []place {
		port := b.value("port")
		n, err := strconv.ParseUint(port, 10, 16)
		return b.at(port != "" && (err != nil || n == 0), "port", port)
	}},
	{"mozilla-port-security", portSecurity},
	{"mozilla-socket-unknown", func(b block) []place {
		return b.having(func(e *etree.Element) bool {
			_, ok := securityOf(trim(e.Text()))
			return !ok && trim(e.Text()) != ""
		}, "socketType")
	}},
	{"mozilla-socket-plain", func(b block) []place {
		return b.having(func(e *etree.Element) bool { return trim(e.Text()) == socketPlain }, "socketType")
	}},
}

// portSecurity compares the port with the socketType.
func portSecurity(b block) []place {
	s := decodeTCP(b.Element, provider.Protocol(b.kind))
	_, contradicts := s.PortSecurity()
	return b.at(contradicts && s.Security != "" && s.Security != provider.Plain, "port", fmt.Sprintf("%d with %s", s.Port, b.value("socketType")))
}

// padded reports white space around a value.
func padded(e *etree.Element) bool {
	text := e.Text()
	return trim(text) != "" && trim(text) != text
}

// loginChecks look at the user name and the ways to log in.
var loginChecks = []check[block]{
	{"mozilla-username-number", func(b block) []place {
		u := b.value("username")
		_, err := strconv.ParseFloat(u, 64)
		return b.at(err == nil || strings.EqualFold(u, "true") || strings.EqualFold(u, "false"), "username", u)
	}},
	{"mozilla-username-literal", func(b block) []place {
		u := b.value("username")
		return b.at(u != "" && provider.Expand(u, someone) == u && !provider.BrokenPlaceholder(u), "username", u)
	}},
	{"mozilla-username-placeholder", func(b block) []place {
		u := b.value("username")
		return b.at(provider.BrokenPlaceholder(u), "username", u)
	}},
	{"mozilla-username-not-address", func(b block) []place {
		u := b.value("username")
		full := provider.Expand(u, someone)
		return b.at(full != u && full != someone.String() && !provider.BrokenPlaceholder(u), "username", u)
	}},
	{"mozilla-auth-unknown", func(b block) []place {
		return b.having(func(e *etree.Element) bool {
			_, ok := authOf("", trim(e.Text()))
			return !ok && trim(e.Text()) != "" && len(e.Attr) == 0
		}, "authentication")
	}},
	{"mozilla-auth-attribute", func(b block) []place {
		return b.having(func(e *etree.Element) bool { return len(e.Attr) > 0 }, "authentication")
	}},
	{"mozilla-auth-unusable", func(b block) []place {
		return b.at(b.states() && !b.offers(thunderbirdAuth(b.kind)...) && !b.offers("OAuth2"), "authentication", b.value("authentication"))
	}},
	{"mozilla-auth-android", func(b block) []place {
		return b.at(b.states() && !b.offers("OAuth2", "password-cleartext", "password-encrypted"), "authentication", b.value("authentication"))
	}},
	{"mozilla-oauth2-only", func(b block) []place {
		return b.at(b.offers("OAuth2") && !b.offers(thunderbirdAuth(b.kind)...), "authentication", "OAuth2")
	}},
	{"mozilla-oauth2-host-unknown", func(b block) []place {
		h := b.value("hostname")
		other := b.offers(thunderbirdAuth(b.kind)...)
		return b.at(b.offers("OAuth2") && !other && !ThunderbirdOAuth2(h), "authentication", h)
	}},
}

// someone is an address to try user names with.
var someone = provider.Address{Local: "someone", Domain: "example.org"}

// states reports any word for a way to log in. Clients skip an empty one.
func (b block) states() bool {
	return len(b.having(func(e *etree.Element) bool { return trim(e.Text()) != "" }, "authentication")) > 0
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

// ThunderbirdOAuth2 reports whether Thunderbird 153 has OAuth2 for a host: for
// these names and all below them (read in the module OAuth2Providers of 153.8
// ESR; its hosts for tests and for services other than mail are left out).
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
