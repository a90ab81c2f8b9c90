package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// section is the expectations of one catalogue.
type section struct {
	program, kind, catalogue string
	entries                  []expectation
}

// expectation is what one message means, or why it is left out.
type expectation struct {
	key    string
	want   []string
	reason string
}

func parse(text string) ([]section, error) {
	var out []section
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			head := strings.Fields(strings.Trim(line, "[]"))
			if len(head) != 3 {
				return nil, fmt.Errorf("expect.txt: %s: a program, a kind and a catalogue are needed", line)
			}
			out = append(out, section{program: head[0], kind: head[1], catalogue: head[2]})
			continue
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("expect.txt: %s: before the first [program …]", line)
		}
		s := &out[len(out)-1]
		line, _, _ = strings.Cut(line, " # ")
		if key, ids, ok := strings.Cut(line, " = "); ok {
			s.entries = append(s.entries, expectation{key: key, want: expand(strings.Fields(ids))})
		} else if key, reason, ok := strings.Cut(line, " - "); ok {
			s.entries = append(s.entries, expectation{key: key, reason: reason})
		} else {
			return nil, fmt.Errorf("expect.txt: %s: neither = nor -", line)
		}
	}
	return out, nil
}

// expand writes ?-x as the ids of each protocol.
func expand(ids []string) []string {
	var out []string
	for _, id := range ids {
		if rest, ok := strings.CutPrefix(id, "?"); ok {
			out = append(out, "imap"+rest, "pop3"+rest, "smtp"+rest)
			continue
		}
		out = append(out, id)
	}
	return out
}

func programs(sections []section) []string {
	var out []string
	for _, s := range sections {
		if !slices.Contains(out, s.program) {
			out = append(out, s.program)
		}
	}
	return out
}

var (
	// Mozilla's %S and %1$S, C's and Python's %s, %d and %1$s, KDE's %1.
	percent = regexp.MustCompile(`%[0-9]*\$?\.?[0-9]*[a-zA-Z]|%[0-9]+`)
	// Fluent's { $name }, { -brand } and { other-message }.
	braces = regexp.MustCompile(`\{ *([^}]*?) *\}`)
	tags   = regexp.MustCompile(`<[^>]*>`)
)

// fill puts example values into the placeholders of a message.
func fill(text string, texts messages) string {
	text = braces.ReplaceAllStringFunc(text, func(s string) string {
		name := braces.FindStringSubmatch(s)[1]
		switch {
		case strings.HasPrefix(name, "-brand"):
			return "Thunderbird"
		case strings.Contains(name, "hostname"), strings.Contains(name, "server"):
			return "mail.example.org"
		case strings.HasPrefix(name, "$"):
			return "7 March 2026"
		case strings.HasPrefix(name, `"`):
			return strings.Trim(name, `"`)
		}
		return texts[name]
	})
	text = tags.ReplaceAllString(text, "")
	return percent.ReplaceAllString(strings.ReplaceAll(text, "%%", "%"), " mail.example.org")
}
