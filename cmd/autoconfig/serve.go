package main

import (
	"errors"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/service"
)

func (a *app) serveCommand() *cobra.Command {
	var listen, admin string
	cmd := newCommand("serve", "", nil)
	cmd.Flags().Var(parsedFlag(&listen, listenAddress), "listen", "`address` for plain HTTP (default 127.0.0.1:8080)")
	cmd.Flags().Var(parsedFlag(&admin, listenAddress), "admin", "`address` of the admin listener (default 127.0.0.1:8081)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		log, flush := service.NewLog(a.stderr, a.level())
		defer flush()
		if err := a.load(); err != nil {
			return err
		}
		a.serving.Store(true)
		flags := func(cfg *config.Config) {
			if cmd.Flags().Changed("listen") {
				cfg.Listen = listen
			}
			if cmd.Flags().Changed("admin") {
				cfg.Admin = admin
			}
		}
		s := service.New(a.cfg, a.sources, service.Options{Log: log, Env: a.env, Now: a.now, Listen: flags})
		return configError(s.Run(cmd.Context(), a.data))
	}
	return cmd
}

// listenAddress reads an address to listen on, or nothing for none.
func listenAddress(s string) (string, error) {
	if s != "" && !config.ListenAddress(s) {
		return "", errors.New("not HOST:PORT; write for example 127.0.0.1:8080")
	}
	return s, nil
}

// configError is err, as wrong usage where the configuration is at fault.
func configError(err error) error {
	if wrong, ok := errors.AsType[service.ConfigError](err); ok {
		return usageError{err: wrong}
	}
	return err
}
