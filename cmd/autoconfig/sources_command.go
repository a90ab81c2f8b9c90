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
		if rows, ok := s.(*source.Rows); ok && !a.checkSource(ctx, rows, all) {
			failed = true
		}
	}
	return silent(failed)
}

// checkSource looks at the first domain of the list, or at all of them, and reports the rows that cannot be used.
func (a *app) checkSource(ctx context.Context, rows *source.Rows, all bool) bool {
	if err := rows.Check(ctx); err != nil {
		fmt.Fprintf(a.stdout, "%s: cannot answer: %s\n", rows.Name(), err)
		return false
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
			fmt.Fprintf(a.stdout, "%s: answers, but not about %q of its list: %s\n", rows.Name(), domain, err)
			return false
		case err != nil:
			fmt.Fprintf(a.stdout, "%s: answers, but its list ends early, after %d: %s\n", rows.Name(), good+bad, err)
			return false
		default:
			good++
			first = cmp.Or(first, domain)
		}
		if !all && good > 0 {
			break
		}
	}
	switch {
	case all || bad > 0:
		fmt.Fprintf(a.stdout, "%s: answers; rows of its list that can be used: %d, that cannot: %d\n",
			rows.Name(), good, bad)
	case first == "":
		fmt.Fprintf(a.stdout, "%s: answers, and lists nothing\n", rows.Name())
	default:
		fmt.Fprintf(a.stdout, "%s: answers, and lists %s first\n", rows.Name(), first)
	}
	a.sources.BuiltinRows(ctx, rows.Backend)
	return bad == 0
}
