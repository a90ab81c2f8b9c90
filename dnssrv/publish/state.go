package publish

import (
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
)

// zoneState is what was seen at the names of a zone.
type zoneState map[string]*owner

// owner is what was seen at one name.
type owner struct {
	sets   map[uint16][]dns.RR // what is at the name itself, by type asked
	exists bool                // an answer was not query.NXDOMAIN
	held   map[uint16]string   // why a set must not be replaced
	ids    map[dns.RR]string   // what an API calls the records
}

// newZoneState reads answers of the zone's primary. Those for names that begin with "*." tell what a wildcard puts at
// the names below it.
func newZoneState(zone string, answers []query.Answer) (zoneState, error) {
	z := zoneState{}
	for _, a := range answers {
		switch {
		case !a.Outcome.Known():
			return nil, unreadable(zone, a)
		case len(a.NS) > 0:
			return nil, delegated(a.Name, a.NS[0].Header().Name)
		}
		o := z[a.Name]
		if o == nil {
			o = &owner{sets: map[uint16][]dns.RR{}}
			z[a.Name] = o
		}
		o.add(a)
	}
	return z, nil
}

func (o *owner) add(a query.Answer) {
	o.sets[a.Type] = a.RRs
	if len(a.CNAMEs) > 0 { // the records are those of another name
		o.sets[a.Type] = a.NextToCNAME
		o.sets[dns.TypeCNAME] = []dns.RR{a.CNAMEs[0]}
	}
	if a.Outcome != query.NXDOMAIN || len(a.CNAMEs) > 0 {
		o.exists = true
	}
}

// dropSynthesised takes away what wildcards put at the planned names (RFC 4592): to an update's prerequisites such a
// name has no records. Names that have what is planned thanks to a wildcard are returned: there is nothing to do for
// them.
func (z zoneState) dropSynthesised(sets []Change) map[string]bool {
	served := map[string]bool{}
	for _, set := range sets {
		o := z[set.Name]
		if o == nil {
			continue
		}
		synthesised := z.synthesised(set.Name, set.Type) && dnssrv.SameSet(o.sets[set.Type], set.Set)
		if before, met := served[set.Name]; !met || before {
			served[set.Name] = synthesised
		}
	}
	for name, o := range z {
		if served[name] || strings.HasPrefix(name, "*.") {
			continue
		}
		for qtype := range o.sets {
			if z.synthesised(name, qtype) {
				o.sets[qtype] = nil
			}
		}
	}
	return served
}

// synthesised reports whether the records of a name are those of a wildcard above it. A name of its own with just the
// same records cannot be distinguished from it; the prerequisites then fail, and nothing is written.
func (z zoneState) synthesised(name string, qtype uint16) bool {
	now := z[name].sets[qtype]
	for parent := query.Parent(name); len(now) > 0 && parent != "."; parent = query.Parent(parent) {
		wild := z["*."+parent]
		if wild == nil {
			continue
		}
		there := copies(wild.sets[qtype])
		for _, rr := range there {
			rr.Header().Name = name
		}
		if dnssrv.SameSet(now, there) {
			return true
		}
	}
	return false
}
