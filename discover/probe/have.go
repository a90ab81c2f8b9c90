package probe

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/source"
)

// Typed is a server as a person has typed it into a mail program. What was not
// given is zero.
type Typed struct {
	Host     string
	Port     uint16
	Security provider.Security
	Auth     provider.Auth
}

var errTyped = errors.New("write HOST:PORT/tls, HOST:PORT/starttls or HOST:PORT/plain, " +
	"and /password or /oauth2 behind it if you know, for example smtp-mail.outlook.com:587/starttls")

// ParseTyped reads HOST[:PORT][/MODE][/AUTH]. MODE is tls, starttls or plain,
// AUTH a login method of the configuration. A port without a mode has the one it
// is registered for.
func ParseTyped(s string) (Typed, error) {
	where, modes, _ := strings.Cut(strings.TrimSpace(s), "/")
	t := Typed{}
	for word := range strings.SplitSeq(strings.ToLower(modes), "/") {
		word = cmp.Or(map[string]string{"ssl": "tls", "none": "plain"}[word], word)
		switch {
		case word == "":
		case t.Security == "" && t.Auth == "" && slices.Contains([]provider.Security{provider.TLS, provider.STARTTLS, provider.Plain}, provider.Security(word)):
			t.Security = provider.Security(word)
		case t.Auth == "" && slices.Contains(provider.Auths(), provider.Auth(word)):
			t.Auth = provider.Auth(word)
		default:
			return Typed{}, fmt.Errorf("%q is not a kind of encryption or login; %w", word, errTyped)
		}
	}
	name, portText, hasPort := strings.Cut(where, ":")
	host, err := provider.ParseHost(name)
	if err != nil {
		return Typed{}, fmt.Errorf("%q is not a host name; %w", name, errTyped)
	}
	t.Host = host
	if !hasPort {
		return t, nil
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return Typed{}, fmt.Errorf("%q is not a port; %w", portText, errTyped)
	}
	t.Port = uint16(port)
	if t.Security == "" {
		svc, _ := serviceOf(t.Port)
		t.Security = svc.Security
	}
	if t.Security == "" {
		return Typed{}, fmt.Errorf("port %d has no usual encryption; %w", t.Port, errTyped)
	}
	return t, nil
}

// String is the form that ParseTyped reads.
func (t Typed) String() string {
	out := t.Host
	if t.Port != 0 {
		out = net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port)))
	}
	for _, word := range []string{string(t.Security), string(t.Auth)} {
		if word != "" {
			out += "/" + word
		}
	}
	return out
}

// complete fills in the port and the encryption that a program takes by itself:
// those of the provider's server of that name and kind, else the usual ones.
func (t Typed) complete(servers []provider.Server) Typed {
	if t.Port != 0 {
		return t
	}
	kind := cmp.Or(t.kind(), provider.SMTP)
	for _, s := range servers {
		if s.Host == t.Host && (t.kind() == "" || s.Protocol == kind) && (t.Security == "" || t.Security == s.Security) {
			t.Port, t.Security = s.Port, s.Security
			return t
		}
	}
	for _, svc := range provider.Services() { // implicit TLS first (RFC 8314 §3)
		if svc.Protocol == kind && (t.Security == "" || t.Security == provider.Plain || svc.Security == t.Security) {
			t.Port, t.Security = svc.Port, cmp.Or(t.Security, svc.Security)
			return t
		}
	}
	return t
}

// Have compares what a person has typed in with the settings of the address,
// without a network. p is nil where they are not known. username is "" when it
// was not given.
func Have(p *provider.Provider, a provider.Address, typed []Typed, username string) []finding.Finding {
	var out []finding.Finding
	if meant := source.SuggestDomain(a.Domain); meant != "" {
		out = append(out, finding.New("have-domain-typo", a.Domain).Do("write %s if it was meant", meant))
	}
	var servers []provider.Server
	if p != nil {
		p = p.For(a.Domain)
		servers = p.AllServers()
	} else {
		out = append(out, finding.New("have-provider-unknown", a.Domain))
	}
	builtin := p != nil && provider.Builtin(p.ID) != nil
	var unsaid []string // right servers of which the login was not given
	for _, t := range typed {
		t = t.complete(servers)
		found := t.judge(servers, builtin)
		if len(found) == 0 && p != nil {
			found = t.judgeAuth(p, servers)
			if len(found) == 0 {
				found = append(found, finding.New("have-settings-right", t.String()))
			}
			if t.Auth == "" && !passwordWorks(p, servers, t) {
				unsaid = append(unsaid, t.String())
			}
		}
		out = append(out, found...)
	}
	if len(unsaid) > 0 {
		f := finding.New("have-auth-password", strings.Join(unsaid, ", "))
		f.Level = finding.Warn // perhaps the program signs in already
		out = append(out, f.Because("%s", passwordNote(p)))
	}
	if username != "" {
		out = append(out, judgeUsername(servers, a, username)...)
	}
	return out
}

// server is the provider's server that was typed in, nil if there is none.
func (t Typed) server(servers []provider.Server) *provider.Server {
	for i, s := range servers {
		if s.Host == t.Host && s.Port == t.Port {
			return &servers[i]
		}
	}
	return nil
}

// passwordWorks reports whether the provider takes a password at the server.
func passwordWorks(p *provider.Provider, servers []provider.Server, t Typed) bool {
	s := t.server(servers)
	if s == nil || p.PasswordLogin.Own(s.Protocol) != nil && p.PasswordLogin.For(s.Protocol).Status == provider.PasswordWorks {
		return true
	}
	return p.PasswordLogin.For(s.Protocol).Status != provider.PasswordRetired && (len(s.Auth) == 0 || s.PasswordMethod())
}

// passwordNote says what became of passwords at the provider.
func passwordNote(p *provider.Provider) string {
	note := p.Name + " takes no password here: the program has to open its sign-in page (OAuth2)"
	if since := p.PasswordLogin.Since; since != "" {
		note += "; passwords were switched off on " + since
	}
	return note
}

// judgeAuth compares the way to log in, where it was given.
func (t Typed) judgeAuth(p *provider.Provider, servers []provider.Server) []finding.Finding {
	s := t.server(servers)
	switch {
	case s == nil || t.Auth == "":
		return nil
	case t.Auth != provider.AuthOAuth2 && !passwordWorks(p, servers, t):
		return []finding.Finding{finding.New("have-auth-password", t.String()).Because("%s", passwordNote(p))}
	case t.Auth == provider.AuthPassword && p.PasswordLogin.For(s.Protocol).Status == provider.PasswordApp:
		f := finding.New("have-auth-password", t.String()).Because("%s takes an app password here, not the password of the account", p.Name).
			Do("create an app password on the provider's page and type that")
		f.Level = finding.Warn
		return []finding.Finding{f}
	case len(s.Auth) > 0 && !slices.Contains(s.Auth, t.Auth):
		f := finding.New("have-auth-other", t.String())
		for _, a := range s.Auth {
			f.Want = append(f.Want, string(a))
		}
		return []finding.Finding{f}
	}
	return nil
}

// judge compares one server with those of the provider. A name that is not a
// built-in provider's is an error: all of them are known.
func (t Typed) judge(servers []provider.Server, builtin bool) []finding.Finding {
	right := t.right(servers)
	var out []finding.Finding
	add := func(f finding.Finding) {
		f.Want = right
		out = append(out, f)
	}
	if f, wrong := t.judgeHost(servers, right); wrong {
		if builtin && f.ID == "have-host-other" {
			f.Level = finding.Fail
		}
		add(f)
		if f.ID == "have-host-kind" {
			return out
		}
	}
	svc, registered := serviceOf(t.Port)
	switch {
	case t.Security == provider.Plain:
		add(finding.New("have-mode-plain", t.String()).Do("set the encryption to %s", orElse(right, "SSL/TLS with port 993, 995 or 465, or STARTTLS with port 143, 110 or 587")))
	case t.Port == 25:
		add(finding.New("have-port-relay", t.String()).Do("use %s", orElse(right, "587 with STARTTLS or 465 with SSL/TLS")))
	case registered && svc.Security != t.Security:
		add(t.portAgainstMode(svc.Security, right))
	case len(servers) == 0 && !registered:
		add(finding.New("have-port-unknown", t.String()))
	case len(servers) > 0:
		if f, wrong := t.judgePort(servers, right); wrong {
			add(f)
		}
	}
	return out
}

// portAgainstMode is the finding for implicit TLS on a STARTTLS port and the
// other way round.
func (t Typed) portAgainstMode(fixed provider.Security, right []string) finding.Finding {
	f := finding.New("have-port-mode", t.String())
	if fixed == provider.STARTTLS {
		f = f.Because("port %d begins in clear and switches to TLS by STARTTLS; SSL/TLS from the first byte ends there in \"wrong version number\" or a time-out", t.Port)
	} else {
		f = f.Because("port %d wants TLS from the first byte; STARTTLS ends there in a time-out", t.Port)
	}
	if len(right) > 0 {
		return f.Do("use %s", orElse(right, ""))
	}
	return f.Do("choose %s for port %d, or the other port", word(fixed), t.Port)
}

// word is a security mode as mail programs write it.
func word(s provider.Security) string {
	switch s {
	case provider.TLS:
		return "SSL/TLS"
	case provider.STARTTLS:
		return "STARTTLS"
	}
	return "no encryption"
}

// exchangeHosts are Microsoft's for Exchange ActiveSync, which is an account of
// another kind than IMAP, POP3 and SMTP.
var exchangeHosts = []string{"eas.outlook.com"}

// judgeHost looks at the server's name alone.
func (t Typed) judgeHost(servers []provider.Server, right []string) (finding.Finding, bool) {
	if slices.Contains(exchangeHosts, t.Host) {
		return finding.New("have-host-kind", t.String()).
			Because("%s is Microsoft's server for Exchange (ActiveSync) accounts; IMAP, POP3 and SMTP are not there", t.Host).
			Do("add the account as Exchange or Outlook.com, or use %s", orElse(right, "the provider's mail servers")), true
	}
	if old, retired := provider.RetiredHosts()[t.Host]; retired {
		return finding.New("have-host-retired", t.String()).
			Because("%s is an old name: %s", t.Host, old.Why).Do("use %s", orElse(right, old.Use)), true
	}
	hosts := make([]string, 0, len(servers))
	for _, s := range servers {
		hosts = append(hosts, s.Host)
	}
	if slices.Contains(hosts, t.Host) {
		return finding.Finding{}, false
	}
	meant := cmp.Or(source.Nearest(t.Host, hosts), source.SuggestHost(t.Host))
	switch {
	case meant != "":
		return finding.New("have-host-typo", t.String()).Do("write %s if it was meant", meant), true
	case len(hosts) > 0:
		return finding.New("have-host-other", t.String()), true
	}
	return finding.Finding{}, false
}

// judgePort compares port and security with what the provider has: at the host
// typed in, or at any where that is not the provider's.
func (t Typed) judgePort(servers []provider.Server, right []string) (finding.Finding, bool) {
	kind := protocolOf(t.Port)
	known := slices.ContainsFunc(servers, func(s provider.Server) bool { return s.Host == t.Host })
	for _, s := range servers {
		switch {
		case known && s.Host != t.Host || s.Port != t.Port:
		case s.Security == t.Security:
			return finding.Finding{}, false
		default:
			return finding.New("have-mode-other", t.String()).Do("use %s", s.Host+" "+portAndMode(s)), true
		}
	}
	if known && kind != "" && !slices.ContainsFunc(servers, func(s provider.Server) bool { return s.Host == t.Host && s.Protocol == kind }) {
		return finding.New("have-host-kind", t.String()).Because("%s has no service for %s, which port %d is for", t.Host, kind, t.Port).Do("use %s", orElse(right, "the provider's other name")), true
	}
	return finding.New("have-port-other", t.String()).Do("use %s", orElse(right, "the provider's port")), true
}

// kind is what the server is for, by its port or else by its name; "" when
// neither says.
func (t Typed) kind() provider.Protocol {
	if kind := protocolOf(t.Port); kind != "" {
		return kind
	}
	switch {
	case strings.HasPrefix(t.Host, "imap"):
		return provider.IMAP
	case strings.HasPrefix(t.Host, "pop"):
		return provider.POP3
	case strings.HasPrefix(t.Host, "smtp"):
		return provider.SMTP
	}
	return ""
}

// right are the provider's servers of the kind that was meant; all of them when
// that is not known.
func (t Typed) right(servers []provider.Server) []string {
	kind := t.kind()
	var out []string
	for _, s := range servers {
		if kind == "" || s.Protocol == kind {
			out = append(out, s.Host+" "+portAndMode(s))
		}
	}
	return out
}

func portAndMode(s provider.Server) string {
	return fmt.Sprintf("port %d %s", s.Port, word(s.Security))
}

func orElse(list []string, otherwise string) string {
	if len(list) == 0 {
		return otherwise
	}
	return strings.Join(list, " or ")
}

// serviceOf is the service that a port is registered for.
func serviceOf(port uint16) (provider.Service, bool) {
	for _, svc := range provider.Services() {
		if svc.Port == port {
			return svc, true
		}
	}
	return provider.Service{}, false
}

// protocolOf is the protocol of a port, "" for others than mail's.
func protocolOf(port uint16) provider.Protocol {
	if port == 25 {
		return provider.SMTP
	}
	svc, _ := serviceOf(port)
	return svc.Protocol
}

// judgeUsername compares a user name with the form that the servers want.
func judgeUsername(servers []provider.Server, a provider.Address, username string) []finding.Finding {
	template := provider.EmailAddress // what most providers want
	if len(servers) > 0 {
		template = servers[0].Username
	}
	want := provider.Expand(template, a)
	if a.Local == "" || strings.EqualFold(username, want) {
		return nil
	}
	f := finding.New("have-username-other", "user name")
	if strings.Contains(want, "@") && !strings.Contains(username, "@") {
		f = finding.New("have-username-short", "user name")
		if len(servers) == 0 {
			f.Level = finding.Warn // some providers want the local part alone
		}
	}
	f.Want = []string{want}
	return []finding.Finding{f}
}
