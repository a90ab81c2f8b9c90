package main

import (
	"context"
	"encoding/json"
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
	show := &cobra.Command{
		Use: "show [FILE]", Short: "Print the configuration in force, defaults filled in and secrets masked",
		Example: "  autoconfig config show",
		RunE: ran(func(_ *cobra.Command, args []string) error {
			a.useFile(args)
			cfg, _, err := a.load()
			if err != nil {
				return err
			}
			text, err := cfg.Show()
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(text)
			return err
		}),
	}
	schema := &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema (2020-12) of the configuration",
		Example: "  autoconfig config schema > autoconfig.schema.json",
		RunE: ran(func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(config.Schema())
			return err
		}),
	}
	return group("config", "Check, show and describe the configuration", check, show, schema)
}

func (a *app) configCheckCommand() *cobra.Command {
	var live bool
	var n network
	check := &cobra.Command{
		Use: "check [FILE]", Short: "Say what is wrong with the configuration",
		Example: "  autoconfig config check\n  autoconfig config check --live\n  autoconfig config check new.yaml --json",
		Long: `Check reads the configuration and every file it names as serve does. With --live
it also looks at the service from outside: whether service_host has an address,
its certificate covers it, and what answers there is this configuration; and at
the mail servers that the file names: whether their ports answer, under a
certificate of their names, with the login methods configured.`,
	}
	n.flags(check)
	check.Flags().BoolVar(&live, "live", false, "look at the running service and the mail servers from outside, too")
	check.RunE = ran(func(cmd *cobra.Command, args []string) error {
		a.useFile(args)
		return a.configCheck(cmd.Context(), &n, live)
	})
	return check
}

func (a *app) configCheck(ctx context.Context, n *network, live bool) error {
	cfg, data, found, err := a.read()
	if err != nil {
		return err
	}
	if !config.Failed(found) {
		if err := service.UsablePairs(cfg); err != nil {
			key, text, _ := strings.Cut(err.Error(), ": ")
			cause, fix, _ := strings.Cut(text, "; ")
			found = append(found, cfg.Fault("config-file-unreadable", key, cause, fix))
		}
		found = append(found, cfg.News()...)
	}
	status := error(nil)
	if config.Failed(found) {
		status = errSilentUsage
	} else if live {
		more, err := a.configLive(ctx, n, cfg, data)
		if err != nil {
			return err
		}
		found = append(found, more...)
		status = silent(slices.ContainsFunc(more, func(f finding.Finding) bool {
			return f.Level == finding.Fail || strings.HasPrefix(f.ID, "server-")
		}))
	}
	if a.json {
		return errors.Join(a.printFaultsJSON(cfg.Path, found), status)
	}
	a.excerpts = true
	if a.printFindings(found); status != nil {
		return status
	}
	_, err = fmt.Fprintf(a.stdout, "%s: fine; providers: %d, domains of your own: %d, built in: %d\n",
		cfg.Name(), len(data.Providers), data.Listed.Len(), data.Builtin.Len())
	for _, s := range data.ISPDB {
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
		faults = append(faults, faultJSON{at.File, at.Line, at.Column, f.Key, f.ID, f.Level, f.Cause, f.Fix})
	}
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
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
