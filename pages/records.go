package pages

import (
	"slices"
	"strconv"
	"strings"

	"autoconfig/dnssrv"
	"autoconfig/finding"
)

// Records is what the page for the owner of a domain shows.
type Records struct {
	Domain   string
	Plan     []dnssrv.RR
	Found    []finding.Finding // what is published; nil: nobody could look
	Programs []Program
}

// Program is what a mail program would find: now, and when all records are published. The words are those of discover's
// verdicts; Now is empty when nobody could look.
type Program struct{ Title, Now, Then string }

// recordsView is the page for the owner of a domain.
type recordsView struct {
	view
	Domain   string
	Rows     []recordRow
	Looked   bool
	Open     int // records to publish or to change
	Link     string
	Zone     string // all records as lines of a zone
	Programs []Program
}

// recordRow is a record to publish.
type recordRow struct {
	Name, State string // State is published, missing, differs or unknown
	Negative    bool   // it says that a service is not offered
	Fields      []recordField
	Got         []string    // what is published instead
	Finding     findingView // why; without an ID there is nothing to say
}

// recordField is a value to copy into a field of a DNS control panel. Word is records.WORD.
type recordField struct{ Word, Value string }

// states are the words for what a look found instead of a record, by the status of a finding.
var states = map[string]string{"ok": "differs", "missing": "missing", "differs": "differs", "conflict": "differs"}

// plain are the findings that say no more than the state does.
var plain = []string{"dns-record-missing", "dns-record-differs", "dns-negative-missing"}

// Records shows the owner of a domain what to publish, what is published, and what mail programs find.
func (p *Pages) Records(visit Visit, of Records) (Page, error) {
	v := &recordsView{view: p.view(visit, "/records/"+of.Domain), Domain: of.Domain, Looked: of.Found != nil,
		Programs: of.Programs}
	v.Private = true
	if v.Base != "" {
		v.Link = v.Base + v.Path
	}
	var zone strings.Builder
	_ = dnssrv.WriteFormat(&zone, "zone", of.Domain, of.Plan, dnssrv.FormatOptions{}) // the plan is of that domain
	v.Zone = zone.String()
	for _, rr := range of.Plan {
		parts := dnssrv.Split(of.Domain, rr)
		row := recordRow{Name: parts.Name, State: "unknown", Negative: parts.Target == "."}
		ttl := strconv.FormatUint(uint64(parts.TTL), 10)
		for _, f := range []recordField{{"type", parts.Type}, {"name", parts.Label}, {"ttl", ttl},
			{"priority", parts.Priority}, {"weight", parts.Weight}, {"port", parts.Port}, {"target", parts.Target},
			{"text", parts.Text}} {
			if f.Value != "" {
				row.Fields = append(row.Fields, f)
			}
		}
		row.see(of.Found, rr, parts.Type)
		row.Finding = p.findings[v.Lang]().byID[row.Finding.ID]
		if row.State == "missing" || row.State == "differs" {
			v.Open++
		}
		v.Rows = append(v.Rows, row)
	}
	return p.render(&v.view, "records", v)
}

// see compares a record with what was found of its name and type. A record that is published as planned may have a
// fault elsewhere, such as a target without an address.
func (row *recordRow) see(found []finding.Finding, rr dnssrv.RR, rtype string) {
	for _, f := range found {
		if f.Name != row.Name || f.Type != rtype || f.Status == "" {
			continue
		}
		if dnssrv.Listed(rr, f.Got) {
			row.State, row.Got = "published", nil
		} else if state := states[f.Status]; state != "" && row.State == "unknown" {
			row.State, row.Got = state, f.Got
		}
		if row.Finding.ID == "" && (f.Level == finding.Fail || f.Level == finding.Warn) && !slices.Contains(plain, f.ID) {
			row.Finding.ID = f.ID
		}
	}
}
