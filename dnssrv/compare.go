package dnssrv

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/miekg/dns"
)

// Comparison is what is published at a name next to what should be, each a record in zone form, a line each.
type Comparison struct {
	Want, Got []string
	Fine      bool // what is there does as well as what is planned
	Unknown   bool // it could not be asked
}

// WriteComparison writes a table for people at a panel: the fields of each record, and where one differs what is there
// and what should be. TTLs are compared if ttl is set: those of a resolver count down.
func WriteComparison(w io.Writer, domain string, list []Comparison, ttl bool) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "STATUS\t"+strings.Join(PartNames(), "\t"))
	for _, b := range list {
		for _, row := range b.rows(domain, ttl) {
			fmt.Fprintln(t, strings.TrimRight(strings.Join(row, "\t"), "\t"))
		}
	}
	return t.Flush()
}

// rows pairs the records: equal ones first, then the others in their order.
func (b Comparison) rows(domain string, ttl bool) [][]string {
	want, got := parseLines(b.Want), parseLines(b.Got)
	var rows [][]string
	for _, rr := range want {
		if i := slices.IndexFunc(got, func(other RR) bool { return dns.IsDuplicate(rr, other) }); i >= 0 {
			rows = append(rows, b.row(domain, rr, got[i], ttl))
		}
	}
	missing, extra := Lacking(want, got), Lacking(got, want)
	for i := range max(len(missing), len(extra)) {
		var planned, there RR
		if i < len(missing) {
			planned = missing[i]
		}
		if i < len(extra) {
			there = extra[i]
		}
		rows = append(rows, b.row(domain, planned, there, ttl))
	}
	return rows
}

func (b Comparison) row(domain string, want, got RR, ttl bool) []string {
	switch {
	case want == nil && b.Fine:
		return append([]string{"there"}, Split(domain, got).Columns()...)
	case want == nil:
		return append([]string{"extra"}, Split(domain, got).Columns()...)
	case got == nil && b.Unknown:
		return append([]string{"unknown"}, Split(domain, want).Columns()...)
	case got == nil:
		return append([]string{"missing"}, Split(domain, want).Columns()...)
	}
	planned, there := Split(domain, want), Split(domain, got)
	if !ttl {
		there.TTL = planned.TTL
	}
	if b.Fine && !dns.IsDuplicate(want, got) { // addresses in place of an alias, for example
		return append([]string{"ok"}, there.Columns()...)
	}
	row := []string{"ok"}
	for i, should := range planned.Columns() {
		if is := there.Columns()[i]; is != should {
			row[0], should = "differs", is+" → "+should
		}
		row = append(row, should)
	}
	return row
}

// Planned reports whether the lines are records of a kind that a plan can have.
func Planned(list []string) bool {
	rrs := parseLines(list)
	return len(rrs) > 0 && Kind(rrs[0]) != ""
}

// parseLines reads records in zone form; other lines are left out.
func parseLines(list []string) []RR {
	var out []RR
	for _, line := range list {
		if rr, err := dns.NewRR(line); err == nil && rr != nil {
			out = append(out, rr)
		}
	}
	return out
}
