package probe

import (
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

// Typed is a server as a person has typed it into a mail program.
type Typed struct {
	Host     string
	Port     uint16
	Security provider.Security
}

var errTyped = errors.New("write HOST:PORT/tls, HOST:PORT/starttls or HOST:PORT/plain, for example smtp-mail.outlook.com:587/starttls")

// ParseTyped reads HOST:PORT/MODE, where MODE is tls, starttls or plain.
func ParseTyped(s string) (Typed, error) {
	where, mode, _ := strings.Cut(s, "/")
	name, portText, err := net.SplitHostPort(where)
	if err != nil {
		return Typed{}, errTyped
	}
	host, err := provider.ParseHost(name)
	if err != nil {
		return Typed{}, fmt.Errorf("%q is not a host name; %w", name, errTyped)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return Typed{}, fmt.Errorf("%q is not a port; %w", portText, errTyped)
	}
	t := Typed{host, uint16(port), provider.Security(strings.ToLower(mode))}
	if !slices.Contains([]provider.Security{provider.TLS, provider.STARTTLS, provider.Plain}, t.Security) {
		return Typed{}, errTyped
	}
	return t, nil
}

// String is the form that ParseTyped reads.
func (t Typed) String() string {
	return fmt.Sprintf("%s/%s", net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port))), t.Security)
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
		servers = slices.Concat(p.Incoming, p.Outgoing)
		if p.ManageSieve != nil {
			servers = append(servers, *p.ManageSieve)
		}
	} else {
		out = append(out, finding.New("have-provider-unknown", a.Domain))
	}
	for _, t := range typed {
		found := t.judge(servers)
		if len(found) == 0 && p != nil {
			found = append(found, finding.New("have-settings-right", t.String()))
		}
		out = append(out, found...)
	}
	if username != "" {
		out = append(out, judgeUsername(servers, a, username)...)
	}
	return out
}

// judge compares one server with those of the provider.
func (t Typed) judge(servers []provider.Server) []finding.Finding {
	right := t.right(servers)
	var out []finding.Finding
	add := func(f finding.Finding) {
		f.Want = right
		out = append(out, f)
	}
	if f, wrong := t.judgeHost(servers, right); wrong {
		add(f)
	}
	fixed, registered := securityOf(t.Port)
	switch {
	case t.Security == provider.Plain:
		add(finding.New("have-mode-plain", t.String()).Do("set the encryption to %s", orElse(right, "SSL/TLS with port 993, 995 or 465, or STARTTLS with port 143, 110 or 587")))
	case t.Port == 25:
		add(finding.New("have-port-relay", t.String()).Do("use %s", orElse(right, "587 with STARTTLS or 465 with SSL/TLS")))
	case registered && fixed != t.Security:
		add(t.portAgainstMode(fixed, right))
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

// judgeHost looks at the server's name alone.
func (t Typed) judgeHost(servers []provider.Server, right []string) (finding.Finding, bool) {
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
	meant := source.Nearest(t.Host, hosts)
	if meant == "" {
		meant = source.SuggestHost(t.Host)
	}
	switch {
	case meant != "":
		return finding.New("have-host-typo", t.String()).Do("write %s if it was meant", meant), true
	case len(hosts) > 0:
		return finding.New("have-host-other", t.String()), true
	}
	return finding.Finding{}, false
}

// judgePort compares port and security with what the provider has. A host
// that is not the provider's is judged by its name only.
func (t Typed) judgePort(servers []provider.Server, right []string) (finding.Finding, bool) {
	known, kind := false, protocolOf(t.Port)
	for _, s := range servers {
		if s.Host != t.Host {
			continue
		}
		known = true
		if s.Port == t.Port && s.Security == t.Security {
			return finding.Finding{}, false
		}
		if s.Port == t.Port {
			return finding.New("have-mode-other", t.String()).Do("use %s", s.Host+" "+portAndMode(s)), true
		}
	}
	if !known {
		return finding.Finding{}, false
	}
	if kind != "" && !slices.ContainsFunc(servers, func(s provider.Server) bool { return s.Host == t.Host && s.Protocol == kind }) {
		return finding.New("have-host-kind", t.String()).Because("%s has no service for %s, which port %d is for", t.Host, kind, t.Port).Do("use %s", orElse(right, "the provider's other name")), true
	}
	return finding.New("have-port-other", t.String()).Do("use %s", orElse(right, "the provider's port")), true
}

// right are the provider's servers of the kind that was meant, by the port or
// else by the name; all of them when neither tells.
func (t Typed) right(servers []provider.Server) []string {
	kind := protocolOf(t.Port)
	for _, guess := range []struct {
		prefix string
		kind   provider.Protocol
	}{{"imap", provider.IMAP}, {"pop", provider.POP3}, {"smtp", provider.SMTP}} {
		if kind == "" && strings.HasPrefix(t.Host, guess.prefix) {
			kind = guess.kind
		}
	}
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

func securityOf(port uint16) (provider.Security, bool) {
	for _, svc := range provider.Services() {
		if svc.Port == port {
			return svc.Security, true
		}
	}
	return "", false
}

// protocolOf is the protocol a port is registered for, "" for others.
func protocolOf(port uint16) provider.Protocol {
	for _, svc := range provider.Services() {
		if svc.Port == port {
			return svc.Protocol
		}
	}
	if port == 25 {
		return provider.SMTP
	}
	return ""
}

// judgeUsername compares a user name with the form that the servers want.
func judgeUsername(servers []provider.Server, a provider.Address, username string) []finding.Finding {
	template := provider.EmailAddress // what most providers want
	if len(servers) > 0 {
		template = servers[0].Username
	}
	want := provider.Expand(template, a)
	switch {
	case a.Local == "" || strings.EqualFold(username, want):
		return nil
	case strings.Contains(want, "@") && !strings.Contains(username, "@"):
		f := finding.New("have-username-short", "user name")
		f.Want = []string{want}
		if len(servers) == 0 {
			f.Level = finding.Warn // some providers want the local part alone
		}
		return []finding.Finding{f}
	}
	f := finding.New("have-username-other", "user name")
	f.Want = []string{want}
	return []finding.Finding{f}
}
