package setup

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"autoconfig/provider"
)

// Line is one line of a report; what does not fit on it goes on below its text.
type Line struct{ Head, Text string }

// Lines say what was found, what not, and why.
func (s *Seen) Lines() []Line {
	var out []Line
	add := func(format string, args ...any) { out = append(out, Line{Text: fmt.Sprintf(format, args...)}) }
	switch {
	case s.Builtin != nil:
		add("%s: its mail goes to %s, which is %s: built in.", s.Domain, strings.Join(s.MX, " and "), s.Builtin.Name)
	case s.MXErr != nil:
		add("%s: no mail exchanger (%s).", s.Domain, s.MXErr)
	default:
		add("%s: its mail goes to %s.", s.Domain, strings.Join(s.MX, " and "))
	}
	for _, from := range s.From {
		add("Settings are published already: %s", from)
	}
	var nameless []string
	for _, h := range s.Hosts {
		if h.Err != nil {
			nameless = append(nameless, h.Name)
			continue
		}
		out = append(out, h.lines()...)
	}
	if len(nameless) > 0 {
		add("No address: %s", strings.Join(nameless, " "))
	}
	return out
}

// lines are a host, a line for each port that speaks TLS, and the others together.
func (h *Host) lines() []Line {
	out := []Line{{Text: fmt.Sprintf("%s (%s)", h.Name, h.Why)}}
	silent := map[string][]string{}
	for _, p := range h.Ports {
		if p.TLS != "" {
			out = append(out, Line{fmt.Sprintf("  %-5d %-12s ", p.Server.Port, name(p.Server)), p.words()})
			continue
		}
		silent[p.Note] = append(silent[p.Note], fmt.Sprint(p.Server.Port))
	}
	for _, note := range slices.Sorted(maps.Keys(silent)) {
		out = append(out, Line{"  ", strings.Join(silent[note], ", ") + ": " + note})
	}
	return out
}

// words are what a port offers, or what is wrong with it.
func (p *Port) words() string {
	if len(p.Auth) == 0 {
		return "left out: " + p.Note
	}
	version, _, _ := strings.Cut(p.TLS, ",")
	if p.Server.Security == provider.STARTTLS {
		version += " by STARTTLS"
	}
	var auth []string
	for _, a := range p.Auth {
		auth = append(auth, string(a))
	}
	out := version + ", login by " + strings.Join(auth, ", ")
	switch {
	case p.Announced:
		return out
	case p.usable():
		return "left out, " + p.Note + " (" + out + ")"
	}
	return "left out: " + p.Note
}

// Next says what to do with the configuration at path, and with the Caddyfile
// that was written, if any.
func (d Draft) Next(path, caddyfile string) string {
	config := ""
	if path != "autoconfig.yaml" {
		config = " --config " + path
	}
	var b strings.Builder
	fmt.Fprintf(&b, `Next:
  autoconfig config check%[1]s
  autoconfig dns plan %[2]s%[1]s
      the records to publish; autoconfig dns publish does it for some servers
  autoconfig serve%[1]s
  autoconfig discover you@%[2]s%[1]s
      what each mail program finds, once the records are there
`, config, d.Domain)
	switch {
	case d.ACME != "":
		return b.String() + "Ports 80 and 443 must lead to this server: it gets its certificates by them.\n"
	case caddyfile != "":
		return b.String() + "Mail programs want https: caddy run --config " + caddyfile + "\n"
	}
	return b.String() + "\nMail programs want https. This is the Caddyfile of a Caddy in front, which gets\n" +
		"the certificates; docs/proxy.md has nginx, Apache and Traefik:\n\n" + "  " +
		strings.TrimSuffix(strings.ReplaceAll(d.Caddyfile(), "\n", "\n  "), "  ")
}

// Caddyfile is a Caddy in front: it gets the certificates, and passes plain http
// on, which some programs ask by.
func (d Draft) Caddyfile() string {
	var b strings.Builder
	hosts := []string{"autoconfig." + d.Domain}
	if d.Builtin == nil || d.Builtin.Vendor == nil { // else Autodiscover is the vendor's
		hosts = append(hosts, "autodiscover."+d.Domain)
	}
	if slices.ContainsFunc(d.Incoming, provider.Server.ImplicitTLS) && slices.ContainsFunc(d.Outgoing, provider.Server.ImplicitTLS) {
		hosts = append(hosts, "ua-auto-config."+d.Domain) // PACC's name, which is not published without
	}
	if !slices.Contains(hosts, d.ServiceHost) {
		hosts = append(hosts, d.ServiceHost)
	}
	for i, host := range hosts {
		end := map[bool]string{true: " {", false: ","}[i == len(hosts)-1]
		fmt.Fprintf(&b, "https://%s, http://%[1]s%s\n", host, end)
	}
	b.WriteString("\treverse_proxy 127.0.0.1:8080 {\n\t\theader_up -X-Forwarded-Host\n\t}\n}\n")
	return b.String()
}
