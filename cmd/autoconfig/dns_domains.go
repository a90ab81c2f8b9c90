package main

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"autoconfig/service"
)

// domainList says which domains a command is for.
type domainList struct {
	all  bool
	file string
}

func (l *domainList) flags(cmd *cobra.Command, verb string) {
	f := cmd.Flags()
	f.BoolVar(&l.all, "all", false, verb+" every domain of the configuration")
	f.StringVar(&l.file, "file", "", verb+" the domains in this `file`, one a line, # comments; - is standard input")
}

// many reports whether the domains come from a list.
func (l *domainList) many() bool { return l.all || l.file != "" }

// args are the domains that were written, when just one way to name them was used.
func (l *domainList) args(verb string, args []string) ([]string, error) {
	switch chosen := b2i(len(args) > 0) + b2i(l.all) + b2i(l.file != ""); {
	case chosen == 0:
		return nil, usagef("no domain given; write the domains to %s, or --all, or --file FILE", verb)
	case chosen > 1:
		return nil, usagef("domains, --all and --file FILE exclude one another; "+
			"write the domains to %s, or --all, or --file FILE", verb)
	}
	return domainArgs(args)
}

// domains are the domains of a list, and how many there are; -1: not known.
func (a *app) domains(ctx context.Context, l domainList, own *service.OwnDomains, args []string) (
	count int, _ iter.Seq2[string, error], err error) {
	switch {
	case l.all:
		if count = own.Count(); count == 0 {
			err = usagef("--all: the configuration lists no domain of your own; write providers: with domains:")
		}
		return count, own.All(ctx), err
	case l.file == "":
		return len(args), each(args), nil
	}
	count, domains, err := fileValues(l.file, a.stdin, parseDomain)
	if err == nil && count == 0 {
		err = usagef("--file %s: no domain in it", l.file)
	}
	return count, domains, err
}
