package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"autoconfig/finding"
	"autoconfig/service"
	"autoconfig/service/export"
	"autoconfig/source"
)

func (a *app) exportCommand() *cobra.Command {
	var only []string
	cmd := newCommand("export", "DIR", func(ctx context.Context, args []string) error {
		return a.export(ctx, args[0], only)
	})
	cmd.Flags().Var(domainsFlag(&only), "domain", "write the files of this `domain` only, and remove none (repeatable)")
	return cmd
}

func (a *app) export(ctx context.Context, dir string, only []string) error {
	if err := a.load(); err != nil {
		return err
	}
	bar := newProgress(a.stderr, 0)
	defer bar.clear()
	done, err := export.Run(ctx, dir, export.Options{
		Settings: service.Settings(a.cfg, a.data, nil), Data: a.data, Only: only,
		Progress: func(done, total int) {
			bar.total = total
			bar.step(done)
		},
		Bad: func(row *source.RowError) { a.printFindings([]finding.Finding{row.Finding()}) }})
	bar.clear()
	switch {
	case errors.Is(err, export.ErrForeign):
		return usageError{err: err}
	case err != nil:
		return err
	case a.json:
		err = a.printJSON(done)
	default:
		_, err = fmt.Fprintf(a.stdout, "%s: %d domains, %d files written, %d unchanged, %d removed\n",
			dir, done.Domains, done.Written, done.Unchanged, done.Removed)
	}
	return errors.Join(err, silent(done.Skipped > 0)) // each row has been reported
}
