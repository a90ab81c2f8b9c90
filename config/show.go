package config

import (
	"github.com/goccy/go-yaml"

	"autoconfig/provider"
)

// Show is the effective configuration as YAML: defaults filled in, providers
// as they are served, secrets masked. It loads again as a configuration.
func (c *Config) Show() ([]byte, error) {
	out := yaml.MapSlice{}
	set := func(key string, value any) { out = append(out, yaml.MapItem{Key: key, Value: value}) }
	set("listen", c.Listen)
	set("listen_tls", c.ListenTLS)
	set("admin", c.Admin)
	if c.TLS.Set() {
		set("tls", c.TLS.show())
	}
	set("service_host", c.ServiceHost)
	var proxies []string
	for _, p := range c.TrustedProxies {
		proxies = append(proxies, p.String())
	}
	set("trusted_proxies", proxies)
	set("forwarded_host", c.ForwardedHost)
	set("admin_hosts", emptyNotNull(c.AdminHosts))
	set("log_clients", c.LogClients)
	set("drain", c.Drain.String())
	set("dns", yaml.MapSlice{{Key: "resolver", Value: c.DNS.Resolver.show()}, {Key: "watch", Value: c.DNS.Watch.String()}})
	if c.Signing.Set() {
		set("signing", c.Signing)
	}
	set("branding", c.Branding)
	set("limits", c.Limits)
	providers := []yaml.MapSlice{}
	for _, e := range c.model {
		providers = append(providers, e.show())
	}
	set("providers", providers)
	sources := []yaml.MapSlice{}
	for _, s := range c.Sources {
		sources = append(sources, s.show())
	}
	set("sources", sources)
	return yaml.MarshalWithOptions(out, yaml.Indent(2), yaml.IndentSequence(true))
}

func (e *Entry) show() yaml.MapSlice {
	p, out := e.Provider, yaml.MapSlice{}
	set := func(key string, value any) { out = append(out, yaml.MapItem{Key: key, Value: value}) }
	text := func(key, value string) {
		if value != "" {
			set(key, value)
		}
	}
	set("id", p.ID)
	set("name", p.Name)
	set("short_name", p.ShortName)
	if len(e.own) > 0 {
		set("domains", e.own)
	}
	text("domains_file", e.DomainsFile)
	if len(p.MX) > 0 {
		set("mx", p.MX)
	}
	set("incoming", showServers(p.Incoming))
	set("outgoing", showServers(p.Outgoing))
	if o := p.OAuth2; o != nil {
		set("oauth2", OAuth2{o.Issuer, o.AuthorizeURL, o.TokenURL, o.Scopes, o.ClientID})
	}
	text("jmap", p.JMAP)
	text("caldav", p.CalDAV)
	text("carddav", p.CardDAV)
	if p.ManageSieve != nil {
		set("managesieve", showServers([]provider.Server{*p.ManageSieve})[0])
	}
	text("activesync", p.ActiveSync)
	switch a := p.Autodiscover; a.Action {
	case provider.ActionRedirectURL:
		set("autodiscover", yaml.MapSlice{{Key: "redirect_url", Value: a.RedirectURL}})
	case provider.ActionRedirectAddr:
		set("autodiscover", yaml.MapSlice{{Key: "redirect_addr", Value: a.RedirectAddr}})
	default:
		set("autodiscover", "settings")
	}
	set("pacc", string(p.PACC))
	text("webmail", p.Webmail)
	set("password_login", showPasswordLogin(p.PasswordLogin))
	if len(p.Notes) > 0 {
		set("notes", p.Notes)
	}
	if len(p.Documentation) > 0 {
		set("documentation", p.Documentation)
	}
	return out
}

func showPasswordLogin(l provider.PasswordLogin) yaml.MapSlice {
	out := yaml.MapSlice{{Key: "status", Value: string(l.Status)}, {Key: "since", Value: l.Since}, {Key: "note", Value: l.Note}}
	for _, proto := range []provider.Protocol{provider.IMAP, provider.POP3, provider.SMTP} {
		if own, ok := l.By[proto]; ok {
			out = append(out, yaml.MapItem{Key: string(proto), Value: showPasswordLogin(own)})
		}
	}
	return out
}

func showServers(servers []provider.Server) []yaml.MapSlice {
	out := []yaml.MapSlice{}
	for _, s := range servers {
		out = append(out, yaml.MapSlice{
			{Key: "protocol", Value: string(s.Protocol)}, {Key: "host", Value: s.Host}, {Key: "port", Value: s.Port},
			{Key: "security", Value: string(s.Security)}, {Key: "auth", Value: s.Auth}, {Key: "username", Value: s.Username},
		})
	}
	return out
}

func emptyNotNull(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
