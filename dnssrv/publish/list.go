package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	text "autoconfig/provider"
)

// excludedByCNAME are the types asked for where a CNAME is planned, to say what is in its way. A type not listed here
// is still never overwritten: the update then requires that the name has no records at all.
var excludedByCNAME = []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeTXT, dns.TypeMX, dns.TypeSRV, dns.TypeHTTPS,
	dns.TypeCAA}

// List asks the primary what is at the planned names, then for what is in the way of a CNAME, and for wildcards.
func (p *nameServers) List(ctx context.Context, at Zone, sets []Change) (zoneState, error) {
	var answers []query.Answer
	ask := func(questions []query.Question) {
		slices.SortFunc(questions, query.Question.Compare)
		answers = append(answers, query.All(slices.Compact(questions), func(q query.Question) query.Answer {
			return p.client.AskServer(ctx, at.Server, q.Name, q.Type)
		})...)
	}
	ask(text.Map(sets, func(set Change) query.Question { return query.Question{Name: set.Name, Type: set.Type} }))
	var excluded []query.Question
	for _, a := range answers {
		if a.Type == dns.TypeCNAME && a.Outcome == query.NODATA {
			for _, qtype := range excludedByCNAME {
				excluded = append(excluded, query.Question{Name: a.Name, Type: qtype})
			}
		}
	}
	ask(excluded)
	ask(wildcardQuestions(at.Name, answers))
	return readState(at, answers)
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

// Verify asks the primary for the changed sets.
func (p *nameServers) Verify(ctx context.Context, u *ZoneUpdate) ([]Change, error) {
	return notYet(ctx, p.client, u.Server, u)
}

// notYet are the changes of an update that a server does not show. The error is that the server cannot tell.
func notYet(ctx context.Context, client *query.Client, server string, u *ZoneUpdate) ([]Change, error) {
	now := newZoneState()
	for _, set := range u.Changes {
		a := client.AskServer(ctx, server, set.Name, set.Type)
		switch {
		case !a.Outcome.Known():
			return nil, a.Error()
		case !a.AA:
			return nil, fmt.Errorf("%s has no authority for %s", server, dnssrv.Plain(u.Zone))
		}
		now.add(a)
	}
	return now.unshown(u.Changes), nil
}

// shown says what is there instead of the first of the changes.
func shown(changes []Change) string {
	c, what := changes[0], "nothing"
	if len(c.Remove) > 0 {
		what = strings.Join(dnssrv.Lines(c.Remove), ", ")
	}
	return dnssrv.Plain(c.Name) + " " + c.TypeName() + " is " + what
}

type zoneState struct {
	sets   map[string]map[uint16][]dns.RR // what is at each name itself, by type asked
	exists map[string]bool                // names of which an answer was not query.NXDOMAIN
	held   map[query.Question]string      // why a set must not be replaced
	ids    map[dns.RR]string              // what an API calls the records
}

func newZoneState() zoneState {
	return zoneState{map[string]map[uint16][]dns.RR{}, map[string]bool{}, map[query.Question]string{}, map[dns.RR]string{}}
}

// readState reads answers of the zone's primary; those for names of "*." say what a wildcard puts below it.
func readState(at Zone, answers []query.Answer) (zoneState, error) {
	z := newZoneState()
	for _, a := range answers {
		switch {
		case !a.Outcome.Known():
			return z, unreadable(at.Name, a)
		case len(a.NS) > 0:
			return z, delegated(a.Name, a.NS[0].Header().Name)
		case !a.AA:
			return z, newFault("dns-publish-not-authoritative", at.Name,
				"%s answers for %s without authority; nothing was written", at.Server, dnssrv.Plain(a.Name))
		}
		z.add(a)
	}
	return z, nil
}

func (z zoneState) put(name string, qtype uint16, rrs []dns.RR) {
	if z.sets[name] == nil {
		z.sets[name] = map[uint16][]dns.RR{}
	}
	z.sets[name][qtype] = rrs
}

func (z zoneState) add(a query.Answer) {
	z.put(a.Name, a.Type, a.RRs)
	if len(a.CNAMEs) > 0 { // the records are those of another name
		z.put(a.Name, a.Type, a.NextToCNAME)
		z.put(a.Name, dns.TypeCNAME, []dns.RR{a.CNAMEs[0]})
	}
	z.exists[a.Name] = z.exists[a.Name] || a.Outcome != query.NXDOMAIN || len(a.CNAMEs) > 0
}

// unshown are the changes that are still to make.
func (z zoneState) unshown(changes []Change) (left []Change) {
	for _, set := range changes {
		if c, differs := set.from(z.sets[set.Name][set.Type]); differs {
			left = append(left, c)
		}
	}
	return left
}

// dropSynthesised takes away what wildcards put at the planned names (RFC 4592): to an update's prerequisites such a
// name has no records. It returns the names that have what is planned by a wildcard, where nothing is to be done.
func (z zoneState) dropSynthesised(sets []Change) map[string]bool {
	served := map[string]bool{}
	for _, set := range sets {
		synthesised := z.synthesised(set.Name, set.Type) && dnssrv.SameSet(z.sets[set.Name][set.Type], set.Set)
		if before, met := served[set.Name]; !met || before {
			served[set.Name] = synthesised
		}
	}
	for name, sets := range z.sets {
		if served[name] || strings.HasPrefix(name, "*.") {
			continue
		}
		for qtype := range sets {
			if z.synthesised(name, qtype) {
				sets[qtype] = nil
			}
		}
	}
	return served
}

// synthesised reports whether the records of a name are those of a wildcard above it. A name of its own with just the
// same records cannot be distinguished from it; the prerequisites then fail, and nothing is written.
func (z zoneState) synthesised(name string, qtype uint16) bool {
	now := z.sets[name][qtype]
	for parent := query.Parent(name); len(now) > 0 && parent != "."; parent = query.Parent(parent) {
		there := copies(z.sets["*."+parent][qtype])
		for _, rr := range there {
			rr.Header().Name = name
		}
		if dnssrv.SameSet(now, there) {
			return true
		}
	}
	return false
}
