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

// judge says what the answers mean.
func (l *look) judge() []finding.Finding {
	l.recognise()
	l.judgeApex()
	for _, p := range dnssrv.Places() {
		l.judgePlace(p)
	}
	l.judgeTargets()
	l.judgeMail()
	l.judgeTTL()
	l.judgeServers()
	l.judgeValidation()
	return slices.Concat(l.early, l.found)
}

func (l *look) add(f finding.Finding) { l.found = append(l.found, f) }

// about makes a finding about the records of a type at a name.
func (l *look) about(id, name string, qtype uint16, status string) finding.Finding {
	typeName := dns.TypeToString[qtype]
	f := finding.New(id, dnssrv.Plain(name)+" "+typeName)
	f.Name, f.Type, f.Status = dnssrv.Plain(name), typeName, status
	f.RCode = string(l.seen.get(name, qtype).Outcome)
	return f
}

// compared is about with the records to publish and those that are published.
func (l *look) compared(id, name string, qtype uint16, status string, want, got []dns.RR) finding.Finding {
	f := l.about(id, name, qtype, status)
	f.Want, f.Got = dnssrv.Lines(want), dnssrv.Lines(got)
	return f
}

// failed reports a question that was not answered.
func (l *look) failed(a query.Answer) finding.Finding {
	id := map[query.Outcome]string{query.SERVFAIL: "dns-question-servfail", query.REFUSED: "dns-question-refused", query.TIMEOUT: "dns-question-timeout"}[a.Outcome]
	if a.Outcome == query.SERVFAIL && len(l.servers) == 0 && l.bogus(a) {
		id = "dns-dnssec-bogus"
	}
	f := l.about(id, a.Name, a.Type, statusError)
	f.RCode = string(a.Outcome)
	if a.Server != "" {
		f = f.Because("%s (asked %s)", f.Cause, a.Server)
	}
	return f
}

// bogus reports whether a resolver fails only because the answer does not
// validate: with checking disabled it gives one (RFC 4035 §3.2.2).
func (l *look) bogus(a query.Answer) bool {
	return l.k.client.AskUnchecked(l.ctx, a.Name, a.Type).Outcome.Known()
}

// judgeApex finds a CNAME at the top of a zone, where SOA and NS always are.
func (l *look) judgeApex() {
	mx := l.seen.get(l.name(""), dns.TypeMX)
	if len(mx.CNAMEs) > 0 && dns.CanonicalName(mx.CNAMEs[0].Hdr.Name) == l.zone && l.zone == l.name("") {
		l.add(l.compared("dns-name-cname-apex", l.name(""), dns.TypeCNAME, statusConflict, nil, []dns.RR{mx.CNAMEs[0]}))
	}
}

// judgePlace compares what is published where planned records can be.
func (l *look) judgePlace(p dnssrv.Place) {
	name := l.name(p.Label)
	a := l.seen.get(name, p.Type)
	want := l.wanted(name, p.Type)
	switch {
	case a.Outcome == "": // it was not asked
	case !a.Outcome.Known():
		f := l.failed(a)
		if f.Want = dnssrv.Lines(want); len(want) == 0 {
			f.Level = finding.Warn // nothing is known to be published there
		}
		l.add(f)
	case p.Type == dns.TypeSRV:
		l.judgeSRV(name, want, a)
	case p.Type == dns.TypeCNAME:
		l.judgeAlias(p, name, want)
	case p.Label == dnssrv.PACCTXTLabel:
		l.judgePACC(name, want, a)
	default:
		l.judgePath(name, want, a)
	}
}

// wanted are the planned records of a name and type.
func (l *look) wanted(name string, qtype uint16) []dns.RR {
	return l.want[query.Question{Name: name, Type: qtype}]
}

func recordsByName(records []dns.RR) map[query.Question][]dns.RR {
	out := make(map[query.Question][]dns.RR, len(records))
	for _, rr := range records {
		k := query.Question{Name: dns.CanonicalName(rr.Header().Name), Type: rr.Header().Rrtype}
		out[k] = append(out[k], rr)
	}
	return out
}

// published notes what nobody here planned.
func (l *look) published(name string, qtype uint16, got []dns.RR) {
	l.add(l.compared("dns-record-published", name, qtype, statusOK, nil, got))
}

// judgeMissing reports planned records that are not there, or cannot be put
// there because a CNAME is in the way.
func (l *look) judgeMissing(id, name string, want []dns.RR) {
	qtype := want[0].Header().Rrtype
	if alias := l.alias(name); alias != nil && !l.wildcardMade(name) {
		l.add(l.compared("dns-name-cname", name, qtype, statusConflict, want, []dns.RR{alias}))
		return
	}
	if !l.judgeMisplaced(name, want) {
		l.add(l.compared(id, name, qtype, statusMissing, want, nil))
	}
}
