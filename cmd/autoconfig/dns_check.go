package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/service"
)

// checkedAtOnce is how many domains are looked at at a time.
const checkedAtOnce = 16

// dnsCheck is one run of `dns check`.
type dnsCheck struct {
	*app
	plan          planFlags
	network       network
	all           bool
	file          string
	authoritative bool
	rate          float64

	cfg     *config.Config
	data    *config.Data
	checker *service.RecordCheck
}

func (a *app) dnsCheckCommand() *cobra.Command {
	c := &dnsCheck{app: a}
	cmd := &cobra.Command{
		Use:   "check DOMAIN…|--all|--file FILE",
		Short: "Look at what is published and say what to mend",
		Long: `Check compares the records of your own domains with their plan. Any other
domain is observed: what is published, and whether it is consistent in itself,
with the mail exchangers and with the built-in providers. MX, SPF, DKIM and DMARC
are looked at and never planned.

It asks the resolvers, or with --authoritative every name server of the zone,
and then finds servers that disagree as well. The exit status is 1 if anything
must be mended, 0 if there are warnings at most.`,
		Example: "  autoconfig dns check example.org\n  autoconfig dns check --all --json | jq -c 'select(.summary.fail > 0)'",
		RunE: ran(func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), args)
		}),
	}
	c.plan.flags(cmd)
	c.network.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&c.all, "all", false, "check every domain of the configuration")
	f.StringVar(&c.file, "file", "", "check the domains in this `file`, one a line, # comments; - is standard input")
	f.BoolVar(&c.authoritative, "authoritative", false, "ask every name server of the zone")
	f.Float64Var(&c.rate, "rate", 2000, "most questions a `second` to one server; 0: no limit")
	return cmd
}

func (c *dnsCheck) run(ctx context.Context, args []string) error {
	args, err := domainArgs(args)
	if err != nil {
		return err
	}
	switch chosen := b2i(len(args) > 0) + b2i(c.all) + b2i(c.file != ""); {
	case chosen == 0:
		return usagef("no domain given; write the domains to check, or --all, or --file FILE")
	case chosen > 1:
		return usagef("domains, --all and --file FILE exclude one another; write the domains to check, or --all, or --file FILE")
	}
	if c.rate < 0 {
		return usagef("--rate %g: write how many questions a second, or 0", c.rate)
	}
	if c.cfg, c.data, err = c.load(); err != nil {
		return err
	}
	client := c.network.dnsClient(c.cfg, c.rate)
	c.checker = service.NewRecordCheck(c.data, client, c.plan.options(c.cfg), c.authoritative)
	list, err := c.domains(ctx, args)
	if err != nil {
		return err
	}
	defer list.close()
	return c.stream(ctx, list)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// stream checks domains and prints each report as it comes, in order.
func (c *dnsCheck) stream(ctx context.Context, list *domainList) error {
	var total finding.Summary
	count, broken := 0, 0
	bar := newProgress(c.stderr, list.count)
	defer bar.clear()
	for r := range query.InOrder(ctx, list.all(), checkedAtOnce, c.checker.Domain) {
		if r.Err != nil {
			return planError(c.cfg, r.Err)
		}
		if ctx.Err() != nil {
			break // what is under way ended early and tells nothing
		}
		count++
		if r.Report.Summary.Fail > 0 {
			broken++
		}
		total.OK += r.Report.Summary.OK
		total.Warn += r.Report.Summary.Warn
		total.Fail += r.Report.Summary.Fail
		total.Skipped += r.Report.Summary.Skipped
		bar.clear()
		if err := c.print(r.Report, list.count == 1); err != nil {
			return err
		}
		bar.step(count)
	}
	bar.clear()
	if err := errors.Join(list.err, ctx.Err()); err != nil {
		return err
	}
	return c.summary(count, broken, total, list.count == 1)
}

func (c *dnsCheck) summary(count, broken int, total finding.Summary, single bool) error {
	if !single {
		w := c.stdout
		if c.json {
			w = c.stderr
		}
		fmt.Fprintf(w, "%d domains: %d to mend (%d findings), %d warnings, %d fine\n", count, broken, total.Fail, total.Warn, total.OK)
	}
	if total.Fail > 0 {
		return errSilent
	}
	return nil
}

func (c *dnsCheck) print(r finding.Report, single bool) error {
	if c.json {
		return json.NewEncoder(c.stdout).Encode(r)
	}
	return printReport(c.stdout, r, single)
}

// printReport prints a report for people: what to mend first. Among many
// domains what is fine is only counted.
func printReport(w io.Writer, r finding.Report, single bool) error {
	s := r.Summary
	if !single && s.Fail+s.Warn == 0 {
		return nil
	}
	out := &errWriter{w: w}
	out.printf("%s: %d to mend, %d warnings, %d fine\n", r.Domain, s.Fail, s.Warn, s.OK)
	for _, level := range []finding.Level{finding.Fail, finding.Warn, finding.OK, finding.Skipped} {
		for f := range ofLevel(r.Findings, level) {
			switch {
			case level == finding.Fail || level == finding.Warn:
				out.fault(f)
			case single:
				out.printf("  %-4s  %s: %s\n", levelWords[level], f.Subject, title(f))
			}
		}
	}
	return out.err
}

var levelWords = map[finding.Level]string{finding.Fail: "FAIL", finding.Warn: "warn", finding.OK: "ok", finding.Skipped: "-"}

func ofLevel(list []finding.Finding, level finding.Level) iter.Seq[finding.Finding] {
	return func(yield func(finding.Finding) bool) {
		for _, f := range list {
			if f.Level == level && !yield(f) {
				return
			}
		}
	}
}

func title(f finding.Finding) string {
	e, _ := finding.Lookup(f.ID) // every finding is made from an entry
	return e.Title
}

// errWriter keeps the first error of several writes.
type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) printf(format string, args ...any) {
	if e.err == nil {
		_, e.err = fmt.Fprintf(e.w, format, args...)
	}
}

func (e *errWriter) fault(f finding.Finding) {
	rcode := ""
	if f.RCode != "" && f.RCode != "NOERROR" {
		rcode = " (" + f.RCode + ")"
	}
	e.printf("  %s  %s: %s%s [%s]\n        %s\n", levelWords[f.Level], f.Subject, title(f), rcode, f.ID, f.Cause)
	for _, line := range f.Got {
		e.printf("        published:  %s\n", line)
	}
	for _, line := range f.Want {
		if !slices.Contains(f.Got, line) {
			e.printf("        to publish: %s\n", line)
		}
	}
	e.printf("        do: %s\n", f.Fix)
}
