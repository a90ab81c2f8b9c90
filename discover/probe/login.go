package probe

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"autoconfig/finding"
	"autoconfig/provider"
)

// Login is what to log in with. A server gets it at most once, since failed logins lock accounts.
type Login struct {
	Address  provider.Address // fills the user name template of a server
	Username string           // instead of the template, when set
	Password string
	Token    string // OAuth2 access token; instead of Password
}

// Foreign reports whether host lies outside the registrable domains of a mail domain and of its mail exchangers.
// Without a public suffix list entry a name is its own registrable domain.
func Foreign(host, domain string, mx []string) bool {
	registrable := func(name string) string { return provider.Registrable(strings.TrimSuffix(strings.ToLower(name), ".")) }
	return !slices.ContainsFunc(slices.Concat([]string{domain}, mx),
		func(name string) bool { return registrable(name) == registrable(host) })
}

// mechanism is one way to log in, ready to be sent.
type mechanism struct {
	name    string
	initial string   // the first answer, base64; "" where the server asks first
	answers []string // to what the server asks, base64
	native  bool     // the protocol's own command
	inline  bool     // the first answer may go with the command
	user    string
	secret  string
}

// choose picks the best method that the server offers for the secret at hand.
func (l *Login) choose(o offer, user string) (mechanism, bool) {
	m := mechanism{user: user, secret: cmp.Or(l.Token, l.Password), inline: o.inline}
	switch {
	case l.Token != "" && o.has("XOAUTH2"):
		m.name, m.initial = "XOAUTH2", encode(xoauth2(user, l.Token))
	case l.Token != "":
		return m, false
	case o.has("PLAIN"):
		m.name, m.initial = "PLAIN", encode("\x00"+user+"\x00"+l.Password) // RFC 4616
	case o.native:
		m.native = true
	case o.has("LOGIN"):
		m.name, m.answers = "LOGIN", []string{encode(user), encode(l.Password)}
	default:
		return m, false
	}
	return m, true
}

// xoauth2 is the first answer of XOAUTH2 (Microsoft, "Authenticate an IMAP, POP or SMTP connection using OAuth").
func xoauth2(user, token string) string {
	return "user=" + user + "\x01auth=Bearer " + token + "\x01\x01"
}

func (s *session) methods() {
	missing := provider.Texts(slices.DeleteFunc(slices.Clone(s.t.Server.Auth), s.offer.supports))
	if len(missing) == 0 {
		return
	}
	f := s.fault("auth-method-unsupported").
		Because("the settings name the login method %s, and the server offers %s", strings.Join(missing, ", "),
			s.offer.methods())
	f.Want, f.Got = missing, s.offer.sasl
	if len(missing) < len(s.t.Server.Auth) {
		f.Level = finding.Warn // a program may go on to the next method
	}
	s.add(f)
}

// login tries the login once, if everything allows it.
func (s *session) login(ctx context.Context) {
	l := s.p.o.Login
	if l == nil {
		return
	}
	m, ok := l.choose(s.offer, cmp.Or(l.Username, provider.Expand(s.t.Server.Username, l.Address)))
	if why := s.withheld(m, ok); why != "" {
		s.add(s.fault("login-withheld").Because("no login was tried: %s", why))
		return
	}
	reply, ok, err := s.d.login(s.c, m)
	switch {
	case err != nil:
		s.add(s.diagnose(ctx, err))
	case ok:
		s.add(s.fault("login-accepted"))
	default:
		s.add(s.explained(m.redact(reply), "auth-failed"))
	}
}

// redact takes out of a reply what a server may have echoed of the secret: as it is, backwards, in hexadecimal, base64
// of three alphabets, percent-encoded or as SASL has it, in any case; but not an invention of its own, nor a part.
func (m mechanism) redact(reply string) string {
	if m.secret == "" {
		return reply
	}
	backwards := []rune(m.secret)
	slices.Reverse(backwards)
	spaced := fmt.Sprintf("% x", m.secret)
	secrets := append(slices.Clone(m.answers), m.secret, m.initial, string(backwards), url.QueryEscape(m.secret),
		url.PathEscape(m.secret), html.EscapeString(m.secret),
		spaced, strings.ReplaceAll(spaced, " ", ""), "%"+strings.ReplaceAll(spaced, " ", "%"))
	for _, text := range []string{m.secret, string(backwards), "\x00" + m.secret, m.user + "\x00" + m.secret,
		m.user + ":" + m.secret} {
		std := base64.RawStdEncoding.EncodeToString([]byte(text))
		secrets = append(secrets, std, base64.RawURLEncoding.EncodeToString([]byte(text)))
		if n := len(std); n > 8 { // inside of a longer text only the end differs
			secrets = append(secrets, std[:n-2])
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		if secret != "" {
			reply = regexp.MustCompile("(?i)"+regexp.QuoteMeta(secret)).ReplaceAllLiteralString(reply, "…")
		}
	}
	return reply
}

// withheld is the reason for not sending the secret, "" when it may go. It is asked last: it counts the attempt.
func (s *session) withheld(m mechanism, usable bool) string {
	switch {
	case strings.ContainsFunc(m.user+m.secret, unicode.IsControl):
		return "the user name or the password holds control characters" // a line end would begin another command
	case !s.secure:
		return "the connection is not encrypted"
	case !s.verified:
		return "the server's encryption or certificate is not in order"
	case !s.t.Trusted:
		return "the settings did not come from the configuration or over verified https"
	case !s.t.Allowed:
		return s.t.Server.Host + " belongs neither to the domain nor to its mail exchangers, and nobody has allowed it"
	case !usable:
		return "the server offers no method for it (" + s.offer.methods() + ")"
	case !s.p.first(Subject(s.t.Server)):
		return "one was tried at this server before"
	}
	return ""
}

func (p *Prober) first(server string) bool {
	_, again := p.tried.LoadOrStore(server, true)
	return !again
}
