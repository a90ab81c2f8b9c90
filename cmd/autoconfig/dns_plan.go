package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"autoconfig/dnssrv"
	"autoconfig/provider"
)

// plannedDomain is one domain in `dns plan --json`.
type plannedDomain struct {
	Domain  string       `json:"domain"`
	Records []dnssrv.Row `json:"records"`
	Notes   []string     `json:"notes,omitempty"`

	zone []dnssrv.RR
}

func (a *app) dnsPlanCommand() *cobra.Command {
	var flags planFlags
	format := "table"
	cmd := &cobra.Command{
		Use:   "plan DOMAIN…",
		Short: "List the records a domain should have",
		Long: `Plan lists every record that leads clients from a domain to its settings:
service records for mail, ManageSieve, JMAP and DAV, the host names of
autoconfig, Autodiscover and PACC, and the digest of the PACC document. Where a
mail service is not offered it plans the record that says so (RFC 6186), of the
kind negative. It asks no network but to find a provider by its mail exchanger.

The zone form can be included in a zone file; it has no SOA and no NS.`,
		Example: "  autoconfig dns plan example.org\n  autoconfig dns plan example.org --format zone --without negative",
	}
	flags.flags(cmd)
	wordVar(cmd, &format, []string{"table", "zone", "json"}, "format", "table, zone or json (--json is the same)")
	cmd.RunE = ran(func(cmd *cobra.Command, args []string) error {
		if a.json {
			format = "json"
		}
		return a.dnsPlan(cmd, args, flags, format)
	})
	return cmd
}

func (a *app) dnsPlan(cmd *cobra.Command, args []string, flags planFlags, format string) error {
	domains, err := domainArgs(args)
	if err != nil {
		return err
	}
	cfg, data, err := a.load()
	if err != nil {
		return err
	}
	options := flags.options(cfg)
	var planned []plannedDomain // all of them before the first line is printed
	for _, domain := range domains {
		p, records, err := a.planOf(cmd.Context(), cfg, data, domain, options)
		if err != nil {
			return err
		}
		planned = append(planned, plannedDomain{domain, dnssrv.Rows(records), planNotes(domain, p, options), records})
	}
	for i, d := range planned {
		if err := a.printPlan(d, format, i > 0); err != nil {
			return err
		}
	}
	return nil
}

// planNotes says what the operator or a vendor does rather than the plan.
func planNotes(domain string, p *provider.Provider, o dnssrv.PlanOptions) []string {
	var out []string
	if name := dnssrv.OwnAddress(domain, o.ServiceHost); name != "" {
		out = append(out, name+" is the service host itself: give it A and AAAA records with its addresses, no CNAME")
	}
	if p.Vendor != nil {
		out = append(out, fmt.Sprintf("MX, SPF and autodiscover.%s stay as %s prescribes them: dns check verifies them, nothing replaces them", domain, p.Name))
	}
	return out
}

func (a *app) printPlan(d plannedDomain, format string, further bool) error {
	switch format {
	case "json":
		return json.NewEncoder(a.stdout).Encode(d)
	case "zone":
		for _, note := range d.Notes {
			fmt.Fprintf(a.stderr, "%s: %s\n", d.Domain, note)
		}
		return dnssrv.WriteZone(a.stdout, d.Domain, d.zone)
	}
	if further {
		fmt.Fprintln(a.stdout)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KIND\tNAME\tTTL\tTYPE\tDATA")
	for _, r := range d.Records {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\n", r.Kind, r.Name, r.TTL, r.Type, r.Data)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, note := range d.Notes {
		fmt.Fprintln(a.stdout, "Note: "+note)
	}
	return nil
}
