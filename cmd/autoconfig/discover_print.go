package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"autoconfig/discover"
	"autoconfig/finding"
)

// printReport prints a report for people: a line that sums it up, the programs that end alike together, where they
// differ, then what is wrong. Among many addresses a finding is a line.
func (d *discovery) printReport(r discoverJSON, single bool) error {
	out := d.printer(d.format)
	out.heading("##", fmt.Sprintf("%s: settings found by %d of %s; %s",
		r.Address, r.Count(), plural(len(r.Clients), "program"), faults(finding.Summarize(r.Findings))))
	out.fence("\n")
	printVerdicts(out, r.Clients)
	printDisagreements(out, r.Disagreements)
	if d.trace {
		for _, c := range r.Clients {
			out.err = cmp.Or(out.err, out.print("trace", c))
		}
	}
	out.fence("\n")
	out.printf("\n")
	if out.list(r.Findings); single {
		out.explain(r.Findings)
	} else if len(r.Findings) > 0 {
		out.printf("\n")
	}
	return out.err
}

// outcome is how one or more programs end.
type outcome struct {
	verdict discover.Verdict
	lines   []string
	titles  []string
}

func printVerdicts(out *printer, clients []discover.Result) {
	var groups []*outcome
	for _, c := range clients {
		o := outcomeOf(c)
		i := slices.IndexFunc(groups, func(g *outcome) bool {
			return g.verdict == o.verdict && slices.Equal(g.lines, o.lines)
		})
		if i < 0 {
			groups = append(groups, o)
			continue
		}
		groups[i].titles = append(groups[i].titles, c.Title)
	}
	rank := []discover.Verdict{discover.Found, discover.Asks, discover.Refused, discover.Nothing}
	slices.SortStableFunc(groups, func(a, b *outcome) int {
		return slices.Index(rank, a.verdict) - slices.Index(rank, b.verdict)
	})
	for _, g := range groups {
		out.lines(fmt.Sprintf("  %-8s ", g.verdict), strings.Join(g.titles, ", "))
		for _, line := range g.lines {
			out.lines("           ", line)
		}
	}
}

// outcomeOf is what a program ends with, in lines for people.
func outcomeOf(c discover.Result) *outcome {
	o := &outcome{verdict: c.Verdict, titles: []string{c.Title}}
	if c.Settings != nil {
		user := ""
		for _, s := range []*discover.Server{c.Settings.Incoming, c.Settings.Outgoing} {
			if s == nil {
				continue
			}
			line := s.String()
			if broken := s.Broken(); broken != "" {
				line += " (" + broken + ")"
			}
			o.lines = append(o.lines, line)
			user = cmp.Or(user, s.Username)
		}
		if user != "" {
			o.lines = append(o.lines, "user name "+user)
		}
	}
	for _, question := range c.AsksUser {
		o.lines = append(o.lines, "asks "+question)
	}
	if c.Verdict == discover.Refused {
		o.lines = append(o.lines, c.Line)
	}
	return o
}

func printDisagreements(out *printer, list []discover.Disagreement) {
	for _, d := range list {
		out.printf("\n  %s differs:\n", d.About)
		for _, v := range d.Values {
			out.lines("           ", v.Value+": "+strings.Join(v.Clients, ", "))
		}
	}
}

// stepWords says why a step ended as it did, with the status where there is one.
func stepWords(s discover.Step) string {
	if t := s.Trace; t != nil && t.Status != 0 {
		return strings.TrimSpace(fmt.Sprintf("%d %s", t.Status, s.Why))
	}
	return s.Why
}
