package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/dnssrv"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/service"
)

func (a *app) dnsCommand() *cobra.Command {
	return group("dns", "Plan, check and publish the DNS records",
		a.dnsPlanCommand(), a.dnsCheckCommand(), a.dnsPublishCommand())
}

// planFlags are the flags that shape a plan.
type planFlags struct {
	serviceHost   string
	ttl           uint32
	only, without []string
	paccAlso      []string
}

func (p *planFlags) flags(cmd *cobra.Command) {
	kinds := strings.Join(dnssrv.Kinds(), ", ")
	f := cmd.Flags()
	f.StringVar(&p.serviceHost, "service-host", "",
		"the `host` that serves the settings (default: service_host of the provider, or of the configuration)")
	f.Uint32Var(&p.ttl, "ttl", dnssrv.DefaultTTL, "TTL of the records in `seconds`")
	f.Var(wordsFlag(&p.only, "", dnssrv.Kinds()), "only", "only records of this `kind` (repeatable): "+kinds)
	f.Var(wordsFlag(&p.without, "", dnssrv.Kinds()), "without", "no records of this `kind` (repeatable)")
	f.StringArrayVar(&p.paccAlso, "pacc-also", nil,
		"another PACC `TXT` record next to the current one, while the document changes (repeatable)")
}

// options are the flags with what the configuration says where they do not.
func (p *planFlags) options(cfg *config.Config) dnssrv.PlanOptions {
	return dnssrv.PlanOptions{ServiceHost: cfg.ServiceHost, Instead: p.serviceHost, TTL: p.ttl,
		Only: p.only, Without: p.without, PACCAlso: p.paccAlso}
}

// planOf finds the provider of a domain and lists its records. A plan that cannot be made is wrong usage or
// configuration.
func (a *app) planOf(ctx context.Context, domain string, o dnssrv.PlanOptions) (plan plannedDomain, err error) {
	if err := dnssrv.Ownable(domain); err != nil {
		return plan, a.planError(err)
	}
	p, err := a.find(ctx, provider.Address{Domain: domain})
	if err != nil {
		return plan, err
	}
	records, err := service.PlanRecords(domain, p, o)
	if err != nil {
		return plan, a.planError(err)
	}
	return plannedDomain{Domain: domain, Records: dnssrv.Rows(records), Notes: planNotes(domain, p, o), zone: records}, nil
}

// planListed is planOf for a domain of a list: what is wrong with that domain alone is a finding, so that it does not
// stop the rest.
func (a *app) planListed(ctx context.Context, own *service.OwnDomains, domain string, o dnssrv.PlanOptions) plannedDomain {
	if row := own.Row(domain); row != nil {
		return plannedDomain{found: []finding.Finding{row.Finding()}}
	}
	plan, err := a.planOf(ctx, domain, o)
	switch {
	case errors.Is(err, dnssrv.ErrServiceHost), errors.Is(err, dnssrv.ErrKind):
		plan.fatal = err
	case err != nil:
		plan.found = []finding.Finding{service.Unplanned(domain, err)}
	}
	return plan
}

// planError says what to do about a plan that cannot be made.
func (a *app) planError(err error) error {
	switch {
	case errors.Is(err, dnssrv.ErrServiceHost):
		return usagef("%w: %s (the name this server is reached by), or give --service-host", err, a.cfg.ServiceHostFix())
	case errors.Is(err, dnssrv.ErrVendorOwned):
		return usagef("%w; autoconfig dns check looks at what is published", err)
	case errors.Is(err, provider.ErrUnavailable):
		return err
	}
	return usageError{err: err}
}

// domainArgs reads the domains a command is given.
func domainArgs(args []string) ([]string, error) {
	out := make([]string, 0, len(args))
	for _, arg := range args {
		domain, err := parseDomain(arg)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, domain) {
			out = append(out, domain)
		}
	}
	return out, nil
}

func parseDomain(text string) (string, error) {
	domain, err := provider.ParseDomain(text)
	if err != nil {
		err = usagef("%q is not a domain name of two labels or more", text)
	}
	return domain, err
}
