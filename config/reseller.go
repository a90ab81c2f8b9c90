package config

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"autoconfig/provider"
)

// HostMissing reports whether a provider, or all of them, has no service host.
func (c *Config) HostMissing() bool {
	return c.ServiceHost == "" && (len(c.Providers) == 0 || slices.Contains(hostsOf(c.Providers), ""))
}

// ServiceHosts are the host of the whole service and those of single providers.
func (c *Config) ServiceHosts() (out []string) {
	for _, host := range append([]string{c.ServiceHost}, hostsOf(c.Providers)...) {
		if host != "" && !slices.Contains(out, host) {
			out = append(out, host)
		}
	}
	return out
}

func hostsOf(providers []Provider) (out []string) {
	for _, p := range providers {
		out = append(out, p.ServiceHost)
	}
	return out
}

// records checks that the pages of records have a host to name.
func (c *Config) records() {
	const cause = "records point to service_host, and there is none"
	const fix = "write service_host: autoconfig.example.org with your own name"
	if c.ServiceHost != "" || c.isBroken("service_host") {
		return
	}
	c.refuse(c.Pages.Records && c.HostMissing(), "pages.records", cause, fix)
	for i, p := range c.Providers {
		on := p.Pages.Records
		c.refuse(on != nil && *on && p.ServiceHost == "", fmt.Sprintf("providers[%d].pages.records", i), cause, fix)
	}
}

// serviceHosts checks the service hosts of the file's providers, and gives each provider what it inherits. A host of
// two providers would serve the customers of one at the name of the other.
func (c *Config) serviceHosts() {
	first := map[string]string{c.ServiceHost: "service_host"}
	for _, e := range c.model {
		path := joinPath(e.path, "service_host")
		if e.ServiceHost != "" {
			e.ServiceHost = c.host(path, e.ServiceHost, provider.ParseDomain)
			other, twice := first[e.ServiceHost]
			at, _ := c.pos.find(other)
			c.refuse(twice && e.ServiceHost != "", path, fmt.Sprintf("%s is the service host at %s already", e.ServiceHost, at),
				"write a name of its own, or leave it out: then it is that of the whole service")
			first[e.ServiceHost] = path
		}
		e.ServiceHost = cmp.Or(e.ServiceHost, c.ServiceHost)
		e.Pages.Public = cmp.Or(e.Pages.Public, new(c.Pages.Public))
		e.Pages.Records = cmp.Or(e.Pages.Records, new(c.Pages.Records))
	}
}

// dropInherited leaves out what a provider has from the whole configuration.
func (p *Provider) dropInherited(c *Config) {
	if p.ServiceHost == c.ServiceHost {
		p.ServiceHost = ""
	}
	for _, s := range []struct {
		own **bool
		all bool
	}{{&p.Pages.Public, c.Pages.Public}, {&p.Pages.Records, c.Pages.Records}} {
		if *s.own != nil && **s.own == s.all {
			*s.own = nil
		}
	}
}

// serviceHosts reports a service host below a listed domain that another host serves: requests to it would be for that
// domain. What databases list is not known here.
func (b *builder) serviceHosts() {
	check := func(path, host string) {
		below, _ := provider.CutHostPrefix(host)
		for _, domain := range []string{host, below} {
			p, err := b.data.Listed.Lookup(context.Background(), provider.Address{Domain: domain})
			if host == "" || domain == "" || err != nil || p.ServiceHost == host {
				continue
			}
			b.faults = append(b.faults, b.c.Fault("config-value-invalid", path,
				fmt.Sprintf("%s is a name of %s, a domain of the provider %q, which has another service host", host, domain, p.ID),
				"write a name that is not below another provider's domain"))
		}
	}
	check("service_host", b.c.ServiceHost)
	for _, e := range b.c.model {
		if e.path != "" && e.ServiceHost != b.c.ServiceHost {
			check(joinPath(e.path, "service_host"), e.ServiceHost)
		}
	}
}
