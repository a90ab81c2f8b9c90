package main

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/publish"
	"autoconfig/finding"
)

// publishedZone is one zone in `dns publish --json`.
type publishedZone struct {
	Domain    string            `json:"domain,omitempty"` // of a list
	Zone      string            `json:"zone,omitempty"`
	Server    string            `json:"server,omitempty"`
	Changes   []publishedChange `json:"changes"`
	Published bool              `json:"published"`
	Findings  []finding.Finding `json:"findings"`

	update *publish.ZoneUpdate // nil: there is none
	tried  bool                // to make the changes
}

type publishedChange struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Remove []string `json:"remove,omitempty"` // records in zone form
	Add    []string `json:"add,omitempty"`
}

// publishJob is what is prepared together: the domains of a command line, so that those of one zone share an update, or
// one domain of a list.
type publishJob struct {
	plans []publish.DomainPlan
	zones []*publishedZone
	fatal error // wrong for every domain
	known bool  // done in an earlier run
}

type publishTotal struct{ domains, published, changes, same, failed, known int }

// publishedAtOnce is how many domains of a list are under way.
const publishedAtOnce = 4

// some publishes the domains of a command line; every plan is made before the first question is asked.
func (d *dnsPublish) some(ctx context.Context, domains []string) error {
	var job publishJob
	for _, domain := range domains {
		planned, err := d.planOf(ctx, domain, d.plan.options(d.cfg))
		if err != nil {
			return err
		}
		for _, note := range planned.Notes {
			fmt.Fprintf(d.stderr, "%s: %s\n", domain, note)
		}
		if plan := (publish.DomainPlan{Domain: domain, Records: planned.zone}); d.done.has(plan) {
			fmt.Fprintf(d.stderr, "%s: done before (--since %s)\n", domain, d.since)
		} else {
			job.plans = append(job.plans, plan)
		}
	}
	d.prepare(ctx, &job)
	return cmp.Or(d.finish(ctx, &job), silent(d.total.failed > 0))
}

// each publishes the domains of a list, a few at a time. One that fails does not stop the rest.
func (d *dnsPublish) each(ctx context.Context, expected int, domains iter.Seq2[string, error]) error {
	workers := publishedAtOnce
	if d.options.Exec != "" || !d.yes && !d.dryRun {
		workers = 1 // a command may not expect company, and a person is asked about one zone after the other
	}
	return eachInOrder(ctx, newProgress(d.stderr, expected), domains, workers, d.work, func(job *publishJob) error {
		if job.fatal != nil {
			return job.fatal
		}
		return d.finish(ctx, job)
	})
}

// work does for one domain of a list all that needs nobody's answer.
func (d *dnsPublish) work(ctx context.Context, domain string) *publishJob {
	job := &publishJob{}
	plan := d.planListed(ctx, d.own, domain, d.plan.options(d.cfg))
	switch {
	case plan.fatal != nil:
		job.fatal = plan.fatal
	case len(plan.found) > 0:
		job.zones = []*publishedZone{{Domain: domain, Findings: plan.found}}
	case d.done.has(publish.DomainPlan{Domain: domain, Records: plan.zone}):
		job.known = true
	default:
		job.plans = []publish.DomainPlan{{Domain: domain, Records: plan.zone}}
		d.prepare(ctx, job)
		for _, z := range job.zones {
			z.Domain = domain
			if z.update != nil && z.update.Ready() && d.yes && !d.dryRun && ctx.Err() == nil {
				d.carryOut(ctx, z)
			}
		}
	}
	return job
}

func (d *dnsPublish) prepare(ctx context.Context, job *publishJob) {
	updates, found := d.publisher.Prepare(ctx, job.plans)
	if len(found) > 0 {
		job.zones = append(job.zones, &publishedZone{Findings: found})
	}
	for _, u := range updates {
		z := &publishedZone{Zone: strings.TrimSuffix(u.Zone, "."), Server: u.Server, Findings: u.Findings, update: u}
		for _, c := range u.Changes {
			z.Changes = append(z.Changes, publishedChange{strings.TrimSuffix(c.Name, "."), c.TypeName(),
				dnssrv.Lines(c.Remove), dnssrv.Lines(c.Add)})
		}
		job.zones = append(job.zones, z)
	}
}

func (d *dnsPublish) carryOut(ctx context.Context, z *publishedZone) {
	z.tried, z.Findings = true, d.publisher.Publish(ctx, z.update)
	z.Published = slices.ContainsFunc(z.Findings, func(f finding.Finding) bool { return f.Level == finding.OK })
	result := "failed"
	if z.Published {
		result = "ok"
	}
	d.audit.Log("publish", slog.String("zone", z.Zone), slog.String("at", z.Server),
		slog.Int("changes", z.update.Count()), slog.String("result", result),
		slog.String("by", cmp.Or(d.env.Get("SUDO_USER"), d.env.Get("USER"))))
	if z.Published && d.servers {
		z.Findings = append(z.Findings, d.publisher.Verify(ctx, z.update)...)
	}
}

// finish shows what a job is about, asks where a person is to be asked, and reports.
func (d *dnsPublish) finish(ctx context.Context, job *publishJob) error {
	d.total.domains += max(len(job.plans), 1)
	d.total.known += b2i(job.known)
	failed := d.total.failed
	for _, z := range job.zones {
		if err := ctx.Err(); err != nil && !z.Published {
			return err
		}
		if err := d.finishZone(ctx, z); err != nil {
			return err
		}
	}
	if d.total.failed == failed && !d.dryRun {
		return d.done.add(job.plans)
	}
	return nil
}

func (d *dnsPublish) finishZone(ctx context.Context, z *publishedZone) error {
	u := z.update
	if u == nil {
		d.total.failed++
		return d.report(z)
	}
	if !d.list.many() || d.dryRun || !d.yes {
		d.show(u, z.Zone)
	}
	if u.Ready() && !d.dryRun && !z.tried {
		which := map[bool]string{true: "these", false: "this"}[u.Count() > 1]
		if !d.yes && !d.agreed(ctx, "Publish %s %s to zone %s?", which, plural(u.Count(), "change"), z.Zone) {
			fmt.Fprintf(d.stderr, "%s: not published\n", z.Zone)
			d.total.failed++
			return d.report(z)
		}
		d.carryOut(ctx, z)
	}
	switch {
	case z.Published:
		d.total.published++
		d.total.changes += u.Count()
		if !d.json {
			fmt.Fprintf(d.stdout, "%s: published %s at %s\n", z.Zone, plural(u.Count(), "change"), u.Server)
		}
	case u.Count() == 0 && len(z.Findings) == 0:
		d.total.same++
	}
	d.total.failed += b2i(finding.Summarize(z.Findings).Fail > 0)
	return d.report(z)
}

// show prints the difference: on stdout, or next to JSON on stderr, where a person is asked.
func (d *dnsPublish) show(u *publish.ZoneUpdate, zone string) {
	w := d.stdout
	if d.json {
		if d.dryRun || d.yes {
			return
		}
		w = d.stderr
	}
	switch {
	case u.Count() > 0:
		fmt.Fprintf(w, "Zone %s at %s:\n", zone, u.Server)
	case len(u.Findings) == 0:
		fmt.Fprintf(w, "%s: nothing to do\n", zone)
	}
	for _, c := range u.Changes {
		for _, line := range c.Lines() {
			fmt.Fprintln(w, line)
		}
	}
}

// report prints the findings: as JSON with all else, or those to act on.
func (d *dnsPublish) report(z *publishedZone) error {
	if d.json {
		z.Changes, z.Findings = array(z.Changes), array(z.Findings)
		return d.printJSON(z)
	}
	for _, f := range z.Findings {
		if f.Level == finding.OK {
			continue
		}
		d.printFindings([]finding.Finding{f})
		for _, record := range f.Got {
			fmt.Fprintf(d.stderr, "  there now: %s\n", record)
		}
	}
	return nil
}

func (d *dnsPublish) summary() error {
	w := d.stdout
	if d.json {
		w = d.stderr
	}
	t := d.total
	fmt.Fprintf(w, "%s: %d published (%s), %d with nothing to do, %d with errors",
		plural(t.domains, "domain"), t.published, plural(t.changes, "change"), t.same, t.failed)
	if t.known > 0 {
		fmt.Fprintf(w, ", %d done before", t.known)
	}
	fmt.Fprintln(w)
	return silent(t.failed > 0)
}
