package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/finding"
)

// completions are what the arguments of the commands may be, by the words of their usage lines.
func (a *app) completions(cmd *cobra.Command) cobra.CompletionFunc {
	words := strings.Fields(cmd.Use)[1:]
	if i := slices.IndexFunc(words, func(w string) bool { return strings.Contains(w, "…|") }); i >= 0 {
		words = words[:i+1] // what follows belongs to a flag
	}
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(words) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		word := words[min(len(args), len(words)-1)]
		if len(args) >= len(words) && !strings.Contains(word, "…") && word != "[TEXT]" {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var list []string
		switch kind := strings.Trim(word, "[]…"); {
		case kind == "FORMAT":
			list = formats
		case kind == "ID|DOMAIN":
			list = slices.Concat(a.ids(), a.ownDomains(cmd.Context(), begun))
		case strings.HasPrefix(kind, "ADDRESS"), strings.HasPrefix(kind, "DOMAIN"):
			list = a.ownDomains(cmd.Context(), begun)
		case kind == "TEXT" && len(args) > 0 && args[len(args)-1] == "--lang": // its flags are not parsed
			list = finding.Languages()
		case kind == "TEXT":
			for _, e := range finding.Catalogue() {
				list = append(list, e.ID)
			}
		case kind == "DIR":
			return nil, cobra.ShellCompDirectiveFilterDirs
		case strings.Contains(kind, "FILE"):
			return nil, cobra.ShellCompDirectiveDefault
		}
		list = slices.Compact(slices.Sorted(slices.Values(list)))
		list = slices.DeleteFunc(list, func(s string) bool { return !strings.HasPrefix(s, begun) })
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

func (a *app) ids() []string {
	cfg, _ := a.configuration()
	var out []string
	for _, e := range cfg.Model() {
		out = append(out, e.ID)
	}
	return out
}

// mostCompleted bounds the domains that a shell is offered.
const mostCompleted = 1000

// ownDomains are the operator's domains, files included, that begin with begun, or with what is behind its @.
func (a *app) ownDomains(ctx context.Context, begun string) []string {
	cfg, found := a.configuration()
	if config.Failed(found) {
		return nil
	}
	data, found := cfg.Data()
	if config.Failed(found) {
		return nil
	}
	at := strings.IndexByte(begun, '@') + 1
	local, domain := begun[:at], begun[at:]
	var out []string
	for name, err := range data.Listed.Domains(ctx) {
		if err != nil || len(out) == mostCompleted {
			break
		}
		if strings.HasPrefix(name, domain) {
			out = append(out, local+name)
		}
	}
	return out
}
