package mozilla

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"

	"autoconfig/finding"
	"autoconfig/provider"
)

// Lint says which mail clients refuse or misread an autoconfig document, and what to write instead. contentType is the
// header it came with, or empty when that is not known. A finding's Subject is the path of the element as in XPath, its
// Got the value found there, cut and without control characters. There are at most [finding.MaxLint].
//
// What is looked for was measured with Thunderbird 153, Evolution 3.46, Geary 43, aerc 0.22, Delta Chat core 2.57 and
// KDE's accountwizard 22.12 by varying one thing at a time, and read in the source of Thunderbird 153 and of its
// Android version. Those programs and not the draft decide what is a fault.
func Lint(data []byte, contentType string) []finding.Finding {
	var l linter
	l.When(contentType != "" && !provider.XMLType(contentType), "mozilla-content-type-wrong", "Content-Type", contentType)
	tree, err := parse(data, refuseCharset)
	if err != nil {
		l.Add(unreadable(err), "", strings.TrimPrefix(err.Error(), ErrSyntax.Error()+": "))
		return l.Findings
	}
	root := tree.Root()
	l.When(bytes.HasPrefix(data, []byte("\ufeff")), "mozilla-document-mark", "", "")
	l.tree(tree)
	if root.Tag != "clientConfig" {
		return l.Findings
	}
	l.root(root)
	for i, e := range root.SelectElements("emailProvider") {
		from := len(l.Findings)
		l.emailProvider(e)
		for j := from; i > 0 && j < len(l.Findings); j++ {
			f := &l.Findings[j]
			f.Subject = fmt.Sprintf("emailProvider[%d]/%s", i+1, strings.TrimPrefix(f.Subject, "emailProvider/"))
		}
	}
	return l.Findings
}

type linter struct{ finding.Linter }

// unreadable is the finding for an error of parse.
func unreadable(err error) string {
	switch {
	case errors.Is(err, ErrTooLarge):
		return "mozilla-document-large"
	case errors.Is(err, ErrEncoding):
		return "mozilla-document-encoding"
	}
	return "mozilla-document-syntax"
}

// tree looks at any XML.
func (l *linter) tree(tree *etree.Document) {
	root := tree.Root()
	l.When(isLate(tree), "mozilla-document-late", "", "")
	l.When(hasDirective(&tree.Element), "mozilla-document-doctype", "", "")
	l.When(root.Tag != "clientConfig", "mozilla-root-wrong", root.Tag, "")
	for _, e := range append([]*etree.Element{root}, root.SelectElements("emailProvider")...) {
		l.When(e.Space != "", "mozilla-element-prefix", e.FullTag(), "")
	}
	ns := root.SelectAttrValue("xmlns", "")
	l.When(ns != "", "mozilla-root-namespace", root.Tag+"/@xmlns", ns)
}

// root looks at a clientConfig.
func (l *linter) root(root *etree.Element) {
	v := root.SelectAttrValue("version", "")
	l.When(v != "1.1" && v != "1.2", "mozilla-root-version", "clientConfig/@version", v)
	n := len(root.SelectElements("emailProvider"))
	l.When(n == 0, "mozilla-provider-missing", "clientConfig", "")
	l.When(n > 1, "mozilla-provider-several", "emailProvider", strconv.Itoa(n))
	l.children("mozilla-server-misplaced", root, "incomingServer", "outgoingServer")
	if o := root.SelectElement("oAuth2"); o != nil {
		issuer := value(o, "issuer")
		l.When(issuer != "" && !hostName(issuer), "mozilla-issuer-url", "oAuth2/issuer", issuer)
	}
}

// emailProvider looks at one: Thunderbird reads the first, its Android version
// the last, and refuses the document for a bad one before it.
func (l *linter) emailProvider(e *etree.Element) {
	id := attr(e, "id")
	l.When(id == "", "mozilla-id-missing", "emailProvider/@id", "")
	l.When(id != "" && !hostName(id), "mozilla-id-invalid", "emailProvider/@id", id)
	l.When(hostName(id) && strings.Contains(id, "%"), "mozilla-id-placeholder", "emailProvider/@id", id)
	l.domains(e)
	long, short := value(e, "displayName"), value(e, "displayShortName")
	l.When(long == "", "mozilla-name-missing", "emailProvider/displayName", "")
	l.When(utf8.RuneCountInString(long) > provider.MaxName, "mozilla-name-long", "emailProvider/displayName", long)
	l.When(utf8.RuneCountInString(short) > provider.MaxShortName, "mozilla-name-long",
		"emailProvider/displayShortName", short)
	l.children("mozilla-element-misplaced", e, elsewhere...)
	l.strangers(e, e.Tag, providerElements)
	list := slices.Concat(blocks(e, "incomingServer"), blocks(e, "outgoingServer"))
	l.servers(list)
	for _, d := range e.SelectElements("documentation") {
		l.When(attr(d, "url") == "", "mozilla-documentation-incomplete", "emailProvider/documentation/@url", "")
		for _, descr := range d.SelectElements("descr") {
			l.When(attr(descr, "lang") == "", "mozilla-documentation-incomplete", "emailProvider/documentation/descr/@lang", "")
		}
	}
	for _, b := range list {
		l.block(b)
	}
}

// domains looks for a domain that is a name, without attributes.
func (l *linter) domains(e *etree.Element) {
	list := e.SelectElements("domain")
	good := func(e *etree.Element) bool { return len(e.Attr) == 0 && hostName(trim(e.Text())) }
	l.When(!slices.ContainsFunc(list, good), "mozilla-domain-missing", "emailProvider/domain", value(e, "domain"))
	path := func(i int) string { return fmt.Sprintf("emailProvider/domain[%d]", i+1) }
	for i, d := range list {
		l.When(len(d.Attr) > 0, "mozilla-domain-attribute", path(i), d.Text())
	}
	for i, d := range list {
		l.When(nested(d), "mozilla-value-element", path(i), d.Text())
	}
}

// servers looks at which there are, in which order.
func (l *linter) servers(list []block) {
	byKind := map[string][]block{}
	incoming := false
	for _, b := range list {
		if b.mail() {
			byKind[b.kind] = append(byKind[b.kind], b)
		}
		incoming = incoming || b.tag == "incomingServer" && slices.Contains(thunderbirdTypes, b.kind)
	}
	noIMAP := len(byKind["imap"]) == 0
	l.When(!incoming, "mozilla-incoming-missing", "emailProvider/incomingServer", "")
	l.When(len(byKind["smtp"]) == 0, "mozilla-outgoing-missing", "emailProvider/outgoingServer", "")
	l.When(incoming && noIMAP, "mozilla-imap-missing", "emailProvider/incomingServer", "")
	if !noIMAP {
		l.When(list[0].kind != "imap", "mozilla-imap-not-first", list[0].path, list[0].kind)
	}
	for _, kind := range []string{"imap", "pop3", "smtp"} {
		if list := byKind[kind]; len(list) > 1 {
			l.Add("mozilla-server-several", list[1].path, kind)
		}
	}
}

// thunderbirdTypes are the types of incoming servers that Thunderbird 153 knows.
var thunderbirdTypes = []string{"imap", "pop3", "nntp", "exchange", "ews", "owa"}

// elsewhere are the elements of clientConfig, providerElements those of
// emailProvider: of the deployed format, the draft and the ISPDB's documents.
var (
	elsewhere = []string{"calendar", "addressbook", "addressBook", "fileShare", "chatServer", "videoConference",
		"setupServer", "oAuth2", "webMail", "clientConfigUpdate"}
	providerElements = slices.Concat(elsewhere, []string{"domain", "displayName", "displayShortName", "incomingServer",
		"outgoingServer", "documentation", "enable", "instruction", "identity", "inputField"})
)

// children reports the children that have one of the tags.
func (l *linter) children(id string, e *etree.Element, tags ...string) {
	for _, c := range e.ChildElements() {
		l.When(slices.Contains(tags, c.Tag), id, e.Tag+"/"+c.Tag, attr(c, "type"))
	}
}

// strangers reports the children that have none of the names.
func (l *linter) strangers(e *etree.Element, path string, names []string) {
	for _, c := range e.ChildElements() {
		l.When(!slices.Contains(names, c.Tag), "mozilla-element-unknown", path+"/"+c.Tag, c.Text())
	}
}

// nested reports an element where only text belongs.
func nested(e *etree.Element) bool { return len(e.ChildElements()) > 0 }

// hostName reports what Thunderbird takes for a host name: an IP address or
// ASCII letters, digits, hyphens and dots, with placeholders left aside.
func hostName(s string) bool {
	for _, p := range []string{provider.EmailAddress, provider.EmailLocalPart, provider.EmailDomain} {
		s = strings.ReplaceAll(s, p, "p")
	}
	_, err := provider.ParseHost(strings.ToLower(s))
	return ascii(s) && err == nil || provider.IsIP(s)
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
