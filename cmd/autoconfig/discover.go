package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/discover"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/source"
)

// discoveredAtOnce is how many addresses of a file are looked at at a time. Each has up to a hundred questions and
// requests under way.
const discoveredAtOnce = 4

type discovery struct {
	*app
	network network
	clients []string // none: all
	trace   bool
	file    string
	format  string

	env *discover.Env
}

// discoverJSON is what --json prints for one address.
type discoverJSON struct {
	*discover.Report
	Findings []finding.Finding `json:"findings"`
}

func (a *app) discoverCommand() *cobra.Command {
	d := &discovery{app: a}
	names, programs := []string{}, strings.Builder{}
	for _, c := range discover.Clients() {
		names = append(names, c.Name)
		fmt.Fprintf(&programs, "\n  %-20s %s", c.Name, c.Checked)
	}
	cmd := newCommand("discover", "ADDRESS|--file FILE", d.run)
	cmd.Long += programs.String()
	d.network.discoveryFlags(cmd)
	d.formatFlag(cmd, &d.format)
	f := cmd.Flags()
	f.Var(wordsFlag(&d.clients, "all", append(names, "all")), "client", "the `program` to be, or all (repeatable)")
	f.BoolVar(&d.trace, "trace", false, "show every step of every program")
	f.StringVar(&d.file, "file", "",
		"look at the addresses or domains in this `file`, one a line, # comments; - is standard input")
	return cmd
}

func (d *discovery) run(ctx context.Context, args []string) error {
	if len(args) == 0 && d.file == "" {
		return usagef("no address given; write an ADDRESS, or --file FILE")
	}
	if len(args) > 1 || len(args) == 1 && d.file != "" {
		return usagef("%q is one argument too many; write one ADDRESS, or --file FILE", args[len(args)-1])
	}
	if slices.Contains(d.clients, "all") {
		d.clients = nil
	}
	if err := d.load(); err != nil {
		return err
	}
	d.env = d.network.environment(d.cfg)
	if d.file != "" {
		return d.stream(ctx)
	}
	addr, err := typedAddress(args[0])
	if err != nil {
		return err
	}
	r := d.one(ctx, addr)
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return cmp.Or(d.print(r, true), silent(r.broken()))
}

// broken reports what makes the exit status 1: no program finds anything, or what is published is at fault.
func (r discoverJSON) broken() bool { return !r.Found() || finding.Summarize(r.Findings).Fail > 0 }

// one looks at one address and compares it with the model, if it is served.
func (d *discovery) one(ctx context.Context, addr provider.Address) discoverJSON {
	r, err := discover.Run(ctx, d.env, addr, d.clients...)
	if err != nil {
		panic(err) // the names were looked at before
	}
	meant, err := d.data.All().Lookup(ctx, provider.Address{Domain: addr.Domain})
	if err != nil {
		meant = nil // not served here: there is nothing it should be
	}
	r.Compare(meant)
	found := r.Findings(meant, source.NewMXTable(d.data.Providers).ByHosts(r.MX()))
	if !d.trace {
		r.DropTrace()
	}
	return discoverJSON{r, array(found)}
}

// stream looks at the addresses of a file and prints each result as it comes, in order, with a fixed number in memory.
func (d *discovery) stream(ctx context.Context) error {
	expected, addrs, err := fileValues(d.file, d.stdin, typedAddress)
	if err != nil {
		return err
	}
	count, without, broken := 0, 0, false
	show := func(r discoverJSON) error {
		count++
		without += b2i(!r.Found())
		broken = broken || r.broken()
		return d.print(r, false)
	}
	if err := eachInOrder(ctx, newProgress(d.stderr, expected), addrs, discoveredAtOnce, d.one, show); err != nil {
		return err
	}
	fmt.Fprintf(d.stderr, "%d looked at, %d of them without settings for any program\n", count, without)
	return silent(broken)
}

func (d *discovery) print(r discoverJSON, single bool) error {
	if !d.json {
		return d.printReport(r, single)
	}
	return d.printJSON(r)
}
