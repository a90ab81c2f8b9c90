package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"autoconfig/provider"
)

// Show is the effective configuration as YAML: defaults filled in, providers as they are served, secrets masked. It
// loads again as a configuration.
func (c *Config) Show() ([]byte, error) {
	out := *c
	if c.TLS.ACME != nil {
		out.TLS.ACME = new(c.TLS.ACME.shown())
	}
	out.Providers, out.Sources = nil, nil
	for _, e := range c.model {
		p := *e
		p.Domains, p.Username, p.Auth = e.own, "", nil // each server has them
		p.dropInherited(c)
		out.Providers = append(out.Providers, p)
	}
	for _, s := range c.Sources {
		out.Sources = append(out.Sources, s.shown())
	}
	return yaml.MarshalWithOptions(out, yaml.Indent(2), yaml.IndentSequence(true), yaml.CustomMarshaler(showAutodiscover),
		yaml.CustomMarshaler(showResolvers), yaml.CustomMarshaler(showSigning))
}

// WriteProvider is an entry of providers, as short as it can be said: servers as URLs where their names say it all, and
// what all servers share once.
func WriteProvider(p *provider.Provider) ([]byte, error) {
	e := Provider{Provider: *p}
	e.Incoming, e.Outgoing = slices.Clone(p.Incoming), slices.Clone(p.Outgoing)
	if p.ManageSieve != nil {
		e.ManageSieve = new(*p.ManageSieve)
	}
	e.share()
	options := []yaml.EncodeOption{yaml.OmitEmpty(), yaml.Indent(2), yaml.IndentSequence(true),
		yaml.CustomMarshaler(showAutodiscover),
		yaml.CustomMarshaler(ShowServer)}
	if max(len(p.Domains), len(p.MX)) <= 6 {
		options = append(options, yaml.CustomMarshaler(flow[string]), yaml.CustomMarshaler(flow[provider.Auth]))
	}
	return yaml.MarshalWithOptions([]Provider{e}, options...)
}

// share moves what all servers have in common to the entry, and leaves out what is the default.
func (p *Provider) share() {
	all := p.AllServers()
	if len(all) == 0 {
		return
	}
	differs := func(same func(s provider.Server) bool) bool {
		return slices.ContainsFunc(all, func(s provider.Server) bool { return !same(s) })
	}
	auth, user := all[0].Auth, all[0].Username
	if differs(func(s provider.Server) bool { return slices.Equal(s.Auth, auth) }) {
		auth = []provider.Auth{provider.AuthPassword}
	}
	if differs(func(s provider.Server) bool { return s.Username == user }) {
		user = provider.EmailAddress
	}
	for _, s := range p.Each() {
		if slices.Equal(s.Auth, auth) {
			s.Auth = nil
		}
		if s.Username == user {
			s.Username = ""
		}
	}
	if len(auth) != 1 || auth[0] != provider.AuthPassword {
		p.Auth = auth
	}
	if user != provider.EmailAddress {
		p.Username = user
	}
}

// ShowServer is a server in YAML as an entry of the configuration has it: its URL, if that says it all.
func ShowServer(s provider.Server) ([]byte, error) {
	if svc, ok := s.Service(); ok && s.Security == svc.Security && s.Username == "" && s.Auth == nil &&
		s.LeaveOnServer == nil {
		url := svc.Name + "://" + s.Host
		if s.Port != svc.Port && !strings.Contains(s.Host, "%") {
			url += ":" + strconv.Itoa(int(s.Port))
		}
		if s.Port == svc.Port || url != svc.Name+"://"+s.Host {
			return yaml.Marshal(url)
		}
	}
	type plain provider.Server // without this marshaler
	return yaml.MarshalWithOptions(plain(s), yaml.Flow(true))
}

func flow[T ~string](list []T) ([]byte, error) {
	return yaml.MarshalWithOptions(provider.Texts(list), yaml.Flow(true))
}

func showAutodiscover(a provider.Autodiscover) ([]byte, error) {
	target := yaml.MapSlice{{Key: "redirect_url", Value: a.RedirectURL}}
	switch a.Action {
	case provider.ActionRedirectURL:
	case provider.ActionRedirectAddr:
		target = yaml.MapSlice{{Key: "redirect_addr", Value: a.RedirectAddr}}
	default:
		return []byte("settings"), nil
	}
	return yaml.MarshalWithOptions(target, yaml.Flow(true))
}

// showResolvers is the list, or just the word system.
func showResolvers(r Resolvers) ([]byte, error) {
	if len(r) == 1 && r[0] == systemResolver {
		return []byte(systemResolver), nil
	}
	return yaml.Marshal([]string(r))
}

// showSigning is the files, or just the word auto.
func showSigning(s Signing) ([]byte, error) {
	if s.Auto {
		return []byte(signingAuto), nil
	}
	return yaml.Marshal(s.KeyPair)
}
