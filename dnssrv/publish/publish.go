// Package publish brings a zone to its plan by dynamic update (RFC 2136) signed
// with TSIG (RFC 8945): one atomic message per zone, whose prerequisites are
// what was seen, so that a change made meanwhile is refused and never
// overwritten.
package publish

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// Options configure a [Publisher]; the zero value of a field is its default.
type Options struct {
	Key     Key           // signs the updates; not needed to prepare them
	Server  string        // host:port of the primary; default: what the SOA record names
	Zone    string        // the zone of all names; default: found by SOA
	Timeout time.Duration // for the answer to an update; default 10s
	Wait    time.Duration // for servers to show what was published; default 15s
}

// Publisher brings zones to their plan by dynamic update (RFC 2136) signed with
// TSIG (RFC 8945). It is for one run, and not safe for concurrent use.
type Publisher struct {
	client    *query.Client
	o         Options
	primaries map[string]string // host:port by zone
}

// New makes a publisher that asks through client.
func New(client *query.Client, o Options) *Publisher {
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.Wait = cmp.Or(o.Wait, 15*time.Second)
	if o.Zone != "" {
		o.Zone = dns.CanonicalName(o.Zone)
	}
	return &Publisher{client: client, o: o, primaries: map[string]string{}}
}

// DomainPlan is a domain and the records of its plan.
type DomainPlan struct {
	Domain  string
	Records []dns.RR
}

// Prepare reads what is published and makes the update of each zone that the
// plans have names in; nothing is written. A domain of which a name's zone is
// not found takes part in no update; why is among the findings.
func (p *Publisher) Prepare(ctx context.Context, plans []DomainPlan) ([]*ZoneUpdate, []finding.Finding) {
	var found []finding.Finding
	var zones []authority // in the order met
	want := map[authority][]dns.RR{}
	for _, plan := range plans {
		places, err := p.places(ctx, plan.Records)
		if err != nil {
			found = append(found, asFinding(err, plan.Domain))
			continue
		}
		for i, at := range places {
			if want[at] == nil {
				zones = append(zones, at)
			}
			want[at] = append(want[at], plan.Records[i])
		}
	}
	var out []*ZoneUpdate
	for _, at := range zones {
		u, err := p.prepare(ctx, at, want[at])
		if err != nil {
			u = &ZoneUpdate{Zone: at.zone, Server: at.server, Findings: []finding.Finding{asFinding(err, dnssrv.Plain(at.zone))}}
		}
		out = append(out, u)
	}
	return out, found
}

// places finds where each record belongs.
func (p *Publisher) places(ctx context.Context, records []dns.RR) ([]authority, error) {
	known := map[string]authority{}
	out := make([]authority, len(records))
	for i, rr := range records {
		name := dns.CanonicalName(rr.Header().Name)
		at, ok := known[name]
		if !ok {
			var err error
			if at, err = p.authority(ctx, name); err != nil {
				return nil, err
			}
			known[name] = at
		}
		out[i] = at
	}
	return out, nil
}

// prepare makes the update of one zone.
func (p *Publisher) prepare(ctx context.Context, at authority, want []dns.RR) (*ZoneUpdate, error) {
	answers, err := p.read(ctx, at, recordSets(want))
	if err != nil {
		return nil, err
	}
	u, err := Update(at.zone, want, answers)
	if err == nil {
		u.Server = at.server
	}
	return u, err
}

// besideCNAME are the types looked for where a CNAME is planned, to say what is
// in its way. A type not listed here is still never overwritten: the update
// then requires that the name has no records at all.
var besideCNAME = []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeTXT, dns.TypeMX, dns.TypeSRV, dns.TypeHTTPS, dns.TypeCAA}

// read asks the primary what is at the planned names, then what those
// answers raise: other records in the way of a CNAME, wildcards.
func (p *Publisher) read(ctx context.Context, at authority, sets []recordSet) ([]query.Answer, error) {
	var first, further []query.Question
	for _, set := range sets {
		first = append(first, query.Question{Name: set.name, Type: set.qtype})
	}
	answers, err := p.askAll(ctx, at, first)
	if err != nil {
		return nil, err
	}
	for _, a := range answers {
		if a.Type != dns.TypeCNAME || a.Outcome != query.NODATA {
			continue
		}
		for _, qtype := range besideCNAME {
			further = append(further, query.Question{Name: a.Name, Type: qtype})
		}
	}
	beside, err := p.askAll(ctx, at, further)
	if err != nil {
		return nil, err
	}
	answers = append(answers, beside...)
	wild, err := p.askAll(ctx, at, wildcardQuestions(at.zone, answers))
	return append(answers, wild...), err
}

// askAll asks the primary, each question once.
func (p *Publisher) askAll(ctx context.Context, at authority, questions []query.Question) ([]query.Answer, error) {
	slices.SortFunc(questions, query.Question.Compare)
	questions = slices.Compact(questions)
	ask := p.client.At(at.server)
	out := query.All(questions, func(q query.Question) query.Answer { return ask(ctx, q.Name, q.Type) })
	for _, a := range out {
		switch {
		case !a.Outcome.Known():
			return nil, unreadable(at.zone, a)
		case !a.AA && len(a.NS) == 0:
			return nil, newFault("dns-publish-not-authoritative", dnssrv.Plain(at.zone)).
				because("%s answers for %s without authority; nothing was written", at.server, dnssrv.Plain(a.Name))
		}
	}
	return out, nil
}

// wildcardQuestions ask for the wildcards that may have made the records seen.
func wildcardQuestions(zone string, answers []query.Answer) []query.Question {
	var out []query.Question
	for _, a := range answers {
		qtype := a.Type
		if len(a.CNAMEs) > 0 {
			qtype = dns.TypeCNAME
		}
		if len(a.RRs)+len(a.CNAMEs) == 0 || a.Name == zone {
			continue
		}
		for parent := query.Parent(a.Name); dns.IsSubDomain(zone, parent); parent = query.Parent(parent) {
			out = append(out, query.Question{Name: "*." + parent, Type: qtype})
			if parent == zone {
				break
			}
		}
	}
	return out
}
