package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
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
	cmd := &cobra.Command{
		Use:   "discover ADDRESS|--file FILE",
		Short: "Find out what each mail program would find for an address",
		Long: `Discover looks for the settings of an address as each mail program does, with
its order, time-outs, headers and rules of what it accepts, and says what each
would end with, what it would ask its user, where they disagree, and what is
wrong with what is published. It works for any domain.

No password, cookie or proxy is used. Answers that lead to private addresses are
refused unless --allow-private is given.

The exit status is 1 when no program finds settings, and when what is published
is at fault.

Programs, and what each was last checked against:` + programs.String(),
		Example: "  autoconfig discover you@example.org\n  autoconfig discover you@example.org --client thunderbird --trace\n" +
			"  autoconfig discover --file domains.txt --json",
		RunE: ran(func(cmd *cobra.Command, args []string) error { return d.run(cmd.Context(), args) }),
	}
	d.network.flags(cmd)
	formatFlag(cmd, &d.format)
	f := cmd.Flags()
	f.Var(wordsFlag(&d.clients, "all", append(names, "all")), "client", "the `program` to be, or all (repeatable)")
	_ = cmd.RegisterFlagCompletionFunc("client", cobra.FixedCompletions(append(names, "all"), cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that does not exist
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
	if err := d.useFormat(d.format); err != nil {
		return err
	}
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
	if r.broken() {
		return errSilent
	}
	return nil
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
	if found == nil {
		found = []finding.Finding{} // a JSON array even when empty
	}
	if !d.trace {
		r.DropTrace()
	}
	return discoverJSON{r, found}
}

// stream looks at the addresses of a file and prints each result as it comes,
// in order, with a fixed number in memory.
func (d *discovery) stream(ctx context.Context, names []string) error {
	if d.file != "-" { // read once before: a mistake at its end should not come after an hour
		for _, err := range fileAddresses(d.file, d.stdin) {
			if err != nil {
				return err
			}
		}
	}
	var readErr error
	addrs := func(yield func(provider.Address) bool) {
		for addr, err := range fileAddresses(d.file, d.stdin) {
			if readErr = err; err != nil || !yield(addr) {
				return
			}
		}
	}
	count, without, broken := 0, 0, 0
	bar := newProgress(d.stderr, -1)
	defer bar.clear()
	work := func(ctx context.Context, addr provider.Address) discoverJSON { return d.one(ctx, addr, names) }
	for r := range query.InOrder(ctx, addrs, discoveredAtOnce, work) {
		if ctx.Err() != nil {
			break // what is under way ended early and tells nothing
		}
		count++
		if !r.Found() {
			without++
		}
		if r.broken() {
			broken++
		}
		bar.clear()
		if err := d.print(r, false); err != nil {
			return err
		}
		bar.step(count)
	}
	bar.clear()
	switch {
	case readErr != nil:
		return readErr
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	fmt.Fprintf(d.stderr, "%d looked at, %d of them without settings for any program\n", count, without)
	if broken > 0 {
		return errSilent
	}
	return nil
}

func (d *discovery) print(r discoverJSON, single bool) error {
	if !d.json {
		return d.printReport(r, single)
	}
	e := json.NewEncoder(d.stdout)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// fileAddresses reads one address or domain a line; a # starts a comment.
func fileAddresses(path string, stdin io.Reader) iter.Seq2[provider.Address, error] {
	return func(yield func(provider.Address, error) bool) {
		in := stdin
		if path == "-" {
			path = "standard input"
		} else {
			f, err := os.Open(path)
			if err != nil {
				yield(provider.Address{}, usagef("--file: %w", err))
				return
			}
			defer f.Close() //nolint:errcheck // read only
			in = f
		}
		lines := bufio.NewScanner(in)
		for n := 1; lines.Scan(); n++ {
			text, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "\ufeff"), "#")
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			addr, err := typedAddress(text)
			if err != nil {
				yield(addr, usagef("%s:%d: %w", path, n, err))
				return
			}
			if !yield(addr, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(provider.Address{}, fmt.Errorf("%s: %w", path, err))
		}
	}
}
