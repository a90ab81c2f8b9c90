package provider

import (
	"cmp"
	"strings"
)

// Pages are the further pages about a provider's domains; nil means as for all providers.
type Pages struct {
	Public  *bool `yaml:"public,omitempty" doc:"/settings/DOMAIN, for search engines; it makes the domains known"`
	Records *bool `yaml:"records,omitempty" doc:"/records/DOMAIN: the DNS records of a domain, for its owner"`
}

// ServedAt is the host that serves the documents of the provider's domains: its own service host, else the given one,
// which is that of the operator.
func (p *Provider) ServedAt(serviceHost string) string { return cmp.Or(p.ServiceHost, serviceHost) }

// HostPrefixes are the names that clients put before a domain.
var HostPrefixes = []string{"autoconfig.", "autodiscover.", "ua-auto-config."}

// CutHostPrefix is the domain behind such a name.
func CutHostPrefix(host string) (domain string, ok bool) {
	for _, prefix := range HostPrefixes {
		if domain, ok = strings.CutPrefix(host, prefix); ok {
			return domain, true
		}
	}
	return "", false
}
