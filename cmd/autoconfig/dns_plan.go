package main

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"autoconfig/dnssrv"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/service"
)

// plannedDomain is one domain in `dns plan --json`.
type plannedDomain struct {
	Domain  string         `json:"domain"`
	Records []dnssrv.Parts `json:"records"`
	Notes   []string       `json:"notes,omitempty"`

	zone  []dnssrv.RR
	found []finding.Finding // why there is no plan
	fatal error             // wrong for every domain
}

type dnsPlan struct {
	*app
	plan   planFlags
	list   domainList
	format string
	shape  dnssrv.FormatOptions
	out    *printer
}

func (a *app) dnsPlanCommand() *cobra.Command {
	d := &dnsPlan{app: a, format: "table"}
	words := append([]string{"table", jsonFormat}, dnssrv.Formats()...)
	cmd := newCommand("dns plan", "DOMAIN…|--all|--file FILE", d.run)
	d.plan.flags(cmd)
	d.list.flags(cmd, "plan")
	f := cmd.Flags()
	f.Var(wordFlag(&d.format, words), "format", provider.OrList(words)+" (--json is the same as --format json)")
	of := dnssrv.TerraformProviders()
	f.Var(wordFlag(&d.shape.Terraform, of), "terraform-provider",
		"whose resources --format terraform writes: "+provider.OrList(of)+" (default "+of[0]+")")
	f.Var(parsedFlag(&d.shape.Zone, parseDomain), "zone", "the `zone` that labels are relative to (default: the domain)")
	return cmd
}

func (d *dnsPlan) run(ctx context.Context, args []string) error {
	if d.json {
		d.format = jsonFormat
	}
	args, err := d.list.args("plan", args)
	if err != nil {
		return err
	}
	if err := d.load(); err != nil {
		return err
	}
	options := d.plan.options(d.cfg)
	d.out = d.printer(textFormat)
	if d.list.many() {
		return d.each(ctx, options)
	}
	var planned []plannedDomain // all of them before the first line is printed
	for _, domain := range args {
		if err := d.outside(domain); err != nil {
			return err
		}
		plan, err := d.planOf(ctx, domain, options)
		if err != nil {
			return err
		}
		planned = append(planned, plan)
	}
	for i, p := range planned {
		if err := d.print(p, i > 0); err != nil {
			return err
		}
	}
	return nil
}

// each plans the domains of a list, and prints each plan as it comes.
func (d *dnsPlan) each(ctx context.Context, options dnssrv.PlanOptions) error {
	own := service.NewOwnDomains(d.data)
	expected, domains, err := d.domains(ctx, d.list, own, nil)
	if err != nil {
		return err
	}
	count, failed := 0, 0
	bar := newProgress(d.stderr, expected)
	if _, seen := terminal(d.stdout); seen {
		bar = newProgress(io.Discard, expected) // the plans are seen already
	}
	err = eachInOrder(ctx, bar, domains, checkedAtOnce, func(ctx context.Context, domain string) plannedDomain {
		plan := d.planListed(ctx, own, domain, options)
		if err := d.outside(domain); err != nil {
			plan.found = []finding.Finding{finding.New("dns-plan-failed", domain).Because("%v", err)}
		}
		return plan
	}, func(plan plannedDomain) error {
		count++
		switch {
		case plan.fatal != nil:
			return plan.fatal
		case len(plan.found) > 0:
			failed++
			d.printFindings(plan.found)
			return nil
		}
		return d.print(plan, count-failed > 1)
	})
	if failed > 0 {
		fmt.Fprintf(d.stderr, "%s: %d planned, %d with errors\n", plural(count, "domain"), count-failed, failed)
	}
	return cmp.Or(err, silent(failed > 0))
}

// planNotes says what the operator or a vendor does rather than the plan.
func planNotes(domain string, p *provider.Provider, o dnssrv.PlanOptions) []string {
	var out []string
	if name := dnssrv.OwnAddress(domain, o.HostOf(p)); name != "" {
		out = append(out, name+" is the service host itself: give it A and AAAA records with its addresses, no CNAME")
	}
	if p.Vendor != nil {
		out = append(out, fmt.Sprintf("MX, SPF and autodiscover.%s stay as %s prescribes them: "+
			"dns check verifies them, nothing replaces them", domain, p.Name))
	}
	return out
}

// outside is the error of a domain that does not lie in the zone of --zone.
func (d *dnsPlan) outside(domain string) error {
	if d.shape.Zone == "" || provider.Below(domain, d.shape.Zone) {
		return nil
	}
	return usagef("%s is not in the zone %s of --zone", domain, d.shape.Zone)
}

func (d *dnsPlan) print(p plannedDomain, another bool) error {
	switch d.format {
	case jsonFormat:
		return d.printJSON(p)
	case "table":
		if another {
			fmt.Fprintln(d.stdout)
		}
		return d.out.print("plan", p)
	}
	shape := d.shape
	shape.Further = another
	for _, note := range p.Notes {
		fmt.Fprintf(d.stderr, "%s: %s\n", p.Domain, note)
	}
	return dnssrv.WriteFormat(d.stdout, d.format, p.Domain, p.zone, shape)
}
