package setup

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"autoconfig/provider"
)

// Line is one line of a report; what does not fit on it goes on below its text.
type Line struct{ Head, Text string }

// Lines say what was found, what not, and why.
func (s *Result) Lines() []Line {
	var out []Line
	add := func(format string, args ...any) { out = append(out, Line{Text: fmt.Sprintf(format, args...)}) }
	switch {
	case s.Builtin != nil:
		add("%s: its mail goes to %s, which is %s: built in.", s.Domain, strings.Join(s.MX, " and "), s.Builtin.Name)
	case s.MXErr != nil:
		add("%s: no mail exchanger (%s).", s.Domain, s.MXErr)
	default:
		add("%s: its mail goes to %s.", s.Domain, strings.Join(s.MX, " and "))
	}
	for _, from := range s.From {
		add("Settings are published already: %s", from)
	}
	var nameless []string
	for _, h := range s.Hosts {
		if h.nameless() {
			nameless = append(nameless, h.Name)
			continue
		}
		out = append(out, h.lines()...)
	}
	if len(nameless) > 0 {
		add("No address: %s", strings.Join(nameless, " "))
	}
	return out
}

// lines are a host, a line for each port that speaks TLS, and the others together.
func (h *Host) lines() []Line {
	out := []Line{{Text: fmt.Sprintf("%s (%s)", h.Name, h.Why)}}
	silent := map[string][]string{}
	for _, p := range h.Ports {
		if p.TLS != "" {
			out = append(out, Line{fmt.Sprintf("  %-5d %-12s ", p.Server.Port, name(p.Server)), p.words()})
			continue
		}
		silent[p.Note] = append(silent[p.Note], fmt.Sprint(p.Server.Port))
	}
	for _, note := range slices.Sorted(maps.Keys(silent)) {
		out = append(out, Line{"  ", strings.Join(silent[note], ", ") + ": " + note})
	}
	return out
}

func (p *Port) words() string {
	if len(p.Auth) == 0 {
		return "left out: " + p.Note
	}
	version, _, _ := strings.Cut(p.TLS, ",")
	if p.Server.Security == provider.STARTTLS {
		version += " by STARTTLS"
	}
	out := version + ", login by " + strings.Join(provider.Texts(p.Auth), ", ")
	switch {
	case p.Announced:
		return out
	case p.usable():
		return "left out, " + p.Note + " (" + out + ")"
	}
	return "left out: " + p.Note
}
