package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/publish"
	"autoconfig/finding"
	"autoconfig/provider"
)

// dnsPublish is one run of `dns publish`.
type dnsPublish struct {
	*app
	plan     planFlags
	network  network
	keyFile  string
	keyName  string
	server   []string // the last one
	zone     string
	dryRun   bool
	yes      bool
	wait     time.Duration
	answers  *bufio.Reader
	failures bool
}

// publishedZone is one zone in `dns publish --json`.
type publishedZone struct {
	Zone      string            `json:"zone,omitempty"`
	Server    string            `json:"server,omitempty"`
	Changes   []publishedChange `json:"changes"`
	Published bool              `json:"published"`
	Findings  []finding.Finding `json:"findings"`
}

type publishedChange struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Remove []string `json:"remove,omitempty"` // records in zone form
	Add    []string `json:"add,omitempty"`
}

func (a *app) dnsPublishCommand() *cobra.Command {
	d := &dnsPublish{app: a}
	cmd := &cobra.Command{
		Use:   "publish DOMAIN…",
		Short: "Bring a zone to its plan by dynamic update",
		Long: `Publish compares the plan of each domain with what the primary server of its
zone has, shows the difference, asks, and sends it as one update (RFC 2136)
signed with a TSIG key (RFC 8945). The server carries an update out whole or not
at all, and refuses it when a record is no longer what was shown. Only records
of the plan are touched.

The zone and its primary server are found by the SOA record; --server and --zone
say otherwise, for a hidden primary or a zone that is not public yet. Afterwards
the primary and then every other name server of the zone are asked for the
records; one that cannot be asked or lags behind is only a warning.

The key file is as BIND writes it (tsig-keygen), or one line
name:algorithm:secret, and nobody but its owner may read it.`,
		Example: "  autoconfig dns publish example.org --tsig-file /etc/autoconfig/tsig.key --dry-run\n  autoconfig dns publish example.org --tsig-file tsig.key --server ns1.example.org:53",
		RunE:    ran(func(cmd *cobra.Command, args []string) error { return d.run(cmd.Context(), args) }),
	}
	d.plan.flags(cmd)
	d.network.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&d.keyFile, "tsig-file", "", "sign with the TSIG key in this `file`")
	f.StringVar(&d.keyName, "tsig-key", "", "the `name` of the key, when the file has several")
	f.Var(&flagValue{set: serverFlag(&d.server)}, "server", "the primary server at `HOST[:PORT]` (default: the one the SOA record names)")
	f.StringVar(&d.zone, "zone", "", "the `zone` to update (default: found by its SOA record)")
	f.BoolVar(&d.dryRun, "dry-run", false, "show the changes and send nothing")
	f.BoolVar(&d.yes, "yes", false, "do not ask before publishing")
	f.DurationVar(&d.wait, "wait", 15*time.Second, "how `long` servers get to show what was published")
	_ = cmd.MarkFlagFilename("tsig-file") // fails for a flag that does not exist
	return cmd
}

func (d *dnsPublish) run(ctx context.Context, args []string) error {
	domains, err := domainArgs(args)
	if err != nil {
		return err
	}
	options, err := d.options()
	if err != nil {
		return err
	}
	cfg, data, err := d.load()
	if err != nil {
		return err
	}
	var plans []publish.DomainPlan
	for _, domain := range domains { // all of them before the first question is asked
		planOptions := d.plan.options(cfg)
		p, records, err := d.planOf(ctx, cfg, data, domain, planOptions)
		if err != nil {
			return err
		}
		for _, note := range planNotes(domain, p, planOptions) {
			fmt.Fprintf(d.stderr, "%s: %s\n", domain, note)
		}
		plans = append(plans, publish.DomainPlan{Domain: domain, Records: records})
	}
	client := d.network.dnsClient(cfg, 0)
	d.answers = bufio.NewReader(d.stdin)
	publisher := publish.New(client, options)
	updates, found := publisher.Prepare(ctx, plans)
	if len(found) > 0 {
		err = d.report(publishedZone{Findings: found})
	}
	for _, u := range updates {
		if ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		err = errors.Join(err, d.publish(ctx, publisher, u))
	}
	return cmp.Or(err, silent(d.failures))
}

// primary is the server of the last --server, or "".
func (d *dnsPublish) primary() string {
	if len(d.server) == 0 {
		return ""
	}
	return d.server[len(d.server)-1]
}

// options reads the flags. What would keep an update from being sent is said
// before anything is asked.
func (d *dnsPublish) options() (publish.Options, error) {
	o := publish.Options{Server: d.primary(), Zone: d.zone, Wait: max(d.wait, 1)} // 0 would be the default
	if zone, err := provider.ParseDomain(d.zone); err == nil {                    // else a zone of one label, or nonsense that no name lies in
		o.Zone = zone
	}
	if _, asked := terminal(d.stdin); !d.dryRun && !d.yes && !asked {
		return o, usagef("publish asks before it writes, and there is no terminal to ask on; look with --dry-run, then give --yes")
	}
	if d.keyFile == "" {
		if d.dryRun {
			return o, nil // nothing is signed
		}
		return o, usagef("write --tsig-file FILE: updates are signed with a TSIG key; tsig-keygen autoconfig makes one")
	}
	keys, err := publish.LoadKeys(d.keyFile)
	if err != nil {
		return o, usagef("--tsig-file: %w", err)
	}
	if o.Key, err = publish.PickKey(keys, d.keyName); err != nil {
		return o, usagef("--tsig-file %s: %w", d.keyFile, err)
	}
	return o, nil
}

// publish shows one zone's changes, asks, sends them and reports.
func (d *dnsPublish) publish(ctx context.Context, p *publish.Publisher, u *publish.ZoneUpdate) error {
	zone := strings.TrimSuffix(u.Zone, ".")
	out := publishedZone{Zone: zone, Server: u.Server, Findings: u.Findings}
	for _, c := range u.Changes {
		out.Changes = append(out.Changes, jsonChange(c))
	}
	d.show(u, zone)
	if !u.Ready() || d.dryRun {
		return d.report(out)
	}
	if !d.yes && !d.agreed(ctx, u.Count(), zone) {
		fmt.Fprintf(d.stderr, "%s: not published\n", zone)
		d.failures = true
		return d.report(out)
	}
	out.Findings = p.Publish(ctx, u)
	out.Published = slices.ContainsFunc(out.Findings, func(f finding.Finding) bool { return f.Level == finding.OK })
	if out.Published {
		if !d.json {
			fmt.Fprintf(d.stdout, "%s: published %s at %s\n", zone, plural(u.Count(), "change"), u.Server)
		}
		out.Findings = append(out.Findings, p.Verify(ctx, u)...)
	}
	return d.report(out)
}

// show prints the difference: on stdout, or next to JSON on stderr, where a
// person is asked.
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

// agreed asks on the terminal whether to publish. Neither an interrupt nor the
// end of the input is a yes.
func (d *dnsPublish) agreed(ctx context.Context, count int, zone string) bool {
	which := "this"
	if count > 1 {
		which = "these"
	}
	fmt.Fprintf(d.stderr, "Publish %s %s to zone %s? [y/N] ", which, plural(count, "change"), zone)
	answer, err := interruptible(ctx, func() (string, error) { return d.answers.ReadString('\n') })
	if ctx.Err() != nil {
		fmt.Fprintln(d.stderr)
		return false
	}
	return (err == nil || errors.Is(err, io.EOF)) && slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer)))
}

// report prints the findings: as JSON with all else, or those to act on.
func (d *dnsPublish) report(out publishedZone) error {
	for _, f := range out.Findings {
		d.failures = d.failures || f.Level == finding.Fail
	}
	if d.json {
		out.Changes, out.Findings = array(out.Changes), array(out.Findings)
		return json.NewEncoder(d.stdout).Encode(out)
	}
	for _, f := range out.Findings {
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

func jsonChange(c publish.Change) publishedChange {
	return publishedChange{strings.TrimSuffix(c.Name, "."), c.TypeName(), dnssrv.Lines(c.Remove), dnssrv.Lines(c.Add)}
}
