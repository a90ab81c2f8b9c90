package config

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"autoconfig/finding"
	"autoconfig/provider"
)

// entry turns one item of providers into a provider: defaults, or a built-in's
// values under what is written.
func (c *Config) entry(i int, p *Provider) Entry {
	e := Entry{path: fmt.Sprintf("providers[%d]", i), own: p.Domains}
	if p.DomainsFile != "" {
		e.DomainsFile = c.resolve(p.DomainsFile)
	}
	m := provider.BuiltinAt(p.ID, c.day)
	if e.Builtin = m != nil; !e.Builtin {
		m = &provider.Provider{ID: p.ID, PACC: provider.PACCAuto, PasswordLogin: provider.PasswordLogin{Status: provider.PasswordWorks}}
	}
	e.Provider = m
	overlay(m, p)
	m.Domains = append(m.Domains, p.Domains...)
	return e
}

// overlay writes what the file says over m. Keys given replace.
func overlay(m *provider.Provider, p *Provider) {
	replace(&m.Name, p.Name)
	replace(&m.ShortName, p.ShortName)
	replace(&m.JMAP, p.JMAP)
	replace(&m.CalDAV, p.CalDAV)
	replace(&m.CardDAV, p.CardDAV)
	replace(&m.ActiveSync, p.ActiveSync)
	replace(&m.Webmail, p.Webmail)
	replace(&m.PACC, provider.PACCMode(p.PACC))
	overlayServers(m, p)
	if p.MX != nil {
		m.MX = p.MX
	}
	if p.OAuth2 != nil {
		m.OAuth2 = &provider.OAuth2{Issuer: p.OAuth2.Issuer, AuthorizeURL: p.OAuth2.AuthorizeURL, TokenURL: p.OAuth2.TokenURL, Scopes: p.OAuth2.Scopes,
			ClientID: p.OAuth2.ClientID}
	}
	if a := p.Autodiscover; a != nil {
		m.Autodiscover.Action = a.Action
		replace(&m.Autodiscover.RedirectURL, a.RedirectURL)
		replace(&m.Autodiscover.RedirectAddr, a.RedirectAddr)
	}
	if l := p.PasswordLogin; l != nil {
		m.PasswordLogin = l.model()
	}
	if p.Notes != nil {
		m.Notes = nil
		for _, n := range p.Notes {
			m.Notes = append(m.Notes, provider.Note(n))
		}
	}
	if p.Documentation != nil {
		m.Documentation = nil
		for _, d := range p.Documentation {
			m.Documentation = append(m.Documentation, provider.Documentation(d))
		}
	}
}

func overlayServers(m *provider.Provider, p *Provider) {
	for _, list := range []struct {
		to   *[]provider.Server
		from []Server
	}{{&m.Incoming, p.Incoming}, {&m.Outgoing, p.Outgoing}} {
		if list.from == nil { // the built-in's, if any
			for i := range *list.to {
				s := &(*list.to)[i]
				replace(&s.Username, p.Username)
				if p.Auth != nil {
					s.Auth = p.Auth
				}
			}
			continue
		}
		*list.to = nil
		for _, s := range list.from {
			*list.to = append(*list.to, s.model(p))
		}
	}
	if p.ManageSieve != nil {
		s := *p.ManageSieve
		s.Protocol = provider.ManageSieve
		sieve := s.model(p)
		m.ManageSieve = &sieve
	}
}

func replace[T ~string](to *T, with T) {
	if with != "" {
		*to = with
	}
}

// names fills in id and names that were not given from the first domain, or
// from the first mail exchanger. A provider that only a source points to is
// named after its first server.
func (e *Entry) names(first string) {
	if first == "" && len(e.MX) > 0 {
		first = e.MX[0]
	}
	if e.ID == "" {
		e.ID = first
	}
	if first == "" && len(e.Incoming) > 0 {
		first = nameOfHost(e.Incoming[0].Host)
	}
	if e.Name == "" {
		e.Name = cut(first, 60)
	}
	if e.ShortName == "" {
		e.ShortName = cut(e.Name, 20)
	}
}

func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// validate reports the faults of the model at the places they were written.
func (c *Config) validate(e *Entry) []finding.Finding {
	var out []finding.Finding
	seen := map[string]bool{}
	for _, f := range e.Validate() {
		got := finding.New(f.ID, c.at(e.path, c.inherited(e.path, f.Path)).String()).Because("%s", f.Problem).Do("%s", f.Fix)
		if f.Warning {
			got.Level = finding.Warn
		}
		if key := got.String(); !seen[key] { // several servers may have inherited one mistake
			seen[key] = true
			out = append(out, got)
		}
	}
	return append(out, c.typos(e)...)
}

// inherited turns incoming[0].auth[0] into auth[0] when the server has no auth
// of its own and takes the provider's; the same for username.
func (c *Config) inherited(entry, path string) string {
	server, rest, ok := strings.Cut(path, ".")
	key, _, _ := strings.Cut(rest, "[")
	if !ok || key != "auth" && key != "username" {
		return path
	}
	if _, own := c.pos[joinPath(entry, server+"."+key)]; own {
		return path
	}
	return rest
}

// at is where the value at path stands, or the nearest thing around it.
func (c *Config) at(path, below string) Pos {
	if below != "" {
		path = joinPath(path, below)
	}
	for path != "" {
		if p, ok := c.pos[path]; ok {
			return p
		}
		path = parentPath(path)
	}
	return Pos{File: c.Path, Line: 1, Column: 1}
}

func parentPath(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}
	return ""
}

// resolve makes a path that the file names relative to the file's folder.
func (c *Config) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.Path), path)
}
