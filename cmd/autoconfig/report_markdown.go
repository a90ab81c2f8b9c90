package main

import (
	"strings"

	"autoconfig/finding"
)

func (p *printer) markdownList(found []finding.Finding) {
	if len(found) == 0 {
		return
	}
	p.printf("| | about | finding |\n|---|---|---|\n")
	for _, f := range sorted(found) {
		about := f.Subject
		f.Subject = ""
		p.printf("| %s | %s | %s %s |\n", levelWords[f.Level],
			escapeMarkdown(oneLine(about)), escapeMarkdown(oneLine(summed(f))), findingLink(f.ID))
	}
	p.printf("\n")
}

// findingLink leads to the paragraph about a finding in the documentation.
func findingLink(id string) string { return "[" + id + "](docs/findings.md#" + id + ")" }

// escapeMarkdown makes text stand for itself in Markdown, in a table too.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]<>#|~!&$", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
