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

// printVerdicts prints how the programs end, the best first.
func printVerdicts(out *printer, clients []discover.Result) {
	rank := []discover.Verdict{discover.Found, discover.Asks, discover.Refused, discover.Nothing}
	sorted := slices.SortedStableFunc(slices.Values(clients), func(a, b discover.Result) int {
		return slices.Index(rank, a.Verdict) - slices.Index(rank, b.Verdict)
	})
	alike := func(c discover.Result) string { return string(c.Verdict) + strings.Join(outcomeOf(c), "\n") }
	for _, group := range grouped(sorted, alike) {
		var titles []string
		for _, c := range group {
			titles = append(titles, c.Title)
		}
		out.lines(fmt.Sprintf("  %-8s ", group[0].Verdict), strings.Join(titles, ", "))
		for _, line := range outcomeOf(group[0]) {
			out.lines("           ", line)
		}
	}
}

// outcomeOf is what a program ends with, in lines for people.
func outcomeOf(c discover.Result) (lines []string) {
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
			lines = append(lines, line)
			user = cmp.Or(user, s.Username)
		}
		if user != "" {
			lines = append(lines, "user name "+user)
		}
	}
	for _, question := range c.AsksUser {
		lines = append(lines, "asks "+question)
	}
	if c.Verdict == discover.Refused {
		lines = append(lines, c.Line)
	}
	return lines
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
