package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/spf13/cobra"

	"autoconfig/dnssrv"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/service"
)

const checkedAtOnce = 16

type dnsCheck struct {
	*app
	plan          planFlags
	network       network
	list          domainList
	authoritative bool
	rate          float64
	format        string

	checker *service.RecordCheck
}

func (a *app) dnsCheckCommand() *cobra.Command {
	c := &dnsCheck{app: a}
	cmd := newCommand("dns check", "DOMAIN…|--all|--file FILE", c.run)
	c.plan.flags(cmd)
	c.network.flags(cmd)
	c.list.flags(cmd, "check")
	c.formatFlag(cmd, &c.format, manualFormat+" (for a panel: what is there next to what should be, field by field)")
	f := cmd.Flags()
	f.BoolVar(&c.authoritative, "authoritative", false, "ask every name server of the zone")
	f.Float64Var(&c.rate, "rate", 2000, "most questions a `second` to one server; 0: no limit")
	return cmd
}

func (c *dnsCheck) run(ctx context.Context, args []string) error {
	args, err := c.list.args("check", args)
	if err != nil {
		return err
	}
	if c.rate < 0 {
		return usagef("--rate %g: write how many questions a second, or 0", c.rate)
	}
	if err := c.load(); err != nil {
		return err
	}
	client := c.network.dnsClient(c.cfg, c.rate)
	neighbours := service.Neighbours(c.cfg, c.network.asking(client))
	c.checker = service.NewRecordCheck(c.data, client, c.plan.options(c.cfg), c.authoritative, neighbours)
	count, domains, err := c.domains(ctx, c.list, c.checker.OwnDomains, args)
	if err != nil {
		return err
	}
	return c.stream(ctx, count, domains)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// stream checks domains and prints each report as it comes, in order. What a kind of finding means is said once, after
// the last domain.
func (c *dnsCheck) stream(ctx context.Context, expected int, domains iter.Seq2[string, error]) error {
	var total finding.Summary
	var met []finding.Finding // the first of each kind
	count, broken := 0, 0
	out := c.printer(c.format)
	show := func(r service.Checked) error {
		if r.Err != nil && !errors.Is(r.Err, provider.ErrUnavailable) { // wrong for every domain
			return c.planError(r.Err)
		}
		count++
		s := r.Report.Summary
		broken += b2i(s.Fail > 0)
		total.OK, total.Warn, total.Fail = total.OK+s.OK, total.Warn+s.Warn, total.Fail+s.Fail
		switch {
		case c.json:
			return c.printJSON(r.Report)
		case c.format == manualFormat:
			return c.manual(out, r.Report)
		case expected == 1:
			return out.report(r.Report.Domain, []finding.Group{{Findings: r.Report.Findings}}, skipped)
		}
		met = firstOfEach(met, r.Report.Findings)
		return out.brief(r.Report)
	}
	bar := newProgress(c.stderr, expected)
	if err := eachInOrder(ctx, bar, domains, checkedAtOnce, c.checker.Domain, show); err != nil {
		return err
	}
	out.explain(met)
	return errors.Join(out.err, c.total(count, broken, total, expected == 1))
}

func (c *dnsCheck) total(count, broken int, total finding.Summary, single bool) error {
	if !single {
		w := c.stdout
		if c.json {
			w = c.stderr
		}
		fmt.Fprintf(w, "%s: %d with errors (%s), %s, %d fine\n", plural(count, "domain"), broken,
			plural(total.Fail, "error"), plural(total.Warn, "warning"), total.OK)
	}
	return silent(total.Fail > 0)
}

// manualFormat is the form for people at a provider's panel.
const manualFormat = "manual"

// manual prints the planned records next to what is there, and what else is to be said, a line each.
func (c *dnsCheck) manual(out *printer, r finding.Report) error {
	var list []dnssrv.Comparison
	var others []finding.Finding
	seen := map[string]bool{}
	for _, f := range r.Findings {
		key := f.Name + " " + f.Type
		switch places := dnssrv.Planned(f.Want) || dnssrv.Planned(f.Got); {
		case places && !seen[key]:
			seen[key] = true
			list = append(list, dnssrv.Comparison{
				Want: f.Want, Got: f.Got, Fine: f.Level == finding.OK, Unknown: f.Status == "error"})
			if f.ID != "dns-record-missing" && f.ID != "dns-record-differs" {
				others = append(others, f)
			}
		default:
			others = append(others, f)
		}
	}
	out.summary(r.Domain, r.Summary)
	if len(list) > 0 && out.err == nil {
		out.err = dnssrv.WriteComparison(c.stdout, r.Domain, list, c.authoritative)
	}
	out.list(slices.DeleteFunc(others, fine))
	return out.err
}

// brief prints the report of one of many domains: what is wrong, and the missing records.
func (p *printer) brief(r finding.Report) error {
	if r.Summary.Fail+r.Summary.Warn > 0 {
		p.summary(r.Domain, r.Summary)
		p.list(slices.DeleteFunc(slices.Clone(r.Findings), fine))
		p.records(r.Findings)
		p.printf("\n")
	}
	return p.err
}

func skipped(f finding.Finding) bool { return f.Level == finding.Skipped }

func fine(f finding.Finding) bool { return f.Level == finding.OK || f.Level == finding.Skipped }

// firstOfEach adds the kinds of findings that were not met before, in the words of the catalogue.
func firstOfEach(met, found []finding.Finding) []finding.Finding {
	for _, f := range found {
		if !fine(f) && !slices.ContainsFunc(met, func(m finding.Finding) bool { return m.ID == f.ID }) {
			general := finding.New(f.ID, "")
			general.Level = f.Level
			met = append(met, general)
		}
	}
	return met
}
