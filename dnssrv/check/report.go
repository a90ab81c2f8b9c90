package check

import (
	"slices"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// The statuses of a finding about a record.
const (
	statusOK       = "ok"
	statusMissing  = "missing"
	statusDiffers  = "differs"
	statusConflict = "conflict" // a CNAME next to other data, or servers that disagree
	statusError    = "error"    // it is not known
)

func (d *inspection) report() []finding.Finding {
	d.recognise()
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

// about makes a finding about the records of a type at a name.
func (d *inspection) about(id, name string, qtype uint16, status string) finding.Finding {
	typeName := dns.TypeToString[qtype]
	f := finding.New(id, dnssrv.Plain(name)+" "+typeName)
	f.Name, f.Type, f.Status = dnssrv.Plain(name), typeName, status
	f.RCode = string(d.seen.get(name, qtype).Outcome)
	return f
}

// compared is about with the records to publish and those that are published.
func (d *inspection) compared(id, name string, qtype uint16, status string, want, got []dns.RR) finding.Finding {
	f := d.about(id, name, qtype, status)
	f.Want, f.Got = dnssrv.Lines(want), dnssrv.Lines(got)
	return f
}

func (d *inspection) note(id, name string, qtype uint16, status string, want, got []dns.RR) {
	d.add(d.compared(id, name, qtype, status, want, got))
}

func (d *inspection) failed(a query.Answer) finding.Finding {
	id := map[query.Outcome]string{query.SERVFAIL: "dns-question-servfail", query.REFUSED: "dns-question-refused",
		query.TIMEOUT: "dns-question-timeout"}[a.Outcome]
	if a.Outcome == query.SERVFAIL && len(d.servers) == 0 {
		// a resolver that fails only because the answer does not validate gives one with checking disabled (RFC 4035
		// §3.2.2)
		if d.checker.client.AskUnchecked(d.ctx, a.Name, a.Type).Outcome.Known() {
			id = "dns-dnssec-bogus"
		}
	}
	f := d.about(id, a.Name, a.Type, statusError)
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
		d.note("dns-name-cname-apex", d.name(""), dns.TypeCNAME, statusConflict, nil, []dns.RR{mx.CNAMEs[0]})
	}
}

// reportPlace compares what is published where planned records can be.
func (d *inspection) reportPlace(p dnssrv.Place) {
	name := d.name(p.Label)
	a := d.seen.get(name, p.Type)
	want := d.wanted(name, p.Type)
	switch {
	case !a.Outcome.Known():
		f := d.failed(a)
		if f.Want = dnssrv.Lines(want); len(want) == 0 {
			f.Level = finding.Warn // nothing is known to be published there
		}
		d.add(f)
	case p.Type == dns.TypeSRV:
		d.reportSRV(name, want, a)
	case p.Type == dns.TypeCNAME:
		d.reportAlias(p, name, want)
	case p.Label == dnssrv.PACCTXTLabel:
		d.reportPACC(name, want, a)
	default:
		d.reportPath(name, want, a)
	}
}

func (d *inspection) wanted(name string, qtype uint16) []dns.RR {
	return d.want[query.Question{Name: name, Type: qtype}]
}

func recordsByName(records []dns.RR) map[query.Question][]dns.RR {
	out := make(map[query.Question][]dns.RR, len(records))
	for _, rr := range records {
		k := query.Question{Name: dns.CanonicalName(rr.Header().Name), Type: rr.Header().Rrtype}
		out[k] = append(out[k], rr)
	}
	return out
}

// reportMissing reports planned records that are not there, or cannot be put there because a CNAME is in the way.
func (d *inspection) reportMissing(id, name string, want []dns.RR) {
	qtype := want[0].Header().Rrtype
	if alias := d.alias(name); alias != nil && !d.fromWildcard(name) {
		d.note("dns-name-cname", name, qtype, statusConflict, want, []dns.RR{alias})
		return
	}
	if !d.reportMisplaced(name, want) {
		d.note(id, name, qtype, statusMissing, want, nil)
	}
}
