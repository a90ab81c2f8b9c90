package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/service"
)

func (a *app) serveCommand() *cobra.Command {
	var listen, admin *string
	cmd := newCommand("serve", "", func(ctx context.Context, _ []string) error { return a.serve(ctx, listen, admin) })
	cmd.Flags().Var(parsedFlag(&listen, listenAddress), "listen", "`address` for plain HTTP (default 127.0.0.1:8080)")
	cmd.Flags().Var(parsedFlag(&admin, listenAddress), "admin",
		"`address` of the admin listener (default 127.0.0.1:8081)")
	return cmd
}

// serve takes the addresses of the configuration where none are given.
func (a *app) serve(ctx context.Context, listen, admin *string) error {
	log, flush := service.NewLog(a.stderr, a.level())
	defer flush()
	if err := a.load(); err != nil {
		return err
	}
	a.serving.Store(true)
	flags := func(cfg *config.Config) {
		cfg.Listen, cfg.Admin = *cmp.Or(listen, &cfg.Listen), *cmp.Or(admin, &cfg.Admin)
	}
	s := service.New(a.cfg, a.sources, service.Options{Log: log, Env: a.env, Now: a.now, Listen: flags})
	data := a.data
	a.data = nil // or it would stay in memory after a reload
	err := s.Run(ctx, data)
	if wrong, ok := errors.AsType[service.ConfigError](err); ok {
		return usageError{err: wrong}
	}
	return err
}

// listenAddress reads an address to listen on, or nothing for none.
func listenAddress(s string) (*string, error) {
	if s != "" && !config.ListenAddress(s) {
		return nil, errors.New("not HOST:PORT; write for example 127.0.0.1:8080")
	}
	return &s, nil
}
