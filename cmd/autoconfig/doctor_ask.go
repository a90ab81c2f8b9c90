package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"autoconfig/discover"
	"autoconfig/discover/probe"
	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/service"
	"autoconfig/source"
)

// ask looks at the network: the clients' discovery and the records at the same
// time, and each mail server as soon as something names it.
func (d *doctor) ask(ctx context.Context) ([]findingGroup, error) {
	dns := d.network.dnsClient(d.cfg, 0)
	env := d.network.environment(dns)
	login, err := d.loginOf(ctx)
	if err != nil {
		return nil, err
	}
	servers := &visits{permits: d.newPermits(ctx, env.MX), login: login != nil, seen: map[string]bool{},
		prober: probe.New(probe.Options{LookupHost: env.Host, Roots: env.Roots, ConnectTo: env.ConnectTo, AllowPrivate: env.AllowPrivate, Login: login})}
	var found, records, mail findingGroup
	var all sync.WaitGroup
	all.Go(func() { records = d.records(ctx, dns) })
	all.Go(func() {
		d.configured(ctx, servers)
		found = d.discovery(ctx, env, servers)
		mail = serverGroup(servers.finish(ctx))
	})
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return []findingGroup{found, records, mail}, nil
}

// configured visits the servers that the configuration has for the domain.
func (d *doctor) configured(ctx context.Context, servers *visits) {
	if d.p == nil {
		return
	}
	for _, s := range d.p.AllServers() {
		servers.add(ctx, s, true)
	}
}

// discovery walks the ways of all clients and visits the servers they find.
func (d *doctor) discovery(ctx context.Context, env *discover.Env, servers *visits) findingGroup {
	env.Done = func(r discover.Result) {
		if r.Settings == nil {
			return
		}
		for _, s := range []*discover.Server{r.Settings.Incoming, r.Settings.Outgoing} {
			if s, ok := mailServer(s); ok {
				servers.add(ctx, s, r.Settings.Verified)
			}
		}
	}
	var sieve sync.WaitGroup
	sieve.Go(func() { d.sieve(ctx, env, servers) })
	r, err := discover.Run(ctx, env, d.addr)
	sieve.Wait()
	g := findingGroup{title: "What mail programs find"}
	if err != nil { // not without names of clients
		return g
	}
	r.Compare(d.p)
	g.findings = r.Findings(d.p, source.NewMXTable(d.data.Providers).ByHosts(r.MX()))
	for i, f := range g.findings { // of a domain of one's own each name is meant to answer, whatever else works
		if strings.HasPrefix(f.ID, "discover-path-") && d.p != nil && provider.VendorOwned(d.addr.Domain) == "" {
			g.findings[i].Level = finding.Fail
		}
	}
	with := 0
	for _, c := range r.Clients {
		if c.Settings != nil {
			with++
		}
		g.facts = append(g.facts, fmt.Sprintf("%s: %s", c.Title, c.Line))
	}
	g.line = fmt.Sprintf("%d of %d programs find settings; autoconfig discover %s shows which", with, len(r.Clients), d.addr)
	return g
}

// mailServer is a server of a client's settings that a visit makes sense to.
func mailServer(s *discover.Server) (provider.Server, bool) {
	if s == nil || s.Port == 0 || s.URL != "" || s.Broken() != "" {
		return provider.Server{}, false
	}
	switch p := provider.Protocol(s.Protocol); p {
	case provider.IMAP, provider.POP3, provider.SMTP:
		return provider.Server{Protocol: p, Host: s.Host, Port: s.Port, Security: s.Security, Auth: s.Auth, Username: s.Username}, true
	}
	return provider.Server{}, false
}

// sieve visits the ManageSieve server that DNS names (RFC 5804 §1.8), where
// the configuration has none to say.
func (d *doctor) sieve(ctx context.Context, env *discover.Env, servers *visits) {
	if d.p != nil {
		return
	}
	records, err := env.SRV(ctx, "_sieve._tcp."+d.addr.Domain)
	if err != nil || len(records) == 0 || records[0].Target == "." {
		return
	}
	servers.add(ctx, provider.Server{Protocol: provider.ManageSieve, Host: records[0].Target, Port: records[0].Port,
		Security: provider.STARTTLS, Username: provider.EmailAddress}, false)
}

// records is what `dns check` says.
func (d *doctor) records(ctx context.Context, dns *query.Client) findingGroup {
	check := service.NewRecordCheck(d.data, dns, dnssrv.PlanOptions{ServiceHost: d.cfg.ServiceHost, TTL: dnssrv.DefaultTTL}, false, nil)
	s, err := check.Subject(ctx, d.addr.Domain)
	g := findingGroup{title: "Records in DNS"}
	if err != nil { // no plan can be made, so the domain is only observed
		s.Want = nil
		g.findings = append(g.findings, unplanned(d.addr.Domain, err))
	}
	g.findings = append(g.findings, check.Check(ctx, s)...)
	return g
}

// unplanned says why the records are looked at, and not compared with a plan.
func unplanned(domain string, err error) finding.Finding {
	f := service.Unplanned(domain, err)
	if f.ID == "server-service-host-missing" {
		f.Level = finding.Skipped
	}
	return f
}
