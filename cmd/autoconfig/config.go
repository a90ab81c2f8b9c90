package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/finding"
	"autoconfig/service"
)

func (a *app) configCommand() *cobra.Command {
	check := a.configCheckCommand()
	show := newCommand("config show", "[FILE]", func(_ context.Context, args []string) error {
		a.useFile(args)
		if err := a.load(); err != nil {
			return err
		}
		text, err := a.cfg.Show()
		if err != nil {
			return err
		}
		_, err = a.stdout.Write(text)
		return err
	})
	schema := newCommand("config schema", "", func(context.Context, []string) error {
		_, err := a.stdout.Write(config.Schema())
		return err
	})
	return group("config", "Check, show and describe the configuration", check, show, schema)
}

func (a *app) configCheckCommand() *cobra.Command {
	var live bool
	var n network
	check := newCommand("config check", "[FILE]", func(ctx context.Context, args []string) error {
		a.useFile(args)
		return a.configCheck(ctx, &n, live)
	})
	n.flags(check)
	check.Flags().BoolVar(&live, "live", false, "look at the running service and the mail servers from outside, too")
	return check
}

func (a *app) configCheck(ctx context.Context, n *network, live bool) error {
	found := a.read()
	if !config.Failed(found) {
		found = append(append(found, service.UsablePairs(a.cfg)...), a.cfg.News()...)
	}
	status := error(nil)
	if config.Failed(found) {
		status = errSilentUsage
	} else if live {
		env := n.environment(a.cfg)
		env.AllowPrivate = true // the operator's own servers
		more, err := service.Live(ctx, env, a.cfg, a.data, a.today)
		if err != nil {
			return err
		}
		found = append(found, more...)
		status = silent(slices.ContainsFunc(more, func(f finding.Finding) bool {
			return f.Level == finding.Fail || strings.HasPrefix(f.ID, "server-")
		}))
	}
	if a.json {
		return errors.Join(a.printFaultsJSON(a.cfg.Path, found), status)
	}
	a.excerpts = true
	if a.printFindings(found); status != nil {
		return status
	}
	_, err := fmt.Fprintf(a.stdout, "%s: fine; providers: %d, domains of your own: %d, built in: %d\n",
		a.cfg.Name(), len(a.data.Providers), a.data.Listed.Len(), a.data.Builtin.Len())
	for _, s := range a.data.ISPDB {
		fmt.Fprintln(a.stdout, s)
	}
	return err
}

// faultJSON is a finding of `config check --json`.
type faultJSON struct {
	File    string        `json:"file"`
	Line    int           `json:"line,omitempty"`
	Column  int           `json:"column,omitempty"`
	Key     string        `json:"key,omitempty"` // as in providers[0].outgoing[1].port
	ID      string        `json:"id"`
	Level   finding.Level `json:"level"`
	Message string        `json:"message"`
	Fix     string        `json:"fix,omitempty"`
}

func (a *app) printFaultsJSON(path string, found []finding.Finding) error {
	faults := []faultJSON{} // a JSON array even when empty
	for _, f := range found {
		at := config.ParsePos(f.Subject)
		faults = append(faults, faultJSON{cmp.Or(at.File, path), at.Line, at.Column, f.Key, f.ID, f.Level, f.Cause, f.Fix})
	}
	return a.printIndented(struct {
		File     string          `json:"file"`
		Findings []faultJSON     `json:"findings"`
		Summary  finding.Summary `json:"summary"`
	}{path, faults, finding.Summarize(found)})
}

// useFile takes a file named as an argument instead of --config.
func (a *app) useFile(args []string) {
	if len(args) == 1 {
		a.configPath = args[0]
	}
}
