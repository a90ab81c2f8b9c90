package importer

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"autoconfig/finding"
	"autoconfig/provider"
)

// remark notes what happened to the text at a line, or anywhere if that is 0.
func (d *Document) remark(id string, line int, format string, args ...any) {
	subject := d.Name
	if line > 0 {
		subject = fmt.Sprintf("%s:%d", d.Name, line)
	}
	f := finding.New(id, provider.Printable(subject, 300)).Because(format, args...)
	f.Cause = provider.Printable(f.Cause, mostText)
	if d.address.Local != "" {
		f.Cause = strings.ReplaceAll(f.Cause, d.address.String(), provider.EmailAddress)
	}
	d.Remarks = append(d.Remarks, f)
}

// mostText is how much of a document a remark shows, in octets.
const mostText = 1200

func (d *Document) notCarried(line int, text string) {
	d.remark("import-value-left", line, "not carried over: %s", text)
}

func (d *Document) changed(path, problem, done string) {
	d.remark("import-value-changed", d.line(path), "%s: %s; %s", path, problem, done)
}

// line is the line of the value at a path, or of the nearest enclosing one.
func (d *Document) line(path string) int {
	for path != "" && d.lines[path] == 0 {
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return d.lines[path]
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

// guess gives servers what was probably meant, as clients ignore others: the port's own security, and a password.
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

func (d *Document) domains() {
	var good, theirs []string
	for i, name := range d.Provider.Domains {
		if d.address.Domain != "" {
			name = strings.ReplaceAll(name, provider.EmailDomain, d.address.Domain)
		}
		norm, err := provider.ParseDomain(name)
		if err != nil {
			d.notCarried(d.line(fmt.Sprintf("domains[%d]", i)), fmt.Sprintf("%q is not a domain name", name))
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
		d.remark("import-domain-builtin", 0,
			"domains of the built-in provider %s, whose settings this entry replaces: %d, such as %s",
			provider.VendorOwned(theirs[0]), len(theirs), theirs[0])
	}
}

// repair removes what the configuration refuses, and keeps its text as a remark.
func (d *Document) repair() {
	before, _ := yaml.Marshal(d.Provider) // no text of the value without it
	for _, f := range d.Provider.Repair() {
		root := f.Path
		if key, _, _ := strings.Cut(f.Path, "."); key != "enable" || strings.HasPrefix(f.Fix, "left out") {
			root = key
		}
		d.changed(f.Path, f.Problem, f.Fix+": "+valueAt(before, root))
	}
}

// valueAt is the value at a path of a YAML text, on one line.
func valueAt(text []byte, path string) string {
	var value any
	at, err := yaml.PathString("$." + path)
	if err == nil {
		err = at.Read(bytes.NewReader(text), &value)
	}
	if err != nil {
		return ""
	}
	out, _ := yaml.MarshalWithOptions(value, yaml.Flow(true)) // it was just read
	return strings.TrimSpace(string(out))
}

// sampleAddress is the address that the document is for, or one like it.
func (d *Document) sampleAddress() provider.Address {
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
	server := func(proto provider.Protocol) []provider.Server {
		s := provider.Server{Protocol: proto, Host: a.Domain}
		s.SetDefaults()
		return []provider.Server{s}
	}
	if len(q.Incoming) == 0 {
		q.Incoming = server(provider.IMAP)
	}
	if len(q.Outgoing) == 0 {
		q.Outgoing = server(provider.SMTP)
	}
	return &q
}

// compare remarks on the values of a document that are not in what the provider is written as in the same format.
func (d *Document) compare(data []byte, leaves func([]byte) []leaf,
	encode func(*provider.Provider, provider.Address) ([]byte, error)) {
	full := d.sampleAddress()
	p := complete(d.Provider, full)
	var again []leaf
	write := func(p *provider.Provider, a provider.Address) {
		text, _ := encode(p, a) // none with an error, so all is lost
		again = append(again, leaves(text)...)
	}
	write(p, full)
	write(p, provider.Address{Domain: full.Domain})
	for i := range max(len(p.Incoming), len(p.Outgoing)) { // a document shows one of each kind
		q := *p
		q.Incoming, q.Outgoing = p.Incoming[min(i, len(p.Incoming)-1):], p.Outgoing[min(i, len(p.Outgoing)-1):]
		write(&q, full)
	}
	d.lost(leaves(data), again)
}

// lost remarks on leaves that are not encoded again, but for names, logins and identifiers of a person or a profile.
func (d *Document) lost(orig, again []leaf) {
	there := map[string]bool{}
	for _, l := range again {
		there[strings.ToLower(l.path+" "+l.value)] = true
	}
	for _, l := range orig {
		key := l.path[strings.LastIndexAny(l.path, "/.")+1:]
		if there[strings.ToLower(l.path+" "+l.value)] || slices.Contains(ofPerson, key) || l.path == "domain" ||
			strings.HasPrefix(l.path, "User/") {
			continue
		}
		if slices.Contains(secret, key) {
			l.value = "(a secret)"
		}
		d.notCarried(l.line, l.path+": "+l.value)
	}
}

// ofPerson are the keys of a person or of one profile, secret those of passwords.
var (
	ofPerson = strings.Fields(`LoginName username EmailAccountName EmailAccountDescription EmailAddress UserName Culture
		IncomingMailServerUsername OutgoingMailServerUsername CalDAVUsername CardDAVUsername
		CalDAVAccountDescription CardDAVAccountDescription PayloadDescription PayloadDisplayName
		PayloadIdentifier PayloadOrganization PayloadUUID PayloadVersion PayloadScope`)
	secret = strings.Fields("IncomingPassword OutgoingPassword Password CalDAVPassword CardDAVPassword")
)

// logins replaces one person's address by placeholders.
func (d *Document) logins() {
	p := d.Provider
	for _, s := range p.Each() {
		d.guessAddress(s.Username)
	}
	for key, u := range p.URLs() {
		d.personal(key, u)
	}
	p.Autodiscover.RedirectAddr = template(p.Autodiscover.RedirectAddr, d.address)
	for at, s := range p.Each() {
		login := template(s.Username, d.address)
		if login != "" && !strings.Contains(login, "%") {
			login = d.everybodys(login)
			d.changed(at.String()+".username", "the same login for everybody, or that of one person", "written as "+login)
		}
		s.Username = login
	}
}

// everybodys is the login of which that of one person is probably an example.
func (d *Document) everybodys(login string) string {
	a, err := provider.ParseAddress(login)
	switch {
	case err != nil:
		return provider.EmailLocalPart
	case d.address.Domain == "" && len(d.Provider.Domains) == 0: // nothing speaks against its being the domain
		return provider.EmailAddress
	}
	return provider.EmailLocalPart + "@" + a.Domain
}

// guessAddress takes the address that a document does not give from a login that ends with its domain.
func (d *Document) guessAddress(login string) {
	for _, name := range append([]string{d.address.Domain}, d.Provider.Domains...) {
		domain, err := provider.ParseDomain(name)
		if err != nil || d.address.Local != "" || strings.Contains(login, "%EMAIL") {
			continue
		}
		ending := regexp.MustCompile(`(?i)^(.+)[^a-z0-9]` + regexp.QuoteMeta(domain) + `$`).FindStringSubmatch(login)
		if ending == nil {
			continue
		}
		if a, err := provider.ParseAddress(ending[1] + "@" + name); err == nil {
			d.address = a
		}
	}
}

// personal replaces the URL of one person by the server's, from which clients find it (RFC 6764 §6).
func (d *Document) personal(key string, u *string) {
	parsed, err := url.Parse(*u)
	if err != nil || d.address.Local == "" {
		return
	}
	path := parsed.Path + "?" + parsed.RawQuery
	without := replaceWord(path, d.address.String(), provider.EmailAddress)
	without = replaceWord(without, d.address.Local, provider.EmailLocalPart)
	if path == without {
		return
	}
	instead := ""
	if key == "caldav" || key == "carddav" {
		instead = (&url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: "/.well-known/" + key}).String()
	}
	d.changed(key, "one person's path "+strings.TrimSuffix(without, "?"), fmt.Sprintf("written as %q", instead))
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

// replaceWord replaces the first text that has no letter or digit next to it.
func replaceWord(s, text, with string) string {
	word, err := regexp.Compile(`(?:^|[^A-Za-z0-9])(` + regexp.QuoteMeta(text) + `)(?:$|[^A-Za-z0-9])`)
	if err != nil {
		return s // text is not UTF-8
	}
	if at := word.FindStringSubmatchIndex(s); at != nil {
		return s[:at[2]] + with + s[at[3]:]
	}
	return s
}
