package mozilla

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"

	"autoconfig/finding"
	"autoconfig/provider"
)

// Lint says which mail clients refuse or misread an autoconfig document, and
// what to write instead. contentType is the header it came with, or empty when
// that is not known. A finding's Subject is the path of the element as in
// XPath, its Got the value found there, cut and without control characters.
// There are at most [MaxFindings].
//
// What is looked for was measured with Thunderbird 153, Evolution 3.46, Geary
// 43, aerc 0.22, Delta Chat core 2.57 and KDE's accountwizard 22.12 by varying
// one thing at a time, and read in the source of Thunderbird 153 and of its
// Android version. Those programs and not the draft decide what is a fault.
func Lint(data []byte, contentType string) []finding.Finding {
	var l linter
	if contentType != "" && !acceptedType(contentType) {
		l.add("mozilla-content-type-wrong", place{"Content-Type", contentType})
	}
	tree, err := parse(data, refuseCharset)
	if err != nil {
		l.add(unreadable(err), place{"", strings.TrimPrefix(err.Error(), ErrSyntax.Error()+": ")})
		return l.findings
	}
	d := &document{data: data, tree: tree, root: tree.Root()}
	run(&l, treeChecks, d)
	if d.root.Tag != "clientConfig" {
		return l.findings
	}
	run(&l, rootChecks, d)
	for i, e := range d.root.SelectElements("emailProvider") {
		from := len(l.findings)
		d.provider, d.blocks = e, slices.Concat(blocks(e, "incomingServer"), blocks(e, "outgoingServer"))
		l.emailProvider(d)
		for j := from; i > 0 && j < len(l.findings); j++ {
			l.findings[j].Subject = fmt.Sprintf("emailProvider[%d]/%s", i+1, strings.TrimPrefix(l.findings[j].Subject, "emailProvider/"))
		}
	}
	return l.findings
}

// emailProvider looks at one: Thunderbird reads the first, its Android version
// the last, and refuses the document for a bad one before it.
func (l *linter) emailProvider(d *document) {
	run(l, providerChecks, d)
	for _, b := range d.blocks {
		run(l, blockChecks, b)
		if !b.mail() {
			continue
		}
		for _, c := range slices.Concat(serverChecks, loginChecks) {
			if id := b.id(c.id); id != "" {
				l.add(id, c.where(b)...)
			}
		}
	}
}

// MaxFindings is the most findings [Lint] returns for one document.
const MaxFindings = 200

// place is where a fault stands, and the value found there.
type place struct{ subject, got string }

// check is one thing to look for: the finding it makes, and where the fault is.
type check[T any] struct {
	id    string
	where func(T) []place
}

func run[T any](l *linter, checks []check[T], subject T) {
	for _, c := range checks {
		l.add(c.id, c.where(subject)...)
	}
}

type linter struct{ findings []finding.Finding }

func (l *linter) add(id string, places ...place) {
	for _, p := range places {
		if len(l.findings) == MaxFindings {
			return
		}
		l.findings = append(l.findings, finding.New(id, p.subject).Saw(p.got))
	}
}

// acceptedType reports a Content-Type that Thunderbird 153 takes: these two in
// lower case, with any parameters.
func acceptedType(contentType string) bool {
	mime, _, _ := strings.Cut(contentType, ";")
	mime = strings.TrimSpace(mime)
	return mime == "text/xml" || mime == "application/xml"
}

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

// document is what the checks look at. provider is an emailProvider, blocks its
// servers.
type document struct {
	data           []byte
	tree           *etree.Document
	root, provider *etree.Element
	blocks         []block
}

// treeChecks look at any XML.
var treeChecks = []check[*document]{
	{"mozilla-document-mark", func(d *document) []place {
		return when(bytes.HasPrefix(d.data, []byte("\ufeff")), "", "")
	}},
	{"mozilla-document-late", func(d *document) []place { return when(isLate(d.tree), "", "") }},
	{"mozilla-document-doctype", func(d *document) []place { return when(hasDirective(&d.tree.Element), "", "") }},
	{"mozilla-root-wrong", func(d *document) []place { return when(d.root.Tag != "clientConfig", d.root.Tag, "") }},
	{"mozilla-element-prefix", func(d *document) []place {
		var out []place
		for _, e := range append([]*etree.Element{d.root}, d.root.SelectElements("emailProvider")...) {
			out = append(out, when(e.Space != "", e.FullTag(), "")...)
		}
		return out
	}},
	{"mozilla-root-namespace", func(d *document) []place {
		ns := d.root.SelectAttrValue("xmlns", "")
		return when(ns != "", d.root.Tag+"/@xmlns", ns)
	}},
}

// rootChecks look at a clientConfig.
var rootChecks = []check[*document]{
	{"mozilla-root-version", func(d *document) []place {
		v := d.root.SelectAttrValue("version", "")
		return when(v != "1.1" && v != "1.2", "clientConfig/@version", v)
	}},
	{"mozilla-provider-missing", func(d *document) []place {
		return when(d.root.SelectElement("emailProvider") == nil, "clientConfig", "")
	}},
	{"mozilla-provider-several", func(d *document) []place {
		n := len(d.root.SelectElements("emailProvider"))
		return when(n > 1, "emailProvider", fmt.Sprint(n))
	}},
	{"mozilla-server-misplaced", func(d *document) []place { return children(d.root, "incomingServer", "outgoingServer") }},
	{"mozilla-issuer-url", func(d *document) []place {
		o := d.root.SelectElement("oAuth2")
		if o == nil {
			return nil
		}
		issuer := value(o, "issuer")
		return when(issuer != "" && !hostName(issuer), "oAuth2/issuer", issuer)
	}},
}

// providerChecks look at an emailProvider.
var providerChecks = []check[*document]{
	{"mozilla-id-missing", func(d *document) []place { return when(attr(d.provider, "id") == "", "emailProvider/@id", "") }},
	{"mozilla-id-invalid", func(d *document) []place {
		id := attr(d.provider, "id")
		return when(id != "" && !hostName(id), "emailProvider/@id", id)
	}},
	{"mozilla-id-placeholder", func(d *document) []place {
		id := attr(d.provider, "id")
		return when(hostName(id) && strings.Contains(id, "%"), "emailProvider/@id", id)
	}},
	{"mozilla-domain-missing", noDomain},
	{"mozilla-domain-attribute", func(d *document) []place {
		return having(d.provider, "domain", func(e *etree.Element) bool { return len(e.Attr) > 0 })
	}},
	{"mozilla-value-element", func(d *document) []place { return having(d.provider, "domain", nested) }},
	{"mozilla-name-missing", func(d *document) []place {
		return when(value(d.provider, "displayName") == "", "emailProvider/displayName", "")
	}},
	{"mozilla-name-long", func(d *document) []place {
		long, short := value(d.provider, "displayName"), value(d.provider, "displayShortName")
		return append(when(utf8.RuneCountInString(long) > 60, "emailProvider/displayName", long),
			when(utf8.RuneCountInString(short) > 20, "emailProvider/displayShortName", short)...)
	}},
	{"mozilla-element-misplaced", func(d *document) []place {
		return children(d.provider, elsewhere...)
	}},
	{"mozilla-element-unknown", func(d *document) []place {
		return strangers(d.provider, d.provider.Tag, providerElements)
	}},
	{"mozilla-incoming-missing", func(d *document) []place {
		return when(!d.hasIncoming(), "emailProvider/incomingServer", "")
	}},
	{"mozilla-outgoing-missing", func(d *document) []place {
		return when(len(d.kind("smtp")) == 0, "emailProvider/outgoingServer", "")
	}},
	{"mozilla-imap-missing", func(d *document) []place {
		return when(d.hasIncoming() && len(d.kind("imap")) == 0, "emailProvider/incomingServer", "")
	}},
	{"mozilla-imap-not-first", func(d *document) []place {
		if len(d.kind("imap")) == 0 || d.blocks[0].kind == "imap" {
			return nil
		}
		return when(true, d.blocks[0].path, d.blocks[0].kind)
	}},
	{"mozilla-server-several", func(d *document) []place {
		var out []place
		for _, kind := range []string{"imap", "pop3", "smtp"} {
			if list := d.kind(kind); len(list) > 1 {
				out = append(out, place{list[1].path, kind})
			}
		}
		return out
	}},
	{"mozilla-documentation-incomplete", undocumented},
}

// elsewhere are the elements of clientConfig, providerElements those of
// emailProvider: of the deployed format, the draft and the ISPDB's documents.
var (
	elsewhere = []string{"calendar", "addressbook", "addressBook", "fileShare", "chatServer", "videoConference",
		"setupServer", "oAuth2", "webMail", "clientConfigUpdate"}
	providerElements = slices.Concat(elsewhere, []string{"domain", "displayName", "displayShortName", "incomingServer",
		"outgoingServer", "documentation", "enable", "instruction", "identity", "inputField"})
)

// kind lists the mail servers of a kind.
func (d *document) kind(kind string) []block {
	return slices.DeleteFunc(slices.Clone(d.blocks), func(b block) bool { return !b.mail() || b.kind != kind })
}

// hasIncoming reports an incoming server of a type Thunderbird 153 knows.
func (d *document) hasIncoming() bool {
	return slices.ContainsFunc(d.blocks, func(b block) bool {
		return b.tag == "incomingServer" && slices.Contains([]string{"imap", "pop3", "nntp", "exchange", "ews", "owa"}, b.kind)
	})
}

// noDomain: at least one has to be a name, without attributes.
func noDomain(d *document) []place {
	good := func(e *etree.Element) bool { return len(e.Attr) == 0 && hostName(trim(e.Text())) }
	return when(!slices.ContainsFunc(d.provider.SelectElements("domain"), good), "emailProvider/domain", value(d.provider, "domain"))
}

func undocumented(d *document) []place {
	var out []place
	for _, e := range d.provider.SelectElements("documentation") {
		out = append(out, when(attr(e, "url") == "", "emailProvider/documentation/@url", "")...)
		for _, descr := range e.SelectElements("descr") {
			out = append(out, when(attr(descr, "lang") == "", "emailProvider/documentation/descr/@lang", "")...)
		}
	}
	return out
}

// when is the place of a fault if there is one.
func when(fault bool, subject, got string) []place {
	if !fault {
		return nil
	}
	return []place{{subject, got}}
}

// having lists the children named tag for which fault holds, with their text.
func having(e *etree.Element, tag string, fault func(*etree.Element) bool) []place {
	var out []place
	for i, c := range e.SelectElements(tag) {
		if fault(c) {
			out = append(out, place{fmt.Sprintf("%s/%s[%d]", e.Tag, tag, i+1), c.Text()})
		}
	}
	return out
}

// children lists the children that bear one of the tags.
func children(e *etree.Element, tags ...string) []place {
	var out []place
	for _, c := range e.ChildElements() {
		if slices.Contains(tags, c.Tag) {
			out = append(out, place{e.Tag + "/" + c.Tag, attr(c, "type")})
		}
	}
	return out
}

// strangers lists the children that bear none of the names.
func strangers(e *etree.Element, path string, names []string) []place {
	var out []place
	for _, c := range e.ChildElements() {
		if !slices.Contains(names, c.Tag) {
			out = append(out, place{path + "/" + c.Tag, c.Text()})
		}
	}
	return out
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
