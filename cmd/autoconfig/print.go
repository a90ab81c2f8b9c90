package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"autoconfig/finding"
	"autoconfig/provider"
)

// table is printed in columns.
type table [][]string

func (t *table) row(cells ...string) { *t = append(*t, cells) }

func (t table) print(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, cells := range t {
		fmt.Fprintln(columns, strings.Join(cells, "\t"))
	}
	return columns.Flush()
}

// printJSON prints a value on a line.
func (a *app) printJSON(v any) error { return a.encode(v, "") }

// printIndented prints the only value of a command.
func (a *app) printIndented(v any) error { return a.encode(v, "  ") }

func (a *app) encode(v any, indent string) error {
	e := json.NewEncoder(a.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	return e.Encode(v)
}

// array is a list that is a JSON array even when empty.
func array[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// oneLine makes text fit to be printed on a line.
func oneLine(text string) string {
	return provider.Printable(strings.Join(strings.Fields(text), " "), 0)
}

func words(text string) []string { return strings.Fields(oneLine(text)) }

// wrap joins words into lines of at most width characters.
func wrap(words []string, width int) []string {
	var lines []string
	line, length := "", 0
	for _, word := range words {
		n := utf8.RuneCountInString(word)
		switch {
		case line == "":
			line, length = word, n
		case length+1+n > width:
			lines = append(lines, line)
			line, length = word, n
		default:
			line, length = line+" "+word, length+1+n
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// faults counts what is wrong.
func faults(s finding.Summary) string {
	return plural(s.Fail, "error") + ", " + plural(s.Warn, "warning")
}

// plural is a number of things: 1 error, 2 errors.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprint(n) + " " + thing + "s"
}
