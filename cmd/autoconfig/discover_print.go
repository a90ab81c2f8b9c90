package main

import (
	"fmt"
	"slices"
	"strings"

	"autoconfig/discover"
	"autoconfig/finding"
)

// printReport prints a report for people: a line that sums it up, the programs
// that end alike together, where they differ, then what is wrong.
func (d *discovery) printReport(r discoverJSON, single bool) error {
	out := &errWriter{w: d.stdout}
	with, sum := 0, finding.Summarize(r.Findings)
	for _, c := range r.Clients {
		if c.Settings != nil {
			with++
		}
	}
	out.printf("%s: settings found by %d of %s; %s, %s\n", r.Address, with, count(len(r.Clients), "program"), count(sum.Fail, "error"), count(sum.Warn, "warning"))
	printVerdicts(out, r.Clients)
	printDisagreements(out, r.Disagreements)
	if d.trace {
		for _, c := range r.Clients {
			printTrace(out, c)
		}
	}
	if single && len(r.Findings) > 0 {
		out.printf("\n")
	}
	printKinds(out, r.Findings, single)
	if !single {
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

func printVerdicts(out *errWriter, clients []discover.Result) {
	var groups []*outcome
	for _, c := range clients {
		o := outcomeOf(c)
		i := slices.IndexFunc(groups, func(g *outcome) bool { return g.verdict == o.verdict && slices.Equal(g.lines, o.lines) })
		if i < 0 {
			groups = append(groups, o)
			continue
		}
		groups[i].titles = append(groups[i].titles, c.Title)
	}
	rank := []discover.Verdict{discover.Found, discover.Asks, discover.Refused, discover.Nothing}
	slices.SortStableFunc(groups, func(a, b *outcome) int { return slices.Index(rank, a.verdict) - slices.Index(rank, b.verdict) })
	for _, g := range groups {
		wrapped(out, fmt.Sprintf("  %-8s ", g.verdict), strings.Join(g.titles, ", "))
		for _, line := range g.lines {
			wrapped(out, "           ", line)
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
			if user == "" {
				user = s.Username
			}
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

func printDisagreements(out *errWriter, list []discover.Disagreement) {
	for _, d := range list {
		out.printf("\n  %s differs:\n", d.About)
		for _, v := range d.Values {
			wrapped(out, "           ", v.Value+": "+strings.Join(v.Clients, ", "))
		}
	}
}

// printTrace prints the steps of one program.
func printTrace(out *errWriter, c discover.Result) {
	out.printf("\n%s (%s)\n  modelled on %s\n", c.Title, c.Client, c.Checked)
	for _, s := range c.Steps {
		used := ""
		if s.Used {
			used = "  <- used"
		}
		out.printf("  %-7s %6d ms  %s%s\n", s.Result, s.MS, s.What, used)
		why := s.Why
		if t := s.Trace; t != nil && t.Status != 0 {
			why = strings.TrimSpace(fmt.Sprintf("%d %s", t.Status, why))
		}
		if why != "" {
			out.printf("                     %s\n", why)
		}
		if s.Trace != nil {
			printWire(out, s.Trace)
		}
	}
	out.printf("  %s: %s\n", c.Verdict, c.Line)
}

func printWire(out *errWriter, t *discover.Trace) {
	const margin = "                     " // under the columns of the steps
	for _, hop := range t.Hops {
		out.printf("%sredirected to %s\n", margin, hop)
	}
	if t.ContentType != "" {
		out.printf("%s%s, %d bytes\n", margin, t.ContentType, t.Bytes)
	}
	if c := t.Certificate; c != nil {
		out.printf("%s%s certificate for %s, by %s, until %s\n", margin, strings.TrimSpace(t.TLS+","), strings.Join(c.Names, " "), c.Issuer, c.NotAfter.Format("2006-01-02"))
		if c.Problem != "" {
			out.printf("%s%s\n", margin, c.Problem)
		}
	}
}

// printKinds prints findings a line each, those of a kind together, and what to
// know about the kind once; among many addresses the lines alone.
func printKinds(out *errWriter, list []finding.Finding, whole bool) {
	list = sorted(list)
	for len(list) > 0 {
		kind := list[0]
		same := func(f finding.Finding) bool {
			return f.ID == kind.ID && f.Level == kind.Level && f.Cause == kind.Cause && f.Fix == kind.Fix
		}
		for _, f := range list {
			if same(f) {
				wrapped(out, fmt.Sprintf("  %-4s  ", levelWords[f.Level]), fmt.Sprintf("%s: %s [%s]", f.Subject, title(f), f.ID))
				printValues(out, f, whole)
			}
		}
		if whole {
			wrapped(out, margin, kind.Cause)
			if kind.Fix != "" {
				wrapped(out, margin, "do: "+kind.Fix)
			}
		}
		list = slices.DeleteFunc(list, same)
	}
}

func printValues(out *errWriter, f finding.Finding, whole bool) {
	if !whole {
		return
	}
	for _, line := range f.Got {
		wrapped(out, margin, "seen: "+line)
	}
	for _, line := range f.Want {
		wrapped(out, margin, "right: "+line)
	}
}

// margin is before what belongs to a line above.
const margin = "        "

// wrapped prints text in lines of 80 columns, the first after head, the others
// under it.
func wrapped(out *errWriter, head, text string) {
	for _, line := range wrap(strings.Fields(text), 80-len(head)) {
		out.printf("%s%s\n", head, line)
		head = strings.Repeat(" ", len(head))
	}
}
