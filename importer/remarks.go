package importer

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"autoconfig/finding"
	"autoconfig/provider"
)

// remark notes what happened to the text at a line; 0: not known.
func (d *Document) remark(id string, line int, format string, args ...any) {
	subject := d.Name
	if line > 0 {
		subject = fmt.Sprintf("%s:%d", d.Name, line)
	}
	f := finding.New(id, provider.Printable(subject, 300)).Because(format, args...)
	f.Cause = d.withoutPerson(provider.Printable(f.Cause, mostText))
	d.Remarks = append(d.Remarks, f)
}

// mostText is how much of a document a remark shows, in octets.
const mostText = 1200

func (d *Document) left(line int, text string) {
	d.remark("import-value-left", line, "not carried over: %s", text)
}

func (d *Document) changed(path, problem, done string) {
	d.remark("import-value-changed", d.line(path), "%s: %s; %s", path, problem, done)
}

// line is that of the value at a path, or of the nearest one around it.
func (d *Document) line(path string) int {
	for path != "" && d.lines[path] == 0 {
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return d.lines[path]
}

// withoutPerson takes the local part of the address out of a text.
func (d *Document) withoutPerson(text string) string {
	if d.address.Local == "" {
		return text
	}
	return strings.ReplaceAll(text, d.address.String(), provider.EmailAddress)
}

// finish turns what was read into an entry that may be served.
func (d *Document) finish() {
	p := d.Provider
	d.logins()
	d.domains()
	d.guess()
	d.repair()
	if p.PACC == provider.PACCAuto {
		p.PACC = ""
	}
	if p.PasswordLogin.Status == provider.PasswordWorks {
		p.PasswordLogin.Status = ""
	}
	slices.SortStableFunc(d.Remarks, func(a, b finding.Finding) int { return lineOf(a) - lineOf(b) })
}

func lineOf(f finding.Finding) (line int) {
	_, _ = fmt.Sscanf(f.Subject[strings.LastIndexByte(f.Subject, ':')+1:], "%d", &line) // 0 without one
	return line
}

// guess gives servers what the document was probably meant to say, where clients
// would pass the server over: the security that the port is for, and a password.
func (d *Document) guess() {
	for at, s := range d.Provider.Each() {
		if want, _ := s.PortSecurity(); s.Security == "" && want != "" {
			s.Security = want
			d.changed(at.String()+".security", "no security mode that is known", "written as "+string(want)+", after the port")
		}
		if len(s.Auth) == 0 {
			s.Auth = []provider.Auth{provider.AuthPassword}
			d.changed(at.String()+".auth", "no way to log in that is known", "written as password")
		}
	}
}

// domains puts the names into their normal form, each once.
func (d *Document) domains() {
	var good, theirs []string
	for i, name := range d.Provider.Domains {
		if d.address.Domain != "" {
			name = strings.ReplaceAll(name, provider.EmailDomain, d.address.Domain)
		}
		norm, err := provider.ParseDomain(name)
		if err != nil {
			d.remark("import-value-left", d.line(fmt.Sprintf("domains[%d]", i)), "not carried over: %q is not a domain name", name)
		} else if !slices.Contains(good, norm) {
			good = append(good, norm)
			if provider.VendorOwned(norm) != "" {
				theirs = append(theirs, norm)
			}
		}
	}
	if len(good) == 0 && d.address.Domain != "" {
		good = []string{d.address.Domain}
	}
	if d.Provider.Domains = good; len(theirs) > 0 {
		d.remark("import-domain-builtin", 0, "domains of the built-in provider %s, whose settings this entry replaces: %d, such as %s",
			provider.VendorOwned(theirs[0]), len(theirs), theirs[0])
	}
}

// repair takes out what the configuration refuses, and keeps its text as a remark.
func (d *Document) repair() {
	before, err := yaml.Marshal(d.Provider)
	done := d.Provider.Repair()
	for _, f := range done {
		root := f.Path
		if key, _, _ := strings.Cut(f.Path, "."); key != "enable" || strings.HasPrefix(f.Fix, "left out") {
			root = key
		}
		text := ""
		if err == nil {
			text = valueAt(before, root)
		}
		d.remark("import-value-changed", d.line(f.Path), "%s: %s; %s: %s", f.Path, f.Problem, f.Fix, text)
	}
}

// valueAt is the value at a path of a YAML text, on one line.
func valueAt(text []byte, path string) string {
	at, err := yaml.PathString("$." + path)
	if err != nil {
		return ""
	}
	var value any
	if err := at.Read(strings.NewReader(string(text)), &value); err != nil {
		return ""
	}
	out, err := yaml.MarshalWithOptions(value, yaml.Flow(true))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// standIn is the address that the document is for, or one like it.
func (d *Document) standIn() provider.Address {
	a := d.address
	if a.Domain == "" {
		a.Domain = "example.org"
		if len(d.Provider.Domains) > 0 {
			a.Domain = d.Provider.Domains[0]
		}
	}
	if a.Local == "" {
		a.Local = "postmaster"
	}
	return a
}

// complete is p with the servers that a document must have.
func complete(p *provider.Provider, a provider.Address) *provider.Provider {
	q := *p
	for _, s := range []struct {
		list  *[]provider.Server
		proto provider.Protocol
	}{{&q.Incoming, provider.IMAP}, {&q.Outgoing, provider.SMTP}} {
		if len(*s.list) == 0 {
			one := provider.Server{Protocol: s.proto, Host: a.Domain}
			one.SetDefaults()
			*s.list = []provider.Server{one}
		}
	}
	return &q
}

// compare remarks on the values of a document that are not in what the provider
// is written as in the same format.
func (d *Document) compare(orig []leaf, encode func(*provider.Provider, provider.Address) []leaf) {
	full := d.standIn()
	p := complete(d.Provider, full)
	again := append(encode(p, full), encode(p, provider.Address{Domain: full.Domain})...)
	for i := range max(len(p.Incoming), len(p.Outgoing)) { // a document shows one of each kind
		q := *p
		q.Incoming, q.Outgoing = p.Incoming[min(i, len(p.Incoming)-1):], p.Outgoing[min(i, len(p.Outgoing)-1):]
		again = append(again, encode(&q, full)...)
	}
	d.lost(orig, again)
}

// lost remarks on the leaves that are not among those of the document that was
// made again. Names, logins and identifiers of a person or a profile are not for
// a provider.
func (d *Document) lost(orig, again []leaf) {
	there := map[string]bool{}
	for _, l := range again {
		there[strings.ToLower(l.path+" "+l.value)] = true
	}
	for _, l := range orig {
		key := l.path[strings.LastIndexAny(l.path, "/.")+1:]
		if there[strings.ToLower(l.path+" "+l.value)] || ofPerson[key] || l.path == "domain" || strings.HasPrefix(l.path, "User/") {
			continue
		}
		if secret[key] {
			l.value = "(a secret)"
		}
		d.left(l.line, l.path+": "+l.value)
	}
}

// ofPerson are the keys of a person or of one profile, secret those of passwords.
var (
	ofPerson = set(`LoginName username EmailAccountName EmailAccountDescription EmailAddress UserName Culture
		IncomingMailServerUsername OutgoingMailServerUsername CalDAVUsername CardDAVUsername
		CalDAVAccountDescription CardDAVAccountDescription PayloadDescription PayloadDisplayName
		PayloadIdentifier PayloadOrganization PayloadUUID PayloadVersion PayloadScope`)
	secret = set("IncomingPassword OutgoingPassword Password CalDAVPassword CardDAVPassword")
)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		out[word] = true
	}
	return out
}

// logins puts the placeholders back in place of one person's address.
func (d *Document) logins() {
	p := d.Provider
	for _, s := range p.Each() { // a document without its address may tell it
		for _, domain := range append([]string{d.address.Domain}, p.Domains...) {
			local, ok := strings.CutSuffix(strings.ToLower(s.Username), strings.ToLower(domain))
			if !ok || domain == "" || len(local) < 2 || !wordEnds(local, len(local)-1) || d.address.Local != "" ||
				strings.Contains(local, "%EMAIL") {
				continue
			}
			if a, err := provider.ParseAddress(s.Username[:len(local)-1] + "@" + domain); err == nil {
				d.address = a
			}
		}
	}
	for key, u := range p.URLs() {
		d.personal(key, u)
	}
	p.Autodiscover.RedirectAddr = template(p.Autodiscover.RedirectAddr, d.address)
	for at, s := range p.Each() {
		login := template(s.Username, d.address)
		if login != "" && !strings.Contains(login, "%") {
			login = provider.EmailLocalPart
			d.remark("import-value-changed", d.line(at.String()+".username"),
				"%s.username: the same login for everybody, or that of one person; written as %s", at, login)
		}
		s.Username = login
	}
}

// personal takes out a URL that is one person's: an entry has none of those, and
// clients find the person's own from the server's (RFC 6764 §6).
func (d *Document) personal(key string, u *string) {
	parsed, err := url.Parse(*u)
	if err != nil || d.address.Local == "" {
		return
	}
	path := parsed.Path + "?" + parsed.RawQuery
	without := replaceWord(replaceWord(path, d.address.String(), provider.EmailAddress), d.address.Local, provider.EmailLocalPart)
	if path == without {
		return
	}
	instead := ""
	if key == "caldav" || key == "carddav" {
		instead = (&url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: "/.well-known/" + key}).String()
	}
	d.remark("import-value-changed", d.line(key), "%s: one person's path %s; written as %q", key, strings.TrimSuffix(without, "?"), instead)
	*u = instead
}

// template is a login with placeholders in place of the address and its parts.
func template(login string, a provider.Address) string {
	if strings.Contains(login, "%EMAIL") || a.Local == "" {
		return login
	}
	for _, part := range []struct{ text, placeholder string }{
		{a.String(), provider.EmailAddress}, {a.Local, provider.EmailLocalPart}, {a.Domain, provider.EmailDomain},
	} {
		login = replaceWord(login, part.text, part.placeholder)
	}
	return login
}

// replaceWord replaces text where no letter or digit is next to it.
func replaceWord(s, text, with string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, text)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if wordEnds(before, len(before)-1) && wordEnds(after, 0) {
			text = with
		}
		b.WriteString(text)
		if text == with {
			return b.String() + after
		}
		s = after
	}
}

func wordEnds(s string, i int) bool {
	return i < 0 || i >= len(s) || !strings.Contains("abcdefghijklmnopqrstuvwxyz0123456789", strings.ToLower(s[i:i+1]))
}
