package check

import (
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// statuses are the findings with another status than "ok", which those of level ok have, and "differs".
var statuses = map[string][]string{
	"missing": strings.Fields(`dns-record-missing dns-negative-missing dns-name-misplaced dns-domain-missing dns-mx-missing
		dns-mx-verification dns-spf-missing dns-dmarc-missing dns-dkim-missing`),
	// a CNAME next to other data, or servers that disagree
	"conflict": strings.Fields(`dns-name-cname dns-name-cname-apex dns-name-cname-beside dns-name-other-data
		dns-server-serial dns-server-disagree`),
	// it is not known
	"error": strings.Fields(`dns-question-servfail dns-question-refused dns-question-timeout dns-dnssec-bogus
		dns-target-unknown dns-server-none`),
}

func statusOf(f finding.Finding) string {
	for status, ids := range statuses {
		if slices.Contains(ids, f.ID) {
			return status
		}
	}
	if f.Level == finding.OK || f.ID == "dns-mx-null" {
		return "ok"
	}
	return "differs"
}

func (d *inspection) report() []finding.Finding {
	if d.Provider == nil && d.checker.o.ByMX != nil { // of a domain of which nothing else is known
		d.Provider = d.checker.o.ByMX(d.bestMX())
	}
	d.reportApex()
	for _, p := range dnssrv.Places() {
		d.reportPlace(p)
	}
	d.reportTargets()
	d.reportMail()
	d.reportTTL()
	d.reportServers()
	d.reportValidation()
	return slices.Concat(d.zoneFindings, d.findings)
}

func (d *inspection) add(f finding.Finding) { d.findings = append(d.findings, f) }

func (d *inspection) about(id string, q query.Question) finding.Finding {
	name, typeName := dnssrv.Plain(q.Name), dns.TypeToString[q.Type]
	f := finding.New(id, name+" "+typeName)
	f.Name, f.Type, f.Status, f.RCode = name, typeName, statusOf(f), string(d.seen[q].Outcome)
	return f
}

// compared is about with the planned records and those that are published.
func (d *inspection) compared(id string, q query.Question, got []dns.RR) finding.Finding {
	f := d.about(id, q)
	f.Want, f.Got = dnssrv.Lines(d.want[q]), dnssrv.Lines(got)
	return f
}

func (d *inspection) note(id string, q query.Question, got []dns.RR) { d.add(d.compared(id, q, got)) }

func (d *inspection) failed(a query.Answer) finding.Finding {
	id := map[query.Outcome]string{query.SERVFAIL: "dns-question-servfail", query.REFUSED: "dns-question-refused",
		query.TIMEOUT: "dns-question-timeout"}[a.Outcome]
	if a.Outcome == query.SERVFAIL && len(d.servers) == 0 {
		// with checking disabled a resolver answers with what does not validate (RFC 4035 §3.2.2)
		if d.checker.client.AskUnchecked(d.ctx, a.Name, a.Type).Outcome.Known() {
			id = "dns-dnssec-bogus"
		}
	}
	f := d.about(id, query.Question{Name: a.Name, Type: a.Type})
	f.RCode = string(a.Outcome)
	if a.Server != "" {
		f = f.Because("%s (asked %s)", f.Cause, a.Server)
	}
	return f
}

// reportApex finds a CNAME at the top of a zone, where SOA and NS always are.
func (d *inspection) reportApex() {
	mx := d.seen.get(d.name(""), dns.TypeMX)
	if len(mx.CNAMEs) > 0 && dns.CanonicalName(mx.CNAMEs[0].Hdr.Name) == d.zone && d.zone == d.name("") {
		d.note("dns-name-cname-apex", d.at("", dns.TypeCNAME), []dns.RR{mx.CNAMEs[0]})
	}
}

func (d *inspection) reportPlace(p dnssrv.Place) {
	q := d.at(p.Label, p.Type)
	a := d.seen[q]
	switch {
	case !a.Outcome.Known():
		f := d.failed(a)
		if f.Want = dnssrv.Lines(d.want[q]); len(f.Want) == 0 {
			f.Level = finding.Warn // nothing is known to be published there
		}
		d.add(f)
	case p.Type == dns.TypeSRV:
		d.reportSRV(q, a.RRs)
	case p.Type == dns.TypeCNAME:
		d.reportAlias(p, q)
	case p.Label == dnssrv.PACCTXTLabel:
		d.reportPACC(q, a)
	default:
		d.reportPath(q, a)
	}
}

func recordsByName(records []dns.RR) map[query.Question][]dns.RR {
	out := make(map[query.Question][]dns.RR, len(records))
	for _, rr := range records {
		q := question(rr)
		out[q] = append(out[q], rr)
	}
	return out
}

func question(rr dns.RR) query.Question {
	return query.Question{Name: dns.CanonicalName(rr.Header().Name), Type: rr.Header().Rrtype}
}

// reportMissing reports planned records that are not there, or cannot be put there because a CNAME is in the way.
func (d *inspection) reportMissing(id string, q query.Question) {
	if alias := d.alias(q.Name); alias != nil && !d.fromWildcard(q.Name) {
		d.note("dns-name-cname", q, []dns.RR{alias})
	} else if !d.reportMisplaced(q) {
		d.note(id, q, nil)
	}
}
