package setup

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"autoconfig/provider"
)

// Draft is the configuration of a domain that begins.
type Draft struct {
	Domain      string
	ServiceHost string
	Name        string // shown to people; "": the domain
	Username    string // template; "": the address
	ACME        string // e-mail address for certificates of one's own; "": a proxy has them
	Builtin     *provider.Provider
	Incoming    []provider.Server
	Outgoing    []provider.Server
	Sieve       []provider.Server // the first counts
}

// Draft is what was seen, as a configuration.
func (s *Seen) Draft() Draft {
	return Draft{Domain: s.Domain, Builtin: s.Builtin, Username: s.Username,
		Incoming: s.Announced(provider.IMAP, provider.POP3), Outgoing: s.Announced(provider.SMTP), Sieve: s.Announced(provider.ManageSieve)}
}

// YAML is the configuration as a file with comments.
func (d Draft) YAML() []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# autoconfig.yaml for %s, written by autoconfig init. What may be in it:", d.Domain)
	line("# autoconfig.yaml(5); what is wrong with it: autoconfig config check.")
	line("")
	line("# The name that this server is reached by, which the records of your domains")
	line("# point to. It needs an address record and a certificate.")
	line("service_host: %s", d.ServiceHost)
	line("")
	d.https(line)
	line("")
	line("providers:")
	if d.Builtin != nil {
		line("  - id: %s   # built in, with its servers", d.Builtin.ID)
		line("    domains: [%s]   # and others that are there: [%[1]s, example.net]", d.Domain)
		return []byte(b.String())
	}
	line("  - name: %s   # shown to people", text(cmp.Or(d.Name, d.Domain)))
	line("    domains: [%s]   # and others with these servers: [%[1]s, example.net]", d.Domain)
	if d.Username == "" || d.Username == provider.EmailAddress {
		line("    # username: \"%%EMAILLOCALPART%%\"   # where the login is the part before the @")
	} else {
		line("    username: %s", text(d.Username))
	}
	line("    incoming:")
	for _, s := range d.Incoming {
		line("      - %s", short(s))
	}
	line("    outgoing:")
	for _, s := range d.Outgoing {
		line("      - %s", short(s))
	}
	for _, s := range d.Sieve[:min(1, len(d.Sieve))] {
		line("    managesieve: %s", short(s))
	}
	return []byte(b.String())
}

// https says who has the certificates.
func (d Draft) https(line func(string, ...any)) {
	own := []string{`listen: ":80"`, `listen_tls: ":443"`, "tls: {acme: {email: " + cmp.Or(d.ACME, "hostmaster@"+d.Domain) + "}}"}
	if d.ACME != "" {
		line("# https by this server, with certificates that it gets when they are asked for.")
	} else {
		line("# A proxy with the certificates passes requests on to this address.")
		line("listen: 127.0.0.1:8080")
		line("# Without a proxy, https by this server, with certificates that it gets itself:")
	}
	for _, key := range own {
		if d.ACME == "" {
			key = "# " + key
		}
		line("%s", key)
	}
}

// short is a server as it is written in the configuration.
func short(s provider.Server) string {
	svc, known := s.Service()
	if !known || s.Security == provider.Plain || len(s.Auth) > 0 && !slices.Equal(s.Auth, []provider.Auth{provider.AuthPassword}) {
		var auth []string
		for _, a := range s.Auth {
			auth = append(auth, string(a))
		}
		return fmt.Sprintf("{protocol: %s, host: %s, port: %d, security: %s, auth: [%s]}", s.Protocol, s.Host, s.Port, s.Security, strings.Join(auth, ", "))
	}
	out := svc.Name + "://" + s.Host
	if s.Port != svc.Port {
		out += ":" + strconv.Itoa(int(s.Port))
	}
	return out
}

// text is a text in YAML in double quotes, whose escapes are JSON's.
func text(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		return `""` // not of a string
	}
	return string(quoted)
}
