package main

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/discover/probe"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/service/doctor"
	"autoconfig/source"
)

type doctorRun struct {
	*app
	network network

	have     []probe.Typed
	username string
	offline  bool
	verbose  bool
	format   string
	secret   secretFlags

	addr provider.Address
	p    *provider.Provider // nil: not served here
}

func (a *app) doctorCommand() *cobra.Command {
	d := &doctorRun{app: a}
	cmd := newCommand("doctor", "ADDRESS|DOMAIN", d.run)
	d.network.discoveryFlags(cmd)
	d.secret.flags(cmd)
	d.formatFlag(cmd, &d.format)
	f := cmd.Flags()
	f.Var(listFlag(&d.have, probe.ParseTyped), "have",
		"a server you have typed in: `HOST:PORT/tls|starttls|plain[/password|oauth2]` (repeatable)")
	f.StringVar(&d.username, "username", "", "the user `name` you have typed in; also the one to log in with")
	f.BoolVar(&d.offline, "offline", false, "only compare --have and --username, without the network")
	f.BoolVarP(&d.verbose, "verbose", "v", false, "show everything: also what is fine, and what each server said")
	return cmd
}

func (d *doctorRun) run(ctx context.Context, args []string) error {
	var err error
	if d.addr, err = typedAddress(args[0]); err != nil {
		return err
	}
	if d.offline && len(d.have) == 0 && d.username == "" {
		return usagef("--offline compares what you have typed in; " +
			"give it with --have HOST:PORT/tls|starttls|plain or --username NAME")
	}
	if err := d.load(); err != nil {
		return err
	}
	d.p = d.lookup(d.addr.Domain)
	var groups []finding.Group
	if len(d.have) > 0 || d.username != "" || d.offline {
		meant := d.p
		if meant == nil { // a mistyped domain: compare with the one that was meant
			meant = d.lookup(source.SuggestDomain(d.addr.Domain))
		}
		groups = append(groups, finding.Group{Title: "What you have typed in",
			Findings: probe.Have(meant, d.addr, d.have, d.username)})
	}
	if !d.offline {
		seen, err := d.examine(ctx)
		if err != nil {
			return err
		}
		groups = append(groups, seen...)
	}
	if d.p != nil {
		groups = append(groups, finding.Group{Title: "The provider",
			Findings: config.News(d.p.ID, d.addr.Domain, d.cfg.Day())})
	}
	return d.report(groups)
}

func (d *doctorRun) examine(ctx context.Context) ([]finding.Group, error) {
	login, err := d.loginOf(ctx)
	if err != nil {
		return nil, err
	}
	dns := d.network.dnsClient(d.cfg, 0)
	all := &doctor.Doctor{Address: d.addr, Provider: d.p, Config: d.cfg, Data: d.data,
		DNS: dns, Env: d.network.asking(dns), Login: login, LoginHosts: d.secret.hosts,
		Allow: func(host string) bool { return d.confirm(ctx, host) }}
	return all.Examine(ctx)
}

// lookup is the provider of a domain in the configuration or among the built-ins; nil is an answer.
func (d *doctorRun) lookup(domain string) *provider.Provider {
	p, err := d.data.All().Lookup(context.Background(), provider.Address{Domain: domain})
	switch {
	case err == nil:
		return p.For(domain)
	case provider.Below(domain, "onmicrosoft.com"): // every tenant's first domain
		return provider.Builtin(provider.Microsoft365)
	}
	return nil
}

// report prints the groups, and fails when there are errors.
func (d *doctorRun) report(groups []finding.Group) error {
	var all []finding.Finding
	for i, g := range groups {
		if all = append(all, g.Findings...); !d.verbose {
			groups[i].Facts = nil
		}
	}
	r := finding.NewReport(d.addr.Domain, all)
	var err error
	if d.json {
		err = d.printJSON(r)
	} else {
		err = d.printer(d.format).report(d.addr.Domain, groups, d.passedOver)
	}
	return cmp.Or(err, silent(r.Summary.Fail > 0))
}

// passedOver: of what was skipped, what was asked for is reported.
func (d *doctorRun) passedOver(f finding.Finding) bool {
	return !d.verbose && skipped(f) && f.ID != "have-provider-unknown" && !strings.HasSuffix(f.ID, "-login-withheld")
}
