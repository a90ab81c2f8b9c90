package service

import (
	"time"

	"autoconfig/acme"
	"autoconfig/config"
	"autoconfig/dnssrv/query"
)

// leads finds out which names lead to this server, when it orders certificates or
// knows by service_host where a proxy that asks /ask is.
func leads(cfg *config.Config, listen string) *acme.Leads {
	o := acme.LeadsOptions{ServiceHost: cfg.ServiceHost, Listen: listen, Now: time.Now}
	if a := cfg.TLS.ACME; a != nil {
		o.Addresses = a.Addresses
	} else if cfg.ServiceHost == "" {
		return nil
	}
	resolvers := cfg.DNS.Resolver.Addresses(query.SystemResolvers)
	if len(resolvers) == 0 {
		resolvers = query.SystemResolvers()
	}
	o.Lookup = query.New(query.Options{Resolvers: resolvers, Timeout: time.Second, Tries: 2}).LookupHost
	return acme.NewLeads(o)
}
