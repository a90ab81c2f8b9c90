package main

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/discover"
	"autoconfig/finding"
)

// lintJSON is what `lint --json` prints.
type lintJSON struct {
	Document string            `json:"document"` // as it was given
	Format   discover.Format   `json:"format,omitempty"`
	Findings []finding.Finding `json:"findings"`
	Summary  finding.Summary   `json:"summary"`
}

func (a *app) lintCommand() *cobra.Command {
	d := &discovery{app: a}
	cmd := newCommand("lint", "FILE|URL|-", d.lint)
	d.network.flags(cmd)
	d.network.privateFlag(cmd)
	return cmd
}

func (d *discovery) lint(ctx context.Context, args []string) error {
	name := args[0]
	data, contentType, err := d.document(ctx, name)
	if err != nil {
		return err
	}
	format, found := discover.Lint(data, contentType)
	for i := range found {
		found[i].Subject = cmp.Or(found[i].Subject, name)
	}
	out := lintJSON{name, format, array(sorted(found)), finding.Summarize(found)}
	if d.json {
		return cmp.Or(d.printJSON(out), silent(out.Summary.Fail > 0))
	}
	p := d.printer(textFormat)
	p.heading("##", name+": "+formatNames[format]+": "+faults(out.Summary))
	p.list(out.Findings)
	p.explain(out.Findings)
	return cmp.Or(p.err, silent(out.Summary.Fail > 0))
}

// document is a file, standard input or what a URL answers, and its Content-Type where it has one.
func (d *discovery) document(ctx context.Context, name string) ([]byte, string, error) {
	if isURL, err := isURL(name); err != nil {
		return nil, "", err
	} else if !isURL {
		data, err := d.readDocument(name)
		return data, "", err
	}
	if err := d.load(); err != nil { // for its resolver
		return nil, "", err
	}
	return discover.Fetch(ctx, d.network.environment(d.cfg), name)
}

// isURL reports whether an argument is a URL rather than a path; of a scheme that is not read it is a mistake.
func isURL(text string) (bool, error) {
	scheme, _, ok := strings.Cut(strings.ToLower(text), "://")
	if ok && scheme != "https" && scheme != "http" {
		return true, usagef("%q: only URLs of https and http can be read; save the document and give the file", text)
	}
	return ok, nil
}

var formatNames = map[discover.Format]string{
	discover.Autoconfig: "autoconfig XML", discover.Autodiscovery: "an Autodiscover answer",
	discover.Profile: "a configuration profile", discover.PACC: "a PACC document",
	discover.NoFormat: "no format with mail settings",
}
