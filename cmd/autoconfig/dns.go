package main

import (
	"context"
	"errors"
	"iter"
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
	return plannedDomain{Domain: domain, Records: dnssrv.SplitAll(domain, records),
		Notes: planNotes(domain, p, o), zone: records}, nil
}

// planListed is planOf for a domain of a list: what is wrong with that domain alone is a finding, so that it does not
// stop the rest.
func (a *app) planListed(ctx context.Context, own *service.OwnDomains, domain string, o dnssrv.PlanOptions) (
	plan plannedDomain) {
	if row := own.Row(domain); row != nil {
		return plannedDomain{found: []finding.Finding{row.Finding()}}
	}
	var err error
	switch plan, err = a.planOf(ctx, domain, o); {
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

// domainList says which domains a command is for.
type domainList struct {
	all  bool
	file string
}

func (l *domainList) flags(cmd *cobra.Command, verb string) {
	f := cmd.Flags()
	f.BoolVar(&l.all, "all", false, verb+" every domain of the configuration")
	f.StringVar(&l.file, "file", "", verb+" the domains in this `file`, one a line, # comments; - is standard input")
}

// many reports whether the domains come from a list.
func (l *domainList) many() bool { return l.all || l.file != "" }

// args are the domains that were written, when just one way to name them was used.
func (l *domainList) args(verb string, args []string) ([]string, error) {
	switch chosen := b2i(len(args) > 0) + b2i(l.all) + b2i(l.file != ""); {
	case chosen == 0:
		return nil, usagef("no domain given; write the domains to %s, or --all, or --file FILE", verb)
	case chosen > 1:
		return nil, usagef("domains, --all and --file FILE cannot be used together; "+
			"write the domains to %s, or --all, or --file FILE", verb)
	}
	return domainArgs(args)
}

// domains are the domains of a list, and how many there are; -1: not known.
func (a *app) domains(ctx context.Context, l domainList, own *service.OwnDomains, args []string) (
	count int, _ iter.Seq2[string, error], err error) {
	switch {
	case l.all:
		if count = own.Count(); count == 0 {
			err = usagef("--all: the configuration lists no domain of your own; write providers: with domains:")
		}
		return count, own.All(ctx), err
	case l.file == "":
		return len(args), each(args), nil
	}
	count, domains, err := fileValues(l.file, a.stdin, parseDomain)
	if err == nil && count == 0 {
		err = usagef("--file %s: it lists no domain", l.file)
	}
	return count, domains, err
}
