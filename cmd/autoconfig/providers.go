package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/provider"
)

// providerJSON is one provider in `providers --json`.
type providerJSON struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	BuiltIn    bool     `json:"built_in"`
	Domains    []string `json:"domains"`
	File       string   `json:"domains_file,omitempty"`
	Unverified []string `json:"unverified,omitempty"`
	MX         []string `json:"mx,omitempty"`
	Incoming   []string `json:"incoming"`
	Outgoing   []string `json:"outgoing"`
}

func (a *app) providersCommand() *cobra.Command {
	var facts bool
	var on time.Time
	cmd := newCommand("providers", "[ID|DOMAIN]", func(ctx context.Context, args []string) error {
		switch {
		case !on.IsZero() && !facts || facts && len(args) == 0:
			return usagef("--facts needs the ID of a built-in provider, and --on needs --facts; " +
				"write for example autoconfig providers microsoft365 --facts")
		case facts:
			return a.facts(ctx, args[0], on)
		}
		return a.providers(ctx, args)
	})
	cmd.Flags().BoolVar(&facts, "facts", false, "where a built-in provider's values come from, and what changes when")
	cmd.Flags().Var(parsedFlag(&on, date), "on", "with --facts: as they are on this `date`, 2027-01-02")
	return cmd
}

func date(s string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		err = fmt.Errorf("%q is not a date; write for example 2027-01-02", s)
	}
	return day, err
}

func (a *app) providers(ctx context.Context, args []string) error {
	if err := a.load(); err != nil {
		return err
	}
	entries := a.cfg.Model()
	if len(args) == 1 {
		e, err := a.entryOf(ctx, args[0])
		if err != nil {
			return err
		}
		if !a.json {
			return a.printer(textFormat).print("provider", e)
		}
		entries = []*config.Provider{e}
	}
	if a.json {
		return a.printProvidersJSON(entries)
	}
	return a.printer(textFormat).print("providers", entries)
}

// builtinOf is the id of the built-in provider that a text means: an id, or an address or a domain that it serves.
func (a *app) builtinOf(ctx context.Context, text string) (string, error) {
	if id := cmp.Or(provider.VendorOwned(strings.ToLower(text)), strings.ToLower(text)); provider.Builtin(id) != nil {
		return id, nil
	}
	if err := a.load(); err != nil {
		return "", err
	}
	e, err := a.entryOf(ctx, text)
	switch {
	case err == nil && provider.Builtin(e.ID) != nil:
		return e.ID, nil
	case errors.Is(err, provider.ErrUnavailable):
		return "", err
	}
	return "", usagef("%q is not a built-in provider; only those have facts: %s, %s",
		text, provider.Outlook, provider.Microsoft365)
}

// entryOf finds a provider by its id, or by an address or a domain that it serves.
func (a *app) entryOf(ctx context.Context, text string) (*config.Provider, error) {
	if e := entryByID(a.cfg.Model(), text); e != nil {
		return e, nil
	}
	addr, err := typedAddress(text)
	if err != nil {
		return nil, fmt.Errorf("no provider has the id %q; run autoconfig providers for the ids", text)
	}
	p, err := a.data.All().Lookup(ctx, addr)
	if errors.Is(err, provider.ErrNotFound) {
		return nil, fmt.Errorf("no provider has the id %q, and the domain is not served; "+
			"run autoconfig providers for the ids", text)
	}
	if err != nil {
		return nil, err
	}
	if e := entryByID(a.cfg.Model(), p.ID); e != nil {
		return e, nil
	}
	return &config.Provider{Provider: *p}, nil // of a folder of other people's
}

// entryByID is nil where no provider has the id.
func entryByID(entries []*config.Provider, id string) *config.Provider {
	for _, e := range entries {
		if e.ID == id {
			return e
		}
	}
	return nil
}

func (a *app) printProvidersJSON(entries []*config.Provider) error {
	out := []providerJSON{}
	for _, e := range entries {
		p := providerJSON{ID: e.ID, Name: e.Name, BuiltIn: e.Builtin, Domains: array(e.Domains), File: e.DomainsFile.String(),
			Unverified: e.Unverified, MX: e.MX, Incoming: serverLines(e.Incoming), Outgoing: serverLines(e.Outgoing)}
		out = append(out, p)
	}
	return a.printIndented(out)
}

func serverLines(list []provider.Server) []string {
	var out []string
	for _, s := range list {
		out = append(out, serverWords(s))
	}
	return out
}

// serverWords is a server on one line.
func serverWords(s provider.Server) string {
	auth := strings.Join(provider.Texts(s.Auth), ", ")
	return fmt.Sprintf("%s %s:%d %s (%s)", s.Protocol, s.Host, s.Port, s.Security, auth)
}
