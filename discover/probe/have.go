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

// Typed is a server as a person has typed it into a mail program. What was not given is zero.
type Typed struct {
	Host     string
	Port     uint16
	Security provider.Security
	Auth     provider.Auth
}

var errTyped = errors.New("write HOST:PORT/tls, HOST:PORT/starttls or HOST:PORT/plain, " +
	"and /password or /oauth2 behind it if you know, for example smtp-mail.outlook.com:587/starttls")

// ParseTyped reads HOST[:PORT][/MODE][/AUTH], or a URL as in the configuration, such as imaps://HOST. MODE is tls,
// starttls or plain, by default the port's own; AUTH is a login method of the configuration.
func ParseTyped(s string) (Typed, error) {
	s = strings.TrimSpace(s)
	var named provider.Service
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		if named, ok = provider.ServiceByName(strings.ToLower(scheme)); !ok {
			return Typed{}, fmt.Errorf("%q is not a mail service; %w", scheme, errTyped)
		}
		s = rest
	}
	where, options, _ := strings.Cut(s, "/")
	t := Typed{}
	for word := range strings.SplitSeq(strings.ToLower(options), "/") {
		word = cmp.Or(map[string]string{"ssl": "tls", "none": "plain"}[word], word)
		switch {
		case word == "":
		case t.Security == "" && t.Auth == "" && modes[provider.Security(word)] != "":
			t.Security = provider.Security(word)
		case t.Auth == "" && slices.Contains(provider.Auths(), provider.Auth(word)):
			t.Auth = provider.Auth(word)
		default:
			return Typed{}, fmt.Errorf("%q is not a kind of encryption or login; %w", word, errTyped)
		}
	}
	name, portText, hasPort := strings.Cut(where, ":")
	host, err := provider.ParseHost(name)
	t.Host, t.Port = host, provider.Port(portText)
	if !hasPort {
		t.Port = named.Port
	}
	svc, _ := provider.ServiceByPort(t.Port)
	if t.Port == 443 { // https, as ActiveSync has it
		svc.Security = provider.TLS
	}
	t.Security = cmp.Or(t.Security, named.Security, svc.Security)
	switch {
	case err != nil:
		return Typed{}, fmt.Errorf("%q is not a host name; %w", name, errTyped)
	case hasPort && t.Port == 0:
		return Typed{}, fmt.Errorf("%q is not a port; %w", portText, errTyped)
	case hasPort && t.Security == "":
		return Typed{}, fmt.Errorf("port %d has no usual encryption; %w", t.Port, errTyped)
	}
	return t, nil
}

// String is the form that ParseTyped reads.
func (t Typed) String() string {
	at := t.Host
	if t.Port != 0 {
		at = net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port)))
	}
	return strings.TrimRight(strings.Replace(at+"/"+string(t.Security)+"/"+string(t.Auth), "//", "/", 1), "/")
}

// complete fills in port and encryption as a program does: those of the provider's server of that name, else the usual.
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

// Have compares what was typed in with the settings of the address: p, nil where unknown. username may be empty.
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
	var unsaid []string // right servers of which the login was not given
	for _, t := range typed {
		c := comparison{Typed: t.complete(servers), p: p, servers: servers}
		c.right = c.meant()
		c.use = strings.Join(c.right, " or ")
		c.run()
		if p != nil && len(c.found) == 0 {
			c.login()
			if t.Auth == "" && !c.passwordWorks() {
				unsaid = append(unsaid, c.String())
			}
			if len(c.found) == 0 {
				c.found = []finding.Finding{finding.New("have-settings-right", c.String())}
			}
		}
		out = append(out, c.found...)
	}
	if len(unsaid) > 0 {
		f := finding.New("have-auth-password", strings.Join(unsaid, ", "))
		f.Level = finding.Warn // perhaps the program signs in already
		out = append(out, f.Because("%s", passwordNote(p)))
	}
	if username != "" {
		out = append(out, compareUsername(servers, a, username)...)
	}
	return out
}

// comparison is one server that was typed in, next to those of the provider.
type comparison struct {
	Typed
	p       *provider.Provider // nil: not known
	servers []provider.Server
	right   []string // the servers of the kind that was meant, as they are typed in
	use     string   // these in one line
	found   []finding.Finding
}

// add notes a fault next to what would be right.
func (c *comparison) add(f finding.Finding) {
	f.Want = c.right
	c.found = append(c.found, f)
}

func (c *comparison) fault(id string) finding.Finding { return finding.New(id, c.String()) }

func (c *comparison) run() {
	if c.Host == "eas.outlook.com" {
		c.add(c.fault("have-host-kind").
			Because("%s is Microsoft's server for Exchange (ActiveSync) accounts; IMAP, POP3 and SMTP are not there", c.Host).
			Do("add the account as Exchange or Outlook.com, or use %s", cmp.Or(c.use, "the provider's mail servers")))
		return
	}
	c.name()
	svc, registered := provider.ServiceByPort(c.Port)
	switch {
	case c.Security == provider.Plain:
		c.add(c.fault("have-mode-plain").Do("set the encryption to %s",
			cmp.Or(c.use, "SSL/TLS with port 993, 995 or 465, or STARTTLS with port 143, 110 or 587")))
	case c.Port == 25:
		c.add(c.fault("have-port-relay").Do("use %s", cmp.Or(c.use, "587 with STARTTLS or 465 with SSL/TLS")))
	case registered && svc.Security != c.Security:
		f := c.fault("have-port-mode").Because("port %d wants TLS from the first byte; STARTTLS ends there in a time-out",
			c.Port)
		if svc.Security == provider.STARTTLS {
			f = f.Because("port %d begins in clear text and switches to TLS by STARTTLS; SSL/TLS from the first byte ends "+
				"there in \"wrong version number\" or a time-out", c.Port)
		}
		if c.use != "" {
			c.add(f.Do("use %s", c.use))
			return
		}
		c.add(f.Do("choose %s for port %d, or the other port", modes[svc.Security], c.Port))
	case len(c.servers) == 0 && !registered:
		c.add(c.fault("have-port-unknown"))
	case len(c.servers) > 0:
		c.port()
	}
}

// name compares the server's name. One that is not a built-in provider's is an error: all of them are known.
func (c *comparison) name() {
	hosts := provider.Map(c.servers, func(s provider.Server) string { return s.Host })
	old, retired := provider.Retired(c.Host)
	typo := cmp.Or(source.Nearest(c.Host, hosts), source.SuggestHost(c.Host))
	switch {
	case retired:
		c.add(c.fault("have-host-retired").Because("%s is an old name: %s", c.Host, old.Why).
			Do("use %s", cmp.Or(c.use, old.Use)))
	case slices.Contains(hosts, c.Host):
	case typo != "":
		c.add(c.fault("have-host-typo").Do("write %s if it was meant", typo))
	case len(hosts) > 0:
		f := c.fault("have-host-other")
		if provider.Builtin(c.p.ID) != nil {
			f.Level = finding.Fail
		}
		c.add(f)
	}
}

// port compares port and encryption with the provider's: at the host typed in, or at any where that is not its host.
func (c *comparison) port() {
	kind, there := protocolOf(c.Port), c.servers
	if own := slices.DeleteFunc(slices.Clone(c.servers),
		func(s provider.Server) bool { return s.Host != c.Host }); len(own) > 0 {
		there = own
	}
	ofKind := func(s provider.Server) bool { return s.Protocol == kind }
	i := slices.IndexFunc(there, func(s provider.Server) bool { return s.Port == c.Port })
	switch {
	case i >= 0 && there[i].Security == c.Security:
	case i >= 0:
		c.add(c.fault("have-mode-other").Do("use %s", portAndMode(there[i])))
	case there[0].Host == c.Host && kind != "" && !slices.ContainsFunc(there, ofKind):
		c.add(c.fault("have-host-kind").Because("%s has no service for %s, which port %d is for", c.Host, kind, c.Port).
			Do("use %s", cmp.Or(c.use, "the provider's other name")))
	default:
		c.add(c.fault("have-port-other").Do("use %s", cmp.Or(c.use, "the provider's port")))
	}
}

// server is the provider's server that was typed in, nil if there is none.
func (c *comparison) server() *provider.Server {
	for i, s := range c.servers {
		if s.Host == c.Host && s.Port == c.Port {
			return &c.servers[i]
		}
	}
	return nil
}

func (c *comparison) passwordWorks() bool {
	s := c.server()
	if s == nil || c.p.PasswordLogin.Own(s.Protocol) != nil &&
		c.p.PasswordLogin.For(s.Protocol).Status == provider.PasswordWorks {
		return true
	}
	return c.p.PasswordLogin.For(s.Protocol).Status != provider.PasswordRetired && (len(s.Auth) == 0 || s.PasswordMethod())
}

func passwordNote(p *provider.Provider) string {
	note := p.Name + " takes no password here: the program has to open its sign-in page (OAuth2)"
	if since := p.PasswordLogin.Since; since != "" {
		note += "; passwords were switched off on " + since
	}
	return note
}

func (c *comparison) login() {
	s := c.server()
	switch {
	case s == nil || c.Auth == "":
	case c.Auth != provider.AuthOAuth2 && !c.passwordWorks():
		c.found = append(c.found, c.fault("have-auth-password").Because("%s", passwordNote(c.p)))
	case c.Auth == provider.AuthPassword && c.p.PasswordLogin.For(s.Protocol).Status == provider.PasswordApp:
		f := c.fault("have-auth-password").Because("%s takes an app password here, not the password of the account",
			c.p.Name).
			Do("create an app password on the provider's page and type that")
		f.Level = finding.Warn
		c.found = append(c.found, f)
	case len(s.Auth) > 0 && !slices.Contains(s.Auth, c.Auth):
		f := c.fault("have-auth-other")
		f.Want = provider.Texts(s.Auth)
		c.found = append(c.found, f)
	}
}

// kind is what the server is for, by its port or else by its name; "" when neither says.
func (t Typed) kind() provider.Protocol {
	if kind := protocolOf(t.Port); kind != "" {
		return kind
	}
	for _, protocol := range []provider.Protocol{provider.IMAP, provider.POP3, provider.SMTP} {
		if strings.HasPrefix(t.Host, strings.TrimRight(string(protocol), "3")) { // pop too
			return protocol
		}
	}
	return ""
}

// meant are the provider's servers of the kind that was meant; all of them when that is not known.
func (c *comparison) meant() []string {
	kind := c.kind()
	others := func(s provider.Server) bool { return kind != "" && s.Protocol != kind }
	return provider.Map(slices.DeleteFunc(slices.Clone(c.servers), others), portAndMode)
}

// modes are the kinds of encryption as mail programs write them.
var modes = map[provider.Security]string{provider.TLS: "SSL/TLS", provider.STARTTLS: "STARTTLS",
	provider.Plain: "no encryption"}

// portAndMode is a server as it is typed into a mail program.
func portAndMode(s provider.Server) string {
	return fmt.Sprintf("%s port %d %s", s.Host, s.Port, modes[s.Security])
}

func protocolOf(port uint16) provider.Protocol {
	svc, _ := provider.ServiceByPort(port)
	return cmp.Or(svc.Protocol, map[uint16]provider.Protocol{25: provider.SMTP}[port])
}

func compareUsername(servers []provider.Server, a provider.Address, username string) []finding.Finding {
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
