package config

import (
	"github.com/goccy/go-yaml"

	"autoconfig/provider"
)

// Show is the effective configuration as YAML: defaults filled in, providers
// as they are served, secrets masked. It loads again as a configuration.
func (c *Config) Show() ([]byte, error) {
	out := *c
	if c.TLS.ACME != nil {
		out.TLS.ACME = new(c.TLS.ACME.shown())
	}
	out.Providers, out.Sources = nil, nil
	for _, e := range c.model {
		p := Provider{Provider: *e.Provider, DomainsFile: e.DomainsFile}
		p.Domains = e.own
		out.Providers = append(out.Providers, p)
	}
	for _, s := range c.Sources {
		out.Sources = append(out.Sources, s.shown())
	}
	return yaml.MarshalWithOptions(out, yaml.Indent(2), yaml.IndentSequence(true), yaml.CustomMarshaler(showAutodiscover),
		yaml.CustomMarshaler(showResolvers), yaml.CustomMarshaler(showSigning))
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

// showResolvers is the list, or the word system alone.
func showResolvers(r Resolvers) ([]byte, error) {
	if len(r) == 1 && r[0] == systemResolver {
		return []byte(systemResolver), nil
	}
	return yaml.Marshal([]string(r))
}

// showSigning is the files, or the word auto alone.
func showSigning(s Signing) ([]byte, error) {
	if s.Auto {
		return []byte(signingAuto), nil
	}
	return yaml.Marshal(s.KeyPair)
}
