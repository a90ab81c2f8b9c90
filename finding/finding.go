// Package finding is the one form in which anything wrong is reported: a check of the records, a probe of a server, a
// lint of a document, a mistake in the configuration. Every finding has a stable id from one catalogue; commands, pages
// and docs/findings.md print that.
package finding

import (
	"fmt"
	"strings"
	"unicode"

	"autoconfig/templates/findings"
)

// Level says how much a finding matters. Only Fail makes a command exit 1.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warn    Level = "warn"
	Fail    Level = "fail"
	Skipped Level = "skipped"
)

// Finding is one result. Its JSON keys are stable; absent ones are left out.
type Finding struct {
	ID      string   `json:"id"`
	Level   Level    `json:"level"`
	Subject string   `json:"subject,omitempty"` // what it is about: a record, a server, file:line:column
	Key     string   `json:"key,omitempty"`     // of the configuration, as in providers[0].outgoing[1].port
	Name    string   `json:"name,omitempty"`    // DNS owner name
	Type    string   `json:"type,omitempty"`    // DNS record type
	Status  string   `json:"status,omitempty"`  // DNS: ok, missing, differs, conflict, error
	RCode   string   `json:"rcode,omitempty"`   // NOERROR, NXDOMAIN, NODATA, SERVFAIL, REFUSED, TIMEOUT
	Want    []string `json:"want,omitempty"`
	Got     []string `json:"got,omitempty"`
	Cause   string   `json:"cause,omitempty"`
	Fix     string   `json:"fix,omitempty"`
	Admin   string   `json:"admin,omitempty"` // what an administrator can do, where that is something else
}

// New makes the finding id about subject with the catalogue's level, cause and fix. An id the catalogue lacks is a
// programming error.
func New(id, subject string) Finding {
	e, ok := Lookup(id)
	if !ok {
		panic("finding: no catalogue entry " + id)
	}
	return Finding{ID: e.ID, Level: e.Level, Subject: subject, Cause: e.Cause, Fix: e.Fix, Admin: e.Admin}
}

// Saw sets what was found: a foreign text, cut and made fit for a terminal. Nothing is set for an empty one.
func (f Finding) Saw(text string) Finding {
	const most = 100
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	if f.Got = nil; text != "" {
		f.Got = []string{strings.Map(graphic, text)}
	}
	return f
}

func graphic(r rune) rune {
	if unicode.IsGraphic(r) {
		return r
	}
	return '␣'
}

// Because replaces the cause by a more particular one.
func (f Finding) Because(format string, args ...any) Finding {
	f.Cause = fmt.Sprintf(format, args...)
	return f
}

// Do replaces the fix by a more particular one.
func (f Finding) Do(format string, args ...any) Finding {
	f.Fix = fmt.Sprintf(format, args...)
	return f
}

// In is the finding with the catalogue's texts in a language, unless it has more particular ones and the language is
// English.
func (f Finding) In(lang string) Finding {
	if e, ok := In(lang, f.ID); ok && e.Lang != findings.Fallback {
		f.Cause, f.Fix, f.Admin = e.Cause, e.Fix, e.Admin
	}
	return f
}

// String is the finding on one line: subject, key, cause and fix.
func (f Finding) String() string {
	var b strings.Builder
	for _, about := range []string{f.Subject, f.Key} {
		if about != "" {
			b.WriteString(about + ": ")
		}
	}
	b.WriteString(f.Cause)
	if f.Fix != "" {
		b.WriteString("; " + f.Fix)
	}
	return b.String()
}

// Summary counts findings by level.
type Summary struct {
	OK      int `json:"ok"`
	Warn    int `json:"warn"`
	Fail    int `json:"fail"`
	Skipped int `json:"skipped"`
}

// Summarize counts the findings of a report.
func Summarize(list []Finding) Summary {
	by := map[Level]int{}
	for _, f := range list {
		by[f.Level]++
	}
	return Summary{by[OK], by[Warn], by[Fail], by[Skipped]}
}

// Report is what `dns check --json` and `doctor --json` print for one domain.
type Report struct {
	Domain   string    `json:"domain"`
	Findings []Finding `json:"findings"`
	Summary  Summary   `json:"summary"`
}

// Group is a part of a report for people.
type Group struct {
	Title    string // "" for the only one
	Line     string // what there is, in short
	Findings []Finding
	Facts    []string // in detail
}

// NewReport makes the report of a domain.
func NewReport(domain string, list []Finding) Report {
	if list == nil {
		list = []Finding{} // a JSON array even when empty
	}
	return Report{Domain: domain, Findings: list, Summary: Summarize(list)}
}
