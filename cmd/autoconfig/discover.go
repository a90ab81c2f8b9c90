package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/discover"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/source"
)

// discoveredAtOnce is how many addresses of a file are looked at at a time.
// Each has up to a hundred questions and requests under way.
const discoveredAtOnce = 4

// discovery is one run of `discover`.
type discovery struct {
	*app
	network      network
	clients      []string
	trace        bool
	file         string
	allowPrivate bool
	ispdb        string
	format       string

	data *config.Data
	env  *discover.Env
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
	d.network.flags(cmd)
	formatFlag(cmd, &d.format)
	f := cmd.Flags()
	f.Var(wordsFlag(&d.clients, "all", append(names, "all")), "client", "the `program` to be, or all (repeatable)")
	offer(cmd, "client", append(names, "all"))
	f.BoolVar(&d.trace, "trace", false, "show every step of every program")
	f.StringVar(&d.file, "file", "", "look at the addresses or domains in this `file`, one a line, # comments; - is standard input")
	f.BoolVar(&d.allowPrivate, "allow-private", false, "connect to private and local addresses too")
	f.Var(ispdbFlag(&d.ispdb), "ispdb", "base `URL` of Thunderbird's database of providers")
	return cmd
}

func (d *discovery) run(ctx context.Context, args []string) error {
	if len(args) == 0 && d.file == "" {
		return usagef("no address given; write an ADDRESS, or --file FILE")
	}
	if len(args) > 1 || len(args) == 1 && d.file != "" {
		return usagef("%q is one argument too many; write one ADDRESS, or --file FILE", args[len(args)-1])
	}
	d.json = d.json || d.format == jsonFormat
	names := d.names()
	cfg, data, err := d.load()
	if err != nil {
		return err
	}
	d.data = data
	d.env = d.environment(cfg)
	if d.file != "" {
		return d.stream(ctx, names)
	}
	addr, err := typedAddress(args[0])
	if err != nil {
		return err
	}
	r := d.one(ctx, addr, names)
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := d.print(r, true); err != nil {
		return err
	}
	return silent(r.broken())
}

// broken reports what makes the exit status 1: no program finds anything, or
// what is published is at fault.
func (r discoverJSON) broken() bool { return !r.Found() || finding.Summarize(r.Findings).Fail > 0 }

// names are the clients to walk, none for all.
func (d *discovery) names() []string {
	if slices.Contains(d.clients, "all") {
		return nil
	}
	return d.clients
}

// ispdbFlag is the base URL of a database of providers.
func ispdbFlag(to *string) *flagValue {
	*to = discover.ISPDB
	return &flagValue{shown: *to, set: func(s string) error {
		if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return errors.New("write a URL, for example " + discover.ISPDB)
		}
		*to = s
		return nil
	}}
}

func (d *discovery) environment(cfg *config.Config) *discover.Env {
	env := discover.NewEnv(d.network.dnsClient(cfg, 0))
	env.Roots, env.ConnectTo, env.AllowPrivate = d.network.roots, d.network.connect.to, d.allowPrivate
	env.ISPDB = strings.TrimSuffix(d.ispdb, "/") + "/"
	return env
}

// one looks at one address and compares it with the model, if it is served.
func (d *discovery) one(ctx context.Context, addr provider.Address, names []string) discoverJSON {
	r, err := discover.Run(ctx, d.env, addr, names...)
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

// stream looks at the addresses of a file and prints each result as it comes,
// in order, with a fixed number in memory.
func (d *discovery) stream(ctx context.Context, names []string) error {
	expected, addrs, err := fileValues(d.file, d.stdin, typedAddress)
	if err != nil {
		return err
	}
	var broke error // why the list ended early
	count, without, broken := 0, 0, false
	bar := newProgress(d.stderr, expected)
	defer bar.clear()
	work := func(ctx context.Context, addr provider.Address) discoverJSON { return d.one(ctx, addr, names) }
	for r := range query.InOrder(ctx, query.Until(addrs, &broke), discoveredAtOnce, work) {
		if ctx.Err() != nil {
			break // what is under way ended early and tells nothing
		}
		count++
		without += b2i(!r.Found())
		broken = broken || r.broken()
		bar.clear()
		if err := d.print(r, false); err != nil {
			return err
		}
		bar.step(count)
	}
	bar.clear()
	if err := cmp.Or(broke, context.Cause(ctx)); err != nil {
		return err
	}
	fmt.Fprintf(d.stderr, "%d looked at, %d of them without settings for any program\n", count, without)
	return silent(broken)
}

func (d *discovery) print(r discoverJSON, single bool) error {
	if !d.json {
		return d.printReport(r, single)
	}
	e := json.NewEncoder(d.stdout)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}
