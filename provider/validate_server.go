package provider

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// protocol reports a server in the wrong list, or with an unknown protocol.
func (v *validator) protocol(path string, p Protocol, protos []Protocol) {
	cause, fix := fmt.Sprintf("%q is not a protocol", p), "write "+OrList(protos)
	if p == "" {
		cause = "no protocol"
	}
	if key := p.Key(); key != "" {
		list, _, _ := strings.Cut(path, "[")
		cause, fix = fmt.Sprintf("%s is not a protocol of %s servers", p, list), "write the server under "+key+":"
	}
	v.fault("config-protocol-unknown", path+".protocol", cause, fix)
}

func (v *validator) port(path string, s Server) {
	if !oneOf(v, "config-security-unknown", path+".security", s.Security, "a security mode", TLS, STARTTLS, Plain) {
		return
	}
	if s.Security == Plain {
		v.warn("config-security-plain", path+".security",
			"plain sends passwords readable by anyone on the way, and makes Thunderbird for Android refuse the whole document",
			"write security: tls, or starttls")
	}
	if s.Port == 0 {
		v.fault("config-port-invalid", path+".port", "the port is 0", "write a port from 1 to 65535, or leave it out")
		return
	}
	_, known := fixedSecurity(s.Protocol, s.Port)
	switch want, contradicts := s.PortSecurity(); {
	case contradicts:
		v.fault("config-port-security", path+".port",
			fmt.Sprintf("port %d is for %s, not for %s", s.Port, want, s.Security), "write "+rightForms(s.Protocol))
	case s.Protocol == SMTP && s.Port == 25:
		v.warn("config-port-relay", path+".port",
			"port 25 is for mail between servers, and many networks block it for people",
			"write "+rightForms(SMTP))
	case !known:
		if svc, ok := ServiceByPort(s.Port); ok {
			v.warn("config-port-relay", path+".port",
				fmt.Sprintf("port %d is the port of %s", s.Port, svc.Name), "write "+rightForms(s.Protocol))
		}
	}
}

// rightForms shows the registered forms of a protocol for an error message.
func rightForms(proto Protocol) string {
	var forms []string
	for _, svc := range Services() {
		if svc.Protocol == proto {
			forms = append(forms, fmt.Sprintf("port: %d with security: %s", svc.Port, svc.Security))
		}
	}
	return strings.Join(forms, ", or ")
}

func (v *validator) host(path, host string) {
	norm, err := ParseDomain(strings.ReplaceAll(host, EmailDomain, standIn))
	fault := func(cause, fix string) { v.fault("config-host-invalid", path, cause, fix) }
	switch scheme, rest, hasScheme := strings.Cut(host, "://"); {
	case host == "":
		v.fault("config-host-missing", path, "no host", "write host: mail.example.org")
	case IsIP(host):
		fault(fmt.Sprintf("%q is an IP address, which no certificate of a public authority names", host),
			"write the server's host name")
	case err == nil:
		if hint, ok := Retired(norm); ok {
			v.fault("config-host-retired", path, norm+" is retired: "+hint.Why, "write "+hint.Use)
		}
	case hasScheme:
		name, _, _ := strings.Cut(strings.Split(rest, "/")[0], ":")
		fault(fmt.Sprintf("the scheme %s:// has no place in a host name", scheme), "write host: "+name)
	case strings.Contains(host, "%"):
		fault(fmt.Sprintf("%q: only %s can be in a host name", host, EmailDomain), "write for example mail."+EmailDomain)
	default:
		if name, port, err := net.SplitHostPort(host); err == nil {
			fault("a port has no place in a host name",
				fmt.Sprintf("write host: %s and port: %d", name, cmp.Or(Port(port), 993)))
			return
		}
		fix := "write the server's full host name, for example mail.example.org"
		if plain, err := ParseDomain(strings.Map(WithoutQuotes, host)); err == nil {
			fix = "write " + plain
		}
		fault(fmt.Sprintf("%q is not a host name of two labels or more", host)+ForbiddenIn(host), fix)
	}
}

// Port is the port number that text is, or 0 if it is not one from 1 to 65535.
func Port(text string) uint16 {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// vendor checks Microsoft's servers in an entry that is not the built-in one: their settings need OAuth2 and more, and
// they have no submission with implicit TLS.
func (v *validator) vendor(p *Provider) {
	hosts := map[string]bool{}
	for _, b := range Builtins() {
		for _, s := range b.Servers() {
			hosts[s.Host] = true
		}
	}
	reported := Builtin(p.ID) != nil
	for at, s := range p.Each() {
		switch {
		case !hosts[s.Host] || at.Key == "managesieve":
		case s.Protocol == SMTP && s.Port != 587 && s.Port != 25:
			v.fault("config-port-security", at.String()+".port", fmt.Sprintf("%s does not answer on port %d", s.Host, s.Port),
				"write submission://"+s.Host+", which is port 587 with STARTTLS")
		case !reported:
			reported = true
			v.warn("config-host-builtin", at.String()+".host",
				s.Host+" is Microsoft's, which refuses password login on most accounts",
				"write id: "+Microsoft365+" and only the domains, in place of these servers")
		}
	}
}
