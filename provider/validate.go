package provider

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Fault is something wrong with a provider: where (a path such as incoming[0].port), what, and what to write instead. A
// Warning does not keep the provider from being served.
type Fault struct {
	ID      string // of the finding it is reported as
	Path    string
	Problem string
	Fix     string
	Warning bool
}

// Normalize puts host names into the form in which documents and records have them: lower case, A-labels, no trailing
// dot. What is not a host name stays as it is, for [Provider.Validate] to report.
func (p *Provider) Normalize() {
	for i, mx := range p.MX {
		p.MX[i] = normalHost(mx)
	}
	for _, s := range p.Each() {
		s.Host = normalHost(s.Host)
	}
}

// standIn replaces the placeholder while a template is checked.
const standIn = "placeholder.example"

func normalHost(host string) string {
	norm, err := ParseDomain(strings.ReplaceAll(host, EmailDomain, standIn))
	if err != nil {
		return host
	}
	return strings.ReplaceAll(norm, standIn, EmailDomain)
}

// Validate reports every fault of a provider after [Provider.Normalize].
func (p *Provider) Validate() []Fault {
	v := &validator{}
	v.text("name", p.Name, MaxName)
	v.text("short_name", p.ShortName, MaxShortName)
	v.servers("incoming", p.Incoming, IMAP, POP3)
	v.servers("outgoing", p.Outgoing, SMTP)
	if p.ManageSieve != nil {
		v.server("managesieve", *p.ManageSieve, ManageSieve)
	}
	v.vendor(p)
	for key, u := range p.URLs() { // those that [Provider.For] expands
		form := URLPlain
		if key == "webmail" {
			form = URLWithFragment
		}
		v.expandedURL(key, *u, strings.ReplaceAll(*u, EmailDomain, standIn), form)
	}
	v.oauth2(p)
	v.autodiscover(p.Autodiscover)
	v.passwordLogin(p.PasswordLogin)
	for i, n := range p.Notes {
		v.lang(fmt.Sprintf("notes[%d].lang", i), n.Lang)
		if n.For != "" {
			oneOf(v, "config-value-invalid", fmt.Sprintf("notes[%d].for", i), n.For, "a place",
				NoteReceiving, NoteSending, NoteSettings, NotePrograms, NoteAdmin)
		}
	}
	if p.Enable != nil {
		v.httpsURL("enable.url", p.Enable.URL, URLWithFragment)
		for i, n := range p.Enable.Instructions {
			v.lang(fmt.Sprintf("enable.instructions[%d].lang", i), n.Lang)
		}
	}
	for i, d := range p.Documentation {
		v.httpsURL(fmt.Sprintf("documentation[%d].url", i), d.URL, URLWithFragment)
		if d.Lang != "" {
			v.lang(fmt.Sprintf("documentation[%d].lang", i), d.Lang)
		}
	}
	for i, mx := range p.MX {
		if _, err := ParseDomain(mx); err != nil {
			v.fault("config-domain-invalid", fmt.Sprintf("mx[%d]", i), fmt.Sprintf("%q is not a host name", mx)+ForbiddenIn(mx),
				"write the mail exchanger's name, for example mx.example.org")
		}
	}
	if p.PACC == PACCOn {
		if err := p.PACCReason(); err != nil {
			v.fault("config-pacc-impossible", "pacc", err.Error(),
				"offer implicit TLS on 993 or 995 and on 465, or write pacc: auto")
		}
	}
	return v.faults
}

// PACCReason says why PACC cannot state this provider: its text servers have implicit TLS on the registered port and no
// port field (draft-ietf-mailmaint-pacc). It is nil when it can.
func (p *Provider) PACCReason() error {
	if _, ok := Implicit(p.Incoming, IMAP, POP3); !ok {
		return fmt.Errorf("PACC cannot state an incoming server: none has implicit TLS on 993 (IMAP) or 995 (POP3)")
	}
	if _, ok := Implicit(p.Outgoing, SMTP); !ok {
		got := "none"
		if len(p.Outgoing) > 0 {
			s := p.Outgoing[0]
			got = fmt.Sprintf("%s is on %d with %s", s.Host, s.Port, s.Security)
		}
		return fmt.Errorf("PACC cannot state an outgoing server: it needs implicit TLS on 465, %s", got)
	}
	return nil
}

// Implicit returns the best server of one of the protocols with implicit TLS on its registered port.
func Implicit(servers []Server, protos ...Protocol) (Server, bool) {
	for _, s := range servers {
		if slices.Contains(protos, s.Protocol) && s.ImplicitTLS() {
			return s, true
		}
	}
	return Server{}, false
}

type validator struct{ faults []Fault }

func (v *validator) fault(id, path, problem, fix string) {
	v.faults = append(v.faults, Fault{ID: id, Path: path, Problem: problem, Fix: fix})
}

func (v *validator) warn(id, path, problem, fix string) {
	v.faults = append(v.faults, Fault{ID: id, Path: path, Problem: problem, Fix: fix, Warning: true})
}

// oneOf reports a word that is not one of the known ones.
func oneOf[T ~string](v *validator, id, path string, word T, what string, known ...T) bool {
	ok := slices.Contains(known, word)
	if !ok {
		v.fault(id, path, fmt.Sprintf("%q is not %s", word, what), "write "+OrList(known))
	}
	return ok
}

func (v *validator) servers(path string, servers []Server, protos ...Protocol) {
	if len(servers) == 0 {
		example := map[string]string{"incoming": "imaps://mail.example.org", "outgoing": "submissions://mail.example.org"}
		v.fault("config-servers-missing", path, "no "+path+" server", "write "+path+": ["+example[path]+"]")
	}
	for i, s := range servers {
		v.server(fmt.Sprintf("%s[%d]", path, i), s, protos...)
	}
}

func (v *validator) server(path string, s Server, protos ...Protocol) {
	if !slices.Contains(protos, s.Protocol) {
		v.protocol(path, s.Protocol, protos)
		return
	}
	v.host(path+".host", s.Host)
	v.port(path, s)
	if s.LeaveOnServer != nil && s.Protocol != POP3 {
		v.fault("config-value-invalid", path+".leave_on_server",
			"the key says what becomes of mail that POP3 has fetched, and this is not a POP3 server",
			"remove it, or write it at the POP3 server")
	}
	if len(s.Auth) == 0 {
		v.fault("config-auth-missing", path+".auth", "no way to log in", "write auth: [password]")
	}
	for i, a := range s.Auth {
		if !slices.Contains(Auths(), a) {
			v.fault("config-auth-unknown", fmt.Sprintf("%s.auth[%d]", path, i), fmt.Sprintf("%q is not a way to log in", a),
				"write one of "+OrList(Auths()))
		}
	}
	v.username(path+".username", s.Username)
}

func (v *validator) username(path, t string) {
	rest := strings.NewReplacer(EmailAddress, "", EmailLocalPart, "", EmailDomain, "").Replace(t)
	if strings.Contains(rest, "%") {
		v.fault("config-username-invalid", path, fmt.Sprintf("%q has an unknown placeholder", t),
			"write "+EmailAddress+", "+EmailLocalPart+" or "+EmailDomain)
		return
	}
	if rest == t { // Thunderbird turns 00123 into 123 and true into a boolean; a literal is one login for everybody
		v.warn("config-username-literal", path, fmt.Sprintf("%q is the same login for everybody", t), "write "+EmailAddress)
	}
	if strings.ContainsFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		v.fault("config-username-invalid", path, "a user name with white space", "write "+EmailAddress)
	}
}

func (v *validator) oauth2(p *Provider) {
	o := p.OAuth2
	if o == nil {
		for at, s := range p.Each() {
			if at.Key != "managesieve" && len(s.Auth) == 1 && s.Auth[0] == AuthOAuth2 {
				v.warn("config-oauth2-only", at.String()+".auth",
					"oauth2 is the only way to log in, and there is no oauth2: block; "+
						"Thunderbird skips the server unless it knows the host",
					"add oauth2: {issuer, authorize_url, token_url, scopes}, and password after oauth2 if it works")
			}
		}
		return
	}
	v.httpsURL("oauth2.issuer", o.Issuer, URLIssuer)
	v.httpsURL("oauth2.authorize_url", o.AuthorizeURL, URLPlain)
	v.httpsURL("oauth2.token_url", o.TokenURL, URLPlain)
	v.httpsURL("oauth2.addon", o.Addon, URLPlain)
	if o.Issuer == "" {
		v.fault("config-oauth2-incomplete", "oauth2.issuer", "no issuer", "write issuer: https://id.example.org/")
	}
	if (o.AuthorizeURL == "") != (o.TokenURL == "") {
		v.fault("config-oauth2-incomplete", "oauth2", "authorize_url and token_url go together", "write both, or neither")
	}
}

func (v *validator) autodiscover(a Autodiscover) {
	switch a.Action {
	case "", ActionSettings:
	case ActionRedirectURL:
		if a.RedirectURL == "" {
			v.fault("config-autodiscover-redirect", "autodiscover", "this provider has no Autodiscover service to redirect to",
				"write autodiscover: {redirect_url: https://…}")
		}
		v.httpsURL("autodiscover.redirect_url", a.RedirectURL, URLPlain)
	case ActionRedirectAddr:
		example := Address{Local: "user", Domain: "example.org"}
		if _, err := ParseAddress(Expand(a.RedirectAddr, example)); err != nil {
			v.fault("config-autodiscover-redirect", "autodiscover.redirect_addr",
				fmt.Sprintf("%q is not a mail address", a.RedirectAddr),
				"write redirect_addr: \"%EMAILLOCALPART%@other.example\"")
		}
	default:
		v.fault("config-autodiscover-unknown", "autodiscover", fmt.Sprintf("%q is not an answer", a.Action),
			"write settings, redirect, {redirect_url: https://…} or {redirect_addr: user@other.example}")
	}
}

func (v *validator) passwordLogin(l PasswordLogin) {
	v.passwordState("password_login", l.PasswordState)
	for _, proto := range []Protocol{IMAP, POP3, SMTP} {
		if own := l.Own(proto); own != nil {
			v.passwordState("password_login."+string(proto), *own)
		}
	}
}

func (v *validator) passwordState(path string, l PasswordState) {
	if l.Status != "" {
		oneOf(v, "config-password-login", path+".status", l.Status, "a status", PasswordWorks, PasswordApp, PasswordRetired)
	}
	if _, err := time.Parse(time.DateOnly, l.Since); l.Since != "" && err != nil {
		v.fault("config-password-login", path+".since", fmt.Sprintf("%q is not a date", l.Since),
			"write for example 2024-09-16")
	}
}

func (v *validator) text(path, s string, most int) {
	if n := utf8.RuneCountInString(s); n > most {
		v.fault("config-name-long", path, fmt.Sprintf("%d characters, at most %d can be shown", n, most),
			fmt.Sprintf("shorten it to %d", most))
	}
	if strings.ContainsFunc(s, Unprintable) || !utf8.ValidString(s) {
		v.fault("config-name-invalid", path, "a control or text-direction character", "write plain text")
	}
	if strings.Contains(s, "%") {
		v.fault("config-name-invalid", path, "a placeholder in a name: most clients show it as it is",
			"write the name itself")
	}
}

// Unprintable reports characters that have no place in a name that is shown: controls, line and paragraph separators,
// bidirectional controls, and the noncharacters XML 1.0 forbids.
func Unprintable(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) ||
		r == '\ufffe' || r == '\uffff' || r == utf8.RuneError
}

func (v *validator) lang(path, lang string) {
	foreign := func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' }
	if len(lang) < 2 || strings.ContainsFunc(lang, foreign) {
		v.fault("config-lang-invalid", path, fmt.Sprintf("%q is not a language", lang),
			"write a two-letter code, for example en")
	}
}

// OrList is "a, b or c".
func OrList[T ~string](list []T) string {
	last := len(list) - 1
	if last < 1 {
		return strings.Join(Texts(list), "")
	}
	return strings.Join(Texts(list[:last]), ", ") + " or " + string(list[last])
}

// Texts are the words of a list as strings.
func Texts[T ~string](list []T) []string {
	return Map(list, func(s T) string { return string(s) })
}

// Map are the results of f for the values of a list, nil for an empty one.
func Map[T, R any](list []T, f func(T) R) (out []R) {
	for _, v := range list {
		out = append(out, f(v))
	}
	return out
}
