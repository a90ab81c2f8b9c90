package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"autoconfig/provider"
	"autoconfig/source"
)

func (a *app) sourcesCommand() *cobra.Command {
	check := &cobra.Command{
		Use: "check", Short: "Ask each database and directory once, and say what works",
		Long: `Check asks every source of the configuration once for a domain that cannot
exist, for the built-in domains, and for the first domain of its list. It finds
wrong queries, missing permissions and rows that do not count.`,
		RunE: ran(func(cmd *cobra.Command, _ []string) error { return a.checkSources(cmd.Context()) }),
	}
	from := 0
	schema := &cobra.Command{
		Use: "schema", Short: "Print the SQL of tables for domains and logins, for those who have none",
		Long: `Schema prints the statements that make the tables autoconfig_domain and
autoconfig_login, the same for PostgreSQL, MariaDB, MySQL and SQLite. An older
database has its version in autoconfig_schema; --from prints what came after it.`,
		Example: "  autoconfig sources schema | psql mail\n  autoconfig sources schema --from 1 | mariadb mail",
		RunE: ran(func(*cobra.Command, []string) error {
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
		}),
	}
	schema.Flags().IntVar(&from, "from", 0, "leave out the steps up to this `version`")
	return group("sources", "Check databases and directories, and make tables for them", check, schema)
}

func (a *app) checkSources(ctx context.Context) error {
	_, data, err := a.load()
	if err != nil {
		return err
	}
	if len(data.Remote) == 0 {
		return usagef("the configuration has no sources; docs/sources.md says how to write one")
	}
	failed := false
	for _, s := range data.Remote {
		if rows, ok := s.(*source.Rows); ok && !a.checkSource(ctx, rows) {
			failed = true
		}
	}
	if failed {
		return errSilent
	}
	return nil
}

func (a *app) checkSource(ctx context.Context, rows *source.Rows) bool {
	if err := rows.Check(ctx); err != nil {
		fmt.Fprintf(a.stdout, "%s: cannot answer: %s\n", rows.Name(), err)
		return false
	}
	words := "answers, and lists nothing"
	for domain, err := range rows.Domains(ctx) {
		if err == nil {
			_, err = rows.Lookup(ctx, provider.Address{Domain: domain})
		}
		if err != nil {
			fmt.Fprintf(a.stdout, "%s: answers, but not about the first domain of its list, %q: %s\n", rows.Name(), domain, err)
			return false
		}
		words = "answers, and lists " + domain + " first"
		break
	}
	fmt.Fprintf(a.stdout, "%s: %s\n", rows.Name(), words)
	a.sources.BuiltinRows(ctx, rows.Backend)
	return true
}
