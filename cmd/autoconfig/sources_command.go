package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/source"
)

func (a *app) sourcesCommand() *cobra.Command {
	all := false
	check := newCommand("sources check", "", func(ctx context.Context, _ []string) error {
		return a.checkSources(ctx, all)
	})
	check.Flags().BoolVar(&all, "all", false, "look at every row of the lists")
	from := 0
	schema := newCommand("sources schema", "", func(context.Context, []string) error {
		steps, err := source.Migrations()
		if err != nil {
			return err
		}
		for _, m := range steps {
			if m.Version > from {
				fmt.Fprint(a.stdout, m.SQL)
			}
		}
		return nil
	})
	schema.Flags().IntVar(&from, "from", 0, "leave out the steps up to this `version`")
	return group("sources", "Check where domains come from, and make tables for them", check, schema)
}

func (a *app) checkSources(ctx context.Context, all bool) error {
	if err := a.load(); err != nil {
		return err
	}
	if !a.cfg.HasSources() {
		return usagef("the configuration has no sources; docs/sources.md says how to write one")
	}
	failed := false
	for _, c := range a.sources.Commands() {
		if failed = failed || c.Err != nil; c.Err != nil {
			fmt.Fprintf(a.stdout, "%s: failed: %s\n", c.Title(), c.Err)
			continue
		}
		fmt.Fprintf(a.stdout, "%s: lists %d\n", c.Title(), c.Lines)
	}
	for _, s := range a.data.ISPDB {
		failed = failed || len(s.Bad) > 0
		fmt.Fprintln(a.stdout, s)
	}
	for _, s := range a.data.Remote {
		if rows, ok := s.(*source.Rows); ok {
			outcome, fine := a.checkSource(ctx, rows, all)
			fmt.Fprintf(a.stdout, "%s: %s\n", rows.Name(), outcome)
			failed = failed || !fine
		}
	}
	return silent(failed)
}

// checkSource looks at the first domain of the list, or at all of them, and reports the rows that cannot be used.
func (a *app) checkSource(ctx context.Context, rows *source.Rows, all bool) (outcome string, fine bool) {
	if err := rows.Check(ctx); err != nil {
		return "cannot answer: " + err.Error(), false
	}
	good, bad, first := 0, 0, ""
	for domain, err := range rows.Domains(ctx) {
		if err == nil {
			_, err = rows.Lookup(ctx, provider.Address{Domain: domain})
		}
		row, isRow := errors.AsType[*source.RowError](err)
		switch {
		case isRow:
			bad++
			a.printFindings([]finding.Finding{row.Finding()})
		case err != nil && domain != "":
			return fmt.Sprintf("answers, but not about %q of its list: %s", domain, err), false
		case err != nil:
			return fmt.Sprintf("answers, but its list ends early, after %d: %s", good+bad, err), false
		default:
			good++
			first = cmp.Or(first, domain)
		}
		if !all && good > 0 {
			break
		}
	}
	a.sources.BuiltinRows(ctx, rows.Backend)
	switch {
	case all || bad > 0:
		return fmt.Sprintf("answers; rows of its list that can be used: %d, that cannot: %d", good, bad), bad == 0
	case first == "":
		return "answers, and lists nothing", true
	}
	return "answers, and lists " + first + " first", true
}
