package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/service"
)

func (a *app) configCommand() *cobra.Command {
	check := a.configCheckCommand()
	show := &cobra.Command{
		Use: "show [FILE]", Short: "Print the configuration in force, defaults filled in and secrets masked", Args: cobra.MaximumNArgs(1),
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
		Use: "schema", Short: "Print the JSON Schema (2020-12) of the configuration", Args: cobra.NoArgs,
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
		Use: "check [FILE]", Short: "Say what is wrong with the configuration", Args: cobra.MaximumNArgs(1),
		Long: `Check reads the configuration and every file it names as serve does. With --live
it also looks at the service from outside: whether service_host has an address,
its certificate covers it, and what answers there is this configuration.`,
	}
	n.flags(check)
	check.Flags().BoolVar(&live, "live", false, "look at the running service from outside, too")
	check.RunE = ran(func(cmd *cobra.Command, args []string) error {
		a.useFile(args)
		cfg, data, err := a.load()
		if err != nil {
			return err
		}
		if err := service.UsablePairs(cfg); err != nil {
			return usageError{err}
		}
		a.printFindings(cfg.News())
		if live {
			found, err := a.configLive(cmd.Context(), &n, cfg, data)
			if err != nil {
				return err
			}
			if a.printFindings(found); len(found) > 0 {
				return errSilent
			}
		}
		_, err = fmt.Fprintf(a.stdout, "%s: fine; providers: %d, domains of your own: %d, built in: %d\n",
			cfg.Name(), len(data.Providers), data.Listed.Len(), data.Builtin.Len())
		return err
	})
	return check
}

// useFile takes a file named as an argument instead of --config.
func (a *app) useFile(args []string) {
	if len(args) == 1 {
		a.configPath = args[0]
	}
}
