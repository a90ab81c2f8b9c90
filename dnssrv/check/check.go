// Package check compares a domain with its plan, or observes any other domain: it asks resolvers, or every name server
// of the zone, and says what it saw as findings.
package check

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
)

// Subject is a domain to check.
type Subject struct {
	Domain   string
	Provider *provider.Provider // of the domain, nil when it is not known
	Want     []dns.RR           // its plan; nil: the domain is observed, not compared
	OldPACC  string             // the PACC TXT record that the release before planned; "" for none
}

// Options configure a [Checker].
type Options struct {
	// Authoritative asks every name server of the zone rather than the resolvers.
	Authoritative bool
	// ByMX finds the provider that mail exchangers belong to, nil when unknown.
	ByMX func(hosts []string) *provider.Provider
	// Digest reads the value of a PACC TXT record, with the reason if it cannot; nil: values are compared as they are.
	Digest func(txt string) ([sha256.Size]byte, error)
	// Neighbours are checked too; nil: they are not.
	Neighbours *Neighbours
}

// Checker checks domains. It remembers the hosts of records, which thousands of domains share: make one for each run.
type Checker struct {
	client *query.Client
	o      Options
	hosts  query.Memory[hostState]

	validates func() bool // whether the resolver validates DNSSEC
}

// New makes a checker that asks through client.
func New(client *query.Client, o Options) *Checker {
	if o.Digest == nil {
		o.Digest = func(txt string) ([sha256.Size]byte, error) { return sha256.Sum256([]byte(txt)), nil }
	}
	return &Checker{client: client, o: o, validates: sync.OnceValue(func() bool {
		return client.Ask(context.Background(), ".", dns.TypeSOA).AD // the root is signed
	})}
}

// Check compares a domain with its plan; without a plan it observes what is published: whether it is consistent in
// itself, with the domain's mail exchangers and with the provider. The findings are in a stable order. Seen is never
// nil: each place where records can be planned is asked for their type, a host name (CNAME) also for A, and where it is
// no CNAME for AAAA.
func (k *Checker) Check(ctx context.Context, s Subject) ([]finding.Finding, Seen) {
	d := &inspection{checker: k, ctx: ctx, Subject: s, want: recordsByName(s.Want),
		seen:   make(Seen, 2*len(dnssrv.Places())),
		differ: map[query.Question][]string{}, misplaced: map[query.Question]misplaced{}}
	d.Domain = dnssrv.Plain(s.Domain)
	if f, ok := d.open(); !ok {
		return f, d.seen
	}
	d.findings = make([]finding.Finding, 0, 2*len(dnssrv.Places()))
	d.askAll(d.questions())
	d.findWildcard()
	d.askAll(d.followUps())
	d.findMisplaced()
	return d.report(), d.seen
}

type inspection struct {
	Subject
	checker *Checker
	ctx     context.Context //nolint:containedctx // an inspection is one call of Check
	seen    Seen
	want    map[query.Question][]dns.RR

	zone         string       // the apex of the zone the domain lies in
	servers      []nameServer // to ask each of; none: the resolvers are asked
	wildcard     wildcard
	zoneFindings []finding.Finding // about the zone and its servers
	findings     []finding.Finding // about the records

	misplaced map[query.Question]misplaced // by what was asked
	mu        sync.Mutex
	differ    map[query.Question][]string // what each server says, where they disagree
}

// The labels that a check asks for in addition to those of the plan.
const (
	dmarcLabel   = "_dmarc"     // RFC 7489 §6.1
	dkimLabel    = "_domainkey" // RFC 6376 §3.6.2.1
	wildcardName = "wildcard-test-5f1c"
)

func asked(name string, types ...uint16) []query.Question {
	return provider.Map(types, func(qtype uint16) query.Question { return query.Question{Name: name, Type: qtype} })
}

func (d *inspection) questions() []query.Question {
	out := slices.Concat(asked(d.name(""), dns.TypeMX, dns.TypeTXT), asked(d.name(dmarcLabel), dns.TypeTXT),
		asked(d.name(dkimLabel), dns.TypeTXT))
	for _, p := range dnssrv.Places() {
		out = append(out, asked(d.name(p.Label), p.Type)...)
		if p.Type == dns.TypeCNAME {
			out = append(out, asked(d.name(p.Label), dns.TypeA)...)
		}
	}
	return out
}

func (d *inspection) followUps() (out []query.Question) {
	for _, p := range dnssrv.Places() {
		name := d.name(p.Label)
		switch alias := d.seen.get(name, dns.TypeCNAME).Outcome; {
		case p.Type != dns.TypeCNAME:
		case alias == query.NOERROR && p.Label == dnssrv.AutoconfigLabel, // what must not be next to a CNAME
			alias == query.NODATA && d.seen.get(name, dns.TypeA).Outcome == query.NODATA: // what may keep one out
			out = append(out, asked(name, dns.TypeAAAA, dns.TypeMX, dns.TypeTXT)...)
		case alias == query.NODATA:
			out = append(out, asked(name, dns.TypeAAAA)...)
		}
	}
	return out
}

// name is a name below the domain as questions have it.
func (d *inspection) name(label string) string {
	if label == "" {
		return d.Domain + "."
	}
	return label + "." + d.Domain + "."
}

// at is what is asked about a label below the domain.
func (d *inspection) at(label string, qtype uint16) query.Question {
	return query.Question{Name: d.name(label), Type: qtype}
}

// Seen is the answer to each question; with several name servers asked, that of the first that gave one.
type Seen map[query.Question]query.Answer

// get is the answer for a name as questions have it, the zero answer if it was not asked.
func (s Seen) get(name string, qtype uint16) query.Answer {
	return s[query.Question{Name: name, Type: qtype}]
}

func (s Seen) put(a query.Answer) { s[query.Question{Name: a.Name, Type: a.Type}] = a }

// records are those of the type at the name itself: none when a CNAME leads away from it.
func (s Seen) records(name string, qtype uint16) []dns.RR {
	a := s.get(name, qtype)
	if len(a.CNAMEs) > 0 {
		return a.NextToCNAME
	}
	return a.RRs
}
