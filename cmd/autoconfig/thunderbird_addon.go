package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/mozilla"
)

type addonOptions struct{ provider, version, policies, installURL string }

func (a *app) thunderbirdAddonCommand() *cobra.Command {
	var o addonOptions
	cmd := newCommand("thunderbird-addon", "FILE.xpi", func(_ context.Context, args []string) error {
		return a.thunderbirdAddon(args[0], o)
	})
	cmd.Long = strings.ReplaceAll(cmd.Long, "REDIRECT", mozilla.RedirectURL)
	cmd.Flags().StringVar(&o.provider, "provider", "", "the provider's `id`, when several have a client id")
	cmd.Flags().StringVar(&o.version, "addon-version", "1.0",
		"`version` of the add-on; raise it when you change the add-on")
	cmd.Flags().StringVar(&o.policies, "policies", "", "write the enterprise policy to this `file` too")
	cmd.Flags().StringVar(&o.installURL, "install-url", "",
		"where the policy gets the add-on; default: FILE.xpi as a file: `URL`")
	return cmd
}

// addonVersion is what Thunderbird accepts: up to four numbers of up to nine digits ("version", MDN WebExtensions
// manifest).
var addonVersion = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,3}$`)

func (a *app) thunderbirdAddon(file string, o addonOptions) error {
	if !addonVersion.MatchString(o.version) {
		return usagef("--addon-version %q is not a version; write up to four numbers, such as 1.0 or 2.1.3", o.version)
	}
	if err := a.load(); err != nil {
		return err
	}
	e, err := addonProvider(a.cfg.Model(), o.provider)
	if err != nil {
		return err
	}
	addon, err := mozilla.NewAddon(&e.Provider, e.Domains, o.version)
	if err != nil {
		return fmt.Errorf("%s: %w", a.cfg.Path, err)
	}
	xpi, err := addon.XPI()
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, xpi, 0o644); err != nil {
		return fmt.Errorf("the add-on cannot be written: %w", err)
	}
	fmt.Fprintf(a.stderr, "%s: add-on %s for %s; install it in Thunderbird under Add-ons and Themes, "+
		"Install Add-on From File\n", file, addon.ID, e.Name)
	if o.policies == "" {
		return nil
	}
	return a.writePolicies(addon, file, o)
}

func (a *app) writePolicies(addon *mozilla.Addon, file string, o addonOptions) error {
	from := o.installURL
	if from == "" {
		path, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		from = (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
	}
	text, err := addon.Policies(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.policies, text, 0o644); err != nil {
		return fmt.Errorf("the policy cannot be written: %w", err)
	}
	fmt.Fprintf(a.stderr, "%s: installs the add-on from %s\n", o.policies, from)
	return nil
}

// addonProvider is the provider with that id, or the only one with a client id.
func addonProvider(entries []*config.Provider, id string) (*config.Provider, error) {
	if id != "" {
		if e := entryByID(entries, id); e != nil {
			return e, nil
		}
		return nil, usagef("no provider %q; run autoconfig providers for the ids", id)
	}
	var with *config.Provider
	var ids []string
	for _, e := range entries {
		if e.OAuth2 != nil && e.OAuth2.ClientID != "" {
			with, ids = e, append(ids, e.ID)
		}
	}
	switch len(ids) {
	case 0:
		return with, errors.New("no provider has a client id; write oauth2: {client_id: …} in autoconfig.yaml")
	case 1:
		return with, nil
	}
	return with, usagef("several providers have a client id; choose one with --provider: %s", strings.Join(ids, ", "))
}
