package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/discover/setup"
	"autoconfig/dnssrv"
	"autoconfig/provider"
)

type initRun struct {
	*app
	network network

	given       setup.Options
	serviceHost string
	name        string
	acme        string
	output      string
	caddyfile   string
	dryRun      bool
	yes         bool
	offline     bool

	person bool // at the terminal, who may be asked
}

func (a *app) initCommand() *cobra.Command {
	b := &initRun{app: a}
	cmd := newCommand("init", "[DOMAIN]", b.run)
	b.network.discoveryFlags(cmd)
	f := cmd.Flags()
	server := func(p provider.Protocol, to **provider.Server) *flagValue {
		return parsedFlag(to, func(s string) (*provider.Server, error) { return setup.Server(p, s) })
	}
	f.Var(server(provider.IMAP, &b.given.IMAP), "imap",
		"the `server` for reading mail: HOST, HOST:PORT or imaps://HOST (default: what is found)")
	f.Var(server(provider.SMTP, &b.given.SMTP), "smtp",
		"the `server` for sending mail: HOST, HOST:PORT or submissions://HOST (default: what is found)")
	f.Var(parsedFlag(&b.serviceHost, hostName), "service-host",
		"the `name` that this server will be reached by (default autoconfig.DOMAIN)")
	f.StringVar(&b.name, "name", "", "the provider's `name` as people read it (default: the domain)")
	f.Var(parsedFlag(&b.acme, mailAddress), "acme",
		"answer https without a proxy; this `address` is the contact for the certificates")
	f.StringVar(&b.output, "output", "",
		"write this `file` (default: that of --config, else autoconfig.yaml); - is standard output")
	f.StringVar(&b.caddyfile, "caddyfile", "", "write a `file` for a Caddy in front, which has the certificates")
	f.BoolVar(&b.dryRun, "dry-run", false, "print the file, write nothing")
	f.BoolVar(&b.yes, "yes", false, "ask nothing")
	f.BoolVar(&b.offline, "offline", false, "look for nothing: take the servers of --imap and --smtp")
	return cmd
}

func (b *initRun) run(ctx context.Context, args []string) error {
	_, b.person = terminal(b.stdin)
	b.person = b.person && !b.yes
	b.output = cmp.Or(b.output, b.configPath, "autoconfig.yaml")
	if b.dryRun {
		b.output = "-"
	}
	for _, path := range []string{b.output, b.caddyfile} {
		if _, err := os.Lstat(path); path != "" && path != "-" && err == nil {
			return usagef("%s exists already, and init writes over no file; "+
				"give another name, or --output - to print it", path)
		}
	}
	domain, err := b.domain(ctx, args)
	if err != nil {
		return err
	}
	if b.offline && (b.given.IMAP == nil || b.given.SMTP == nil) {
		return usagef("--offline does not look for servers; name them with --imap HOST --smtp HOST")
	}
	draft, err := b.draft(ctx, domain, b.given)
	if err != nil {
		return err
	}
	return b.write(draft)
}

// words is where what was found is reported: standard output, unless the file goes there.
func (b *initRun) words() io.Writer {
	if b.output == "-" {
		return b.stderr
	}
	return b.stdout
}

// domain is the one to begin with, which must be the operator's own.
func (b *initRun) domain(ctx context.Context, args []string) (string, error) {
	var text string
	switch {
	case len(args) > 0:
		text = args[0]
	case !b.person:
		return "", usagef("no DOMAIN given, and there is no terminal to ask for it on")
	default:
		if text = b.ask(ctx, "Domain of the mail addresses: "); text == "" {
			return "", usagef("no DOMAIN given")
		}
	}
	addr, err := typedAddress(text)
	if err != nil {
		return "", err
	}
	if id := provider.VendorOwned(addr.Domain); id != "" {
		return "", usagef("%s is served without a configuration (%s); init is for domains of your own", addr.Domain, id)
	}
	return addr.Domain, nil
}

func mailAddress(s string) (string, error) {
	_, err := provider.ParseAddress(s)
	if err != nil {
		err = errors.New("not an e-mail address; write for example hostmaster@example.org")
	}
	return s, err
}

func hostName(s string) (string, error) {
	name, err := provider.ParseDomain(s)
	if err != nil {
		err = errors.New("not a host name; write for example autoconfig.example.org")
	}
	return name, err
}

// draft is the configuration, from a look at the network or from the flags.
func (b *initRun) draft(ctx context.Context, domain string, o setup.Options) (d setup.Draft, err error) {
	if b.offline {
		d = setup.Draft{Domain: domain, Incoming: setup.Offline(o.IMAP), Outgoing: setup.Offline(o.SMTP)}
	} else if d, err = b.survey(ctx, domain, o); err != nil {
		return d, err
	}
	d.Name, d.ACME = b.name, b.acme
	d.ServiceHost = cmp.Or(b.serviceHost, dnssrv.AutoconfigLabel+"."+domain)
	if b.person && b.serviceHost == "" {
		name := b.ask(ctx, "Name of this server, as it is reached from outside ["+d.ServiceHost+"]: ")
		if d.ServiceHost, err = hostName(cmp.Or(name, d.ServiceHost)); err != nil {
			return d, usageError{err: err}
		}
	}
	return d, context.Cause(ctx)
}

// survey looks at the network until there are servers to announce; a person may name them.
func (b *initRun) survey(ctx context.Context, domain string, o setup.Options) (setup.Draft, error) {
	cfg, _ := b.configuration() // its dns.resolver; whatever else is in it does not count here
	o.Env, o.Now = b.network.environment(cfg), b.today
	for {
		fmt.Fprintf(b.stderr, "Looking at %s and its servers…\n", domain)
		seen := setup.Survey(ctx, domain, o)
		if err := context.Cause(ctx); err != nil {
			return setup.Draft{}, err
		}
		b.report(seen.Lines())
		switch {
		case seen.Builtin != nil && len(seen.Hosts) == 0, seen.Complete():
			return seen.Draft(), nil
		case seen.Unknown:
			return setup.Draft{}, fmt.Errorf("the domain %s does not exist in DNS; check the spelling, "+
				"or give the servers with --offline --imap HOST --smtp HOST", domain)
		case errors.Is(seen.MXErr, provider.ErrUnavailable):
			return setup.Draft{}, errors.New("DNS does not answer; give a resolver with --resolver, " +
				"or the servers with --offline --imap HOST --smtp HOST")
		}
		missing, protocol, flag := &o.IMAP, provider.IMAP, "--imap"
		if len(seen.Announced(provider.IMAP, provider.POP3)) > 0 {
			missing, protocol, flag = &o.SMTP, provider.SMTP, "--smtp"
		}
		name := strings.ToUpper(string(protocol)) + " server"
		if !b.person || *missing != nil {
			return setup.Draft{}, fmt.Errorf("no %s can be announced, for the reasons above; name another with %s HOST, "+
				"or give it unchecked with --offline", name, flag)
		}
		var err error
		if *missing, err = setup.Server(protocol, b.ask(ctx, name+" (HOST or HOST:PORT): ")); err != nil {
			return setup.Draft{}, err
		}
	}
}

func (b *initRun) report(lines []setup.Line) {
	p := b.printer(textFormat)
	p.w = b.words()
	for _, line := range lines {
		p.lines(line.Head, line.Text)
	}
}

func (b *initRun) write(d setup.Draft) error {
	if b.output == "-" {
		_, err := b.stdout.Write(d.YAML())
		return err
	}
	if err := writeNew(b.output, d.YAML()); err != nil {
		return err
	}
	written := b.output
	if b.caddyfile != "" {
		if err := writeNew(b.caddyfile, d.Caddyfile()); err != nil {
			return err
		}
		written += " and " + b.caddyfile
	}
	_, err := fmt.Fprintf(b.stdout, "\nWritten: %s\n\n%s", written, d.Next(b.output, b.caddyfile))
	return err
}

func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return cmp.Or(err, f.Close())
}
