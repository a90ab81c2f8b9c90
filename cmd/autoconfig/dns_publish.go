package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"autoconfig/dnssrv/publish"
	"autoconfig/files"
	"autoconfig/provider"
	"autoconfig/service"
)

type dnsPublish struct {
	*app
	plan    planFlags
	network network
	list    domainList
	options publish.Options // as far as flags are options
	keyFile string
	keyName string
	dryRun  bool
	yes     bool
	api     string
	apiURL  string
	token   string // the file that holds it
	rate    float64
	since   string

	servers   bool // look at the name servers of the zone afterwards
	own       *service.OwnDomains
	done      *doneList
	publisher *publish.Publisher
	audit     *files.Audit
	total     publishTotal
}

// tokenVariable is where the token of an API is looked for without --token-file.
const tokenVariable = "AUTOCONFIG_DNS_TOKEN" //nolint:gosec // its name alone

func (a *app) dnsPublishCommand() *cobra.Command {
	d := &dnsPublish{app: a}
	cmd := newCommand("dns publish", "DOMAIN…|--all|--file FILE", nil)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		d.servers = d.api == "" || cmd.Flags().Changed("wait")
		return d.run(cmd.Context(), args)
	}
	d.plan.flags(cmd)
	d.network.flags(cmd)
	d.list.flags(cmd, "publish")
	f := cmd.Flags()
	f.StringVar(&d.keyFile, "tsig-file", "", "sign with the TSIG key in this `file`")
	f.StringVar(&d.keyName, "tsig-key", "", "the `name` of the key, when the file has several")
	f.Var(parsedFlag(&d.options.Server, nameServer), "server",
		"the primary server at `HOST[:PORT]` (default: the one the SOA record names)")
	f.StringVar(&d.options.Zone, "zone", "", "the `zone` to change (default: the one that the domain lies in)")
	f.Var(wordFlag(&d.api, publish.Providers()), "api",
		"publish through the API of "+provider.OrList(publish.Providers()))
	f.StringVar(&d.apiURL, "api-url", "", "where the API is (default: the provider's; needed for powerdns)")
	f.StringVar(&d.token, "token-file", "",
		"the API's token is the first line of this `file` (default: "+tokenVariable+" of the environment)")
	f.StringVar(&d.options.Exec, "exec", "",
		"let this shell `command` make the changes; it gets them as JSON on standard input")
	f.Float64Var(&d.rate, "rate", 0, "most requests a `second` to the API (default: what the provider allows)")
	f.StringVar(&d.since, "since", "", "skip the domains in this `file`, and add each one that is done, to resume")
	f.BoolVar(&d.dryRun, "dry-run", false, "show the changes and send nothing")
	f.BoolVar(&d.yes, "yes", false, "do not ask before publishing")
	f.DurationVar(&d.options.Wait, "wait", 15*time.Second, "how `long` to wait until servers show what was published")
	exclusive(cmd, "tsig-file", "api", "exec")
	exclusive(cmd, "server", "api")
	return cmd
}

// complete makes the options whole. What would keep a change from being made is said before anything is asked.
func (d *dnsPublish) complete() (err error) {
	o := &d.options
	o.Wait, o.Output = max(o.Wait, 1), d.stderr                // 0 would be the default
	if zone, err := provider.ParseDomain(o.Zone); err == nil { // else of one label, or nonsense that no name lies in
		o.Zone = zone
	}
	if _, asked := terminal(d.stdin); !d.dryRun && !d.yes && !asked {
		return usagef("publish asks before it writes, and there is no terminal to ask on; try --dry-run, then give --yes")
	}
	if !d.yes && !d.dryRun && d.list.file == "-" {
		return usagef("--file -: standard input has the domains, so no question can be asked on it; " +
			"give --yes, or a file")
	}
	switch {
	case d.rate < 0:
		return usagef("--rate %g: write how many requests a second", d.rate)
	case d.api != "":
		o.API, err = d.apiOptions()
		return err
	case d.apiURL != "" || d.token != "":
		return usagef("--api-url and --token-file belong to --api %s", provider.OrList(publish.Providers()))
	case o.Exec != "" || d.dryRun && d.keyFile == "": // nothing is signed
		return nil
	case d.keyFile == "":
		return usagef("write --tsig-file FILE (updates are signed with a TSIG key; " +
			"tsig-keygen autoconfig makes one), --api PROVIDER or --exec COMMAND")
	}
	keys, err := publish.LoadKeys(d.keyFile)
	if err != nil {
		return usagef("--tsig-file: %w", err)
	}
	if o.Key, err = publish.PickKey(keys, d.keyName); err != nil {
		return usagef("--tsig-file %s: %w", d.keyFile, err)
	}
	return nil
}

func (d *dnsPublish) apiOptions() (*publish.API, error) {
	token, from := d.env.Get(tokenVariable), tokenVariable
	if d.token != "" {
		text, err := (&files.Reader{AnyKind: true}).Private(d.token)
		if err != nil {
			return nil, usagef("--token-file: %w", err)
		}
		token, from = string(text), "--token-file "+d.token
	}
	token = strings.TrimSpace(token)
	switch {
	case token == "" && d.token == "":
		return nil, usagef("no token for the API: write --token-file FILE, or set %s", tokenVariable)
	case token == "":
		return nil, usagef("%s: the file is empty; its first line is the token", from)
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII }):
		return nil, usagef("%s: a token has no blanks, no line breaks and no letters beyond ASCII", from)
	}
	api, err := publish.NewAPI(d.api, d.apiURL, token)
	if err != nil {
		return nil, usagef("--api: %w", err)
	}
	api.PerSecond, api.Client = d.rate, &http.Client{Transport: d.network.transport()}
	if host, plain := api.Clear(); plain {
		fmt.Fprintf(d.stderr, "warning: the token goes to %s without encryption; use https, or a tunnel\n", host)
	}
	return api, nil
}

func (d *dnsPublish) run(ctx context.Context, args []string) error {
	args, err := d.list.args("publish", args)
	if err != nil {
		return err
	}
	if err := d.complete(); err != nil {
		return err
	}
	if err := d.load(); err != nil {
		return err
	}
	if d.done, err = openDone(d.since, d.dryRun); err != nil {
		return err
	}
	defer d.done.file.Close() //nolint:errcheck // each line was written at once; it may be nil
	d.audit = files.OpenAudit(d.cfg.AuditLog)
	defer func() {
		d.audit.Close()
		if err := d.audit.Fault(); err != nil {
			fmt.Fprintf(d.stderr, "autoconfig: the audit log cannot be written: %v\n", err)
		}
	}()
	d.own = service.NewOwnDomains(d.data)
	d.publisher = publish.New(d.network.dnsClient(d.cfg, 0), d.options)
	if !d.list.many() {
		return d.some(ctx, args)
	}
	count, domains, err := d.domains(ctx, d.list, d.own, args)
	if err != nil {
		return err
	}
	err = d.each(ctx, count, domains)
	if d.total.domains > 0 { // also when it was interrupted
		err = cmp.Or(err, d.summary())
	}
	return err
}
