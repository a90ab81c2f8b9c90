package main

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"text/template"
	"unicode/utf8"

	"autoconfig/finding"
	"autoconfig/provider"
)

// outputTexts are what commands print for people, a template each. What has tabs between its parts is printed in
// columns.
//
//go:embed output
var outputTexts embed.FS

func (p *printer) print(name string, v any) error {
	if p.texts == nil {
		p.texts = template.Must(template.New("").Funcs(p.functions()).ParseFS(outputTexts, "output/*.tmpl"))
	}
	columns := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	p.err = cmp.Or(p.err, p.texts.ExecuteTemplate(columns, name+".tmpl", v), columns.Flush())
	return p.err
}

func (p *printer) functions() template.FuncMap {
	return template.FuncMap{
		"join": strings.Join, "lines": p.wrapped, "expand": provider.Expand, "server": serverWords, "passwords": passwords,
		"auth":      func(list []provider.Auth, between string) string { return strings.Join(provider.Texts(list), between) },
		"english":   func(lang string) bool { return lang == "en" || lang == "" },
		"printable": func(text string) string { return provider.Printable(text, 0) },
		"protocol":  func(p provider.Protocol) string { return protocolWords[p] },
		"security":  func(s provider.Security) string { return securityWords[s] },
		"why":       stepWords,
		"rows":      rows,
	}
}

// rows are a key and its text, wrapped, in two columns.
func rows(key, text string) string {
	var b strings.Builder
	for _, line := range wrap(strings.Fields(text), usualWidth-18) { // next to the keys
		b.WriteString(key + "\t" + line + "\n")
		key = ""
	}
	return b.String()
}

// output prints the only value of a command, for people with a template.
func (a *app) output(v any, name string) error {
	if a.json {
		return a.printJSON(v)
	}
	return a.printer(textFormat).print(name, v)
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

// grouped puts the values of a list with one key together, in the order in which the keys are met.
func grouped[T any, K comparable](list []T, key func(T) K) (out [][]T) {
	at := map[K]int{}
	for _, v := range list {
		i, met := at[key(v)]
		if !met {
			i, out = len(out), append(out, nil)
			at[key(v)] = i
		}
		out[i] = append(out[i], v)
	}
	return out
}

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
