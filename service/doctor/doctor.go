// Package doctor looks at everything between an address and its mail: what each mail program finds, the records in DNS,
// and the mail servers themselves.
package doctor

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"autoconfig/config"
	"autoconfig/discover"
	"autoconfig/discover/probe"
	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/service"
	"autoconfig/source"
)

// Doctor is what to look at, and how.
type Doctor struct {
	Address  provider.Address
	Provider *provider.Provider // nil: not served here
	Config   *config.Config
	Data     *config.Data
	DNS      *query.Client
	Env      *discover.Env // that asks DNS

	Login      *probe.Login           // nil: no login is tried
	LoginHosts []string               // hosts of other domains that may be given the secret
	Allow      func(host string) bool // whether another may: asked once for a host
}

// Examine looks at the network: the clients' discovery and the records at the same time, and each mail server as soon
// as something names it.
func (d *Doctor) Examine(ctx context.Context) ([]finding.Group, error) {
	servers := &visits{permits: d.permits(ctx), login: d.Login != nil, seen: map[string]bool{},
		prober: probe.New(probe.Options{Env: d.Env, Login: d.Login})}
	var found, records, mail finding.Group
	var all sync.WaitGroup
	all.Go(func() { records = d.records(ctx) })
	all.Go(func() {
		if d.Provider != nil {
			for _, s := range d.Provider.AllServers() {
				servers.add(ctx, s, true)
			}
		}
		found = d.discovery(ctx, servers)
		mail = serverGroup(servers.finish(ctx))
	})
	all.Wait()
	return []finding.Group{found, records, mail}, context.Cause(ctx)
}

func (d *Doctor) discovery(ctx context.Context, servers *visits) finding.Group {
	d.Env.Done = func(r discover.Result) {
		if r.Settings == nil {
			return
		}
		for _, s := range []*discover.Server{r.Settings.Incoming, r.Settings.Outgoing} {
			if s, ok := s.Mail(); ok {
				servers.add(ctx, s, r.Settings.Verified)
			}
		}
	}
	var sieve sync.WaitGroup
	sieve.Go(func() { d.sieve(ctx, servers) })
	r, err := discover.Run(ctx, d.Env, d.Address)
	sieve.Wait()
	g := finding.Group{Title: "What mail programs find"}
	if err != nil { // not without names of clients
		return g
	}
	r.Compare(d.Provider)
	g.Findings = r.Findings(d.Provider, source.NewMXTable(d.Data.Providers).ByHosts(r.MX()))
	for i, f := range g.Findings { // of a domain of one's own each name is meant to answer, whatever else works
		if strings.HasPrefix(f.ID, "discover-path-") && d.Provider != nil && provider.VendorOwned(d.Address.Domain) == "" {
			g.Findings[i].Level = finding.Fail
		}
	}
	for _, c := range r.Clients {
		g.Facts = append(g.Facts, fmt.Sprintf("%s: %s", c.Title, c.Line))
	}
	g.Line = fmt.Sprintf("%d of %d programs find settings; autoconfig discover %s shows which",
		r.Count(), len(r.Clients), d.Address)
	return g
}

// sieve visits the ManageSieve server that DNS names (RFC 5804 §1.8), where the configuration has none to say.
func (d *Doctor) sieve(ctx context.Context, servers *visits) {
	if d.Provider != nil {
		return
	}
	records, err := d.Env.SRV(ctx, "_sieve._tcp."+d.Address.Domain)
	if err != nil || len(records) == 0 || records[0].Target == "." {
		return
	}
	servers.add(ctx, provider.Server{Protocol: provider.ManageSieve, Host: records[0].Target, Port: records[0].Port,
		Security: provider.STARTTLS, Username: provider.EmailAddress}, false)
}

// records is what `dns check` says.
func (d *Doctor) records(ctx context.Context) finding.Group {
	options := dnssrv.PlanOptions{ServiceHost: d.Config.ServiceHost, TTL: dnssrv.DefaultTTL}
	check := service.NewRecordCheck(d.Data, d.DNS, options, false, nil)
	s, err := check.Subject(ctx, d.Address.Domain)
	g := finding.Group{Title: "Records in DNS"}
	if err != nil { // no plan can be made, so the domain is only observed
		s.Want = nil
		g.Findings = append(g.Findings, unplanned(d.Address.Domain, err))
	}
	g.Findings = append(g.Findings, check.Check(ctx, s)...)
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
