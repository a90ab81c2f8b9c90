package setup

import (
	"bytes"
	"embed"
	"encoding/json"
	"slices"
	"strings"
	"text/template"

	"autoconfig/config"
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
func (s *Result) Draft() Draft {
	return Draft{Domain: s.Domain, Builtin: s.Builtin, Username: s.Username,
		Incoming: s.Announced(provider.IMAP, provider.POP3), Outgoing: s.Announced(provider.SMTP),
		Sieve: s.Announced(provider.ManageSieve)}
}

// OwnUsername reports whether people log in with something other than the address.
func (d Draft) OwnUsername() bool { return d.Username != "" && d.Username != provider.EmailAddress }

// YAML is the configuration as a file with comments.
func (d Draft) YAML() []byte { return fill("autoconfig.yaml.tmpl", d) }

// Caddyfile is a Caddy in front: it gets the certificates, and passes plain http on, which some programs ask by.
func (d Draft) Caddyfile() []byte { return fill("Caddyfile.tmpl", d) }

// Hosts are the names that programs ask.
func (d Draft) Hosts() []string {
	hosts := []string{"autoconfig." + d.Domain}
	if d.Builtin == nil || d.Builtin.Vendor == nil { // else Autodiscover is the vendor's
		hosts = append(hosts, "autodiscover."+d.Domain)
	}
	if slices.ContainsFunc(d.Incoming, provider.Server.ImplicitTLS) && slices.ContainsFunc(d.Outgoing,
		provider.Server.ImplicitTLS) {
		hosts = append(hosts, "ua-auto-config."+d.Domain) // PACC's name, which is not published without
	}
	if !slices.Contains(hosts, d.ServiceHost) {
		hosts = append(hosts, d.ServiceHost)
	}
	return hosts
}

// Next says what to do with the configuration at path, and with the Caddyfile that was written, if any.
func (d Draft) Next(path, caddyfile string) []byte {
	option := ""
	if path != "autoconfig.yaml" {
		option = " --config " + path
	}
	return fill("next.txt.tmpl", struct {
		Draft
		Config, Written string
	}{d, option, caddyfile})
}

//go:embed *.tmpl
var texts embed.FS

func fill(name string, data any) []byte {
	indent := func(text []byte) string { return strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n  ") }
	t := template.Must(template.New(name).Funcs(template.FuncMap{"quoted": quoted, "short": short,
		"indent": indent}).ParseFS(texts, name))
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		panic(err) // a test fills each
	}
	return b.Bytes()
}

// short is a server as it is written in the configuration, whose entry has the user name, and a password by default.
func short(s provider.Server) string {
	s.Username = ""
	if slices.Equal(s.Auth, []provider.Auth{provider.AuthPassword}) {
		s.Auth = nil
	}
	text, _ := config.ShowServer(s) // it is of plain fields
	return strings.TrimSpace(string(text))
}

// quoted is a text in YAML in double quotes, whose escapes are JSON's.
func quoted(s string) string {
	out, _ := json.Marshal(s) // there is no error for a string
	return string(out)
}
