package publish

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// Change is what an update does to one record set. A record that only gets another TTL is in both lists.
type Change struct {
	Name   string // lower case with its trailing dot
	Type   uint16
	Remove []dns.RR // as seen
	Add    []dns.RR // as planned
	Set    []dns.RR // what the whole set is to be
}

// Lines are the records of a change in zone form, "- " before those that go and "+ " before those that come.
func (c Change) Lines() []string {
	var out []string
	for _, rr := range c.Remove {
		out = append(out, "- "+dnssrv.Line(rr))
	}
	for _, rr := range c.Add {
		out = append(out, "+ "+dnssrv.Line(rr))
	}
	return out
}

// TypeName is the type as zone files have it.
func (c Change) TypeName() string { return dns.TypeToString[c.Type] }

// ZoneUpdate brings one zone to its plan.
type ZoneUpdate struct {
	Zone     string // lower case with its trailing dot
	Server   string // host:port of its primary, or the host of an API
	Changes  []Change
	Findings []finding.Finding // what forbids the update

	at     Zone
	sets   []Change // all that are planned
	state  zoneState
	served map[string]bool // names that a wildcard serves as planned
}

// Ready reports whether there is something to do and nothing forbids it.
func (u *ZoneUpdate) Ready() bool { return len(u.Changes) > 0 && len(u.Findings) == 0 }

// Count is the number of records that come or go.
func (u *ZoneUpdate) Count() (n int) {
	for _, c := range u.Changes {
		n += len(c.Remove) + len(c.Add)
	}
	return n
}

// compare finds what makes the planned records of what is there. Only the planned record sets are touched; what else is
// in the way is a finding. The error is for a plan that no update can be made from.
func compare(at Zone, want []dns.RR, state zoneState) (*ZoneUpdate, error) {
	u := &ZoneUpdate{Zone: at.Name, Server: at.Server, at: at, sets: recordSets(want), state: state}
	u.served = state.dropSynthesised(u.sets)
	for _, set := range u.sets {
		if err := u.allowed(set); err != nil {
			return nil, err
		}
		if u.served[set.Name] {
			continue
		}
		if f, wrong := u.conflict(set); wrong {
			u.Findings = append(u.Findings, f)
			continue
		}
		if c, differs := set.from(state.sets[set.Name][set.Type]); differs {
			if why := state.held[query.Question{Name: set.Name, Type: set.Type}]; why != "" {
				f := u.inTheWay(set, c.Remove)
				u.Findings = append(u.Findings, f.Because("%s; nothing was written", why).
					Do("release the record set at the provider, or leave it out with --without"))
				continue
			}
			u.Changes = append(u.Changes, c)
		}
	}
	return u, nil
}

// recordSets groups records by name and type, in the order of the plan: changes of which only Set is known.
func recordSets(rrs []dns.RR) []Change {
	var out []Change
	for _, rr := range rrs {
		name, qtype := dns.CanonicalName(rr.Header().Name), rr.Header().Rrtype
		i := slices.IndexFunc(out, func(s Change) bool { return s.Name == name && s.Type == qtype })
		if i < 0 {
			i, out = len(out), append(out, Change{Name: name, Type: qtype})
		}
		if !dnssrv.Has(out[i].Set, rr) {
			out[i].Set = append(out[i].Set, rr)
		}
	}
	return out
}

// from is what makes the whole set of what is there now, and whether that is anything.
func (c Change) from(now []dns.RR) (Change, bool) {
	c.Remove, c.Add = lacking(now, c.Set), lacking(c.Set, now)
	return c, len(c.Add)+len(c.Remove) > 0
}

// lacking are the records of list that in does not have with the same TTL.
func lacking(list, in []dns.RR) []dns.RR {
	return slices.DeleteFunc(slices.Clone(list), func(rr dns.RR) bool {
		return slices.ContainsFunc(in, func(other dns.RR) bool {
			return dns.IsDuplicate(other, rr) && other.Header().Ttl == rr.Header().Ttl
		})
	})
}

// allowed keeps the update to kinds that a plan has: SOA, NS, MX and SPF are never touched, whatever goes wrong before.
func (u *ZoneUpdate) allowed(set Change) error {
	what := dnssrv.Plain(set.Name) + " " + dns.TypeToString[set.Type]
	if !slices.Contains([]uint16{dns.TypeA, dns.TypeAAAA, dns.TypeCNAME, dns.TypeSRV, dns.TypeTXT}, set.Type) {
		return fmt.Errorf("%s is not a record that is published by an update", what)
	}
	if set.Type == dns.TypeTXT && (set.Name == u.Zone || len(dnssrv.Tagged(set.Set, "v=spf1")) > 0) {
		return fmt.Errorf("%s: text at the top of a zone, and SPF, are not published by an update", what)
	}
	if !dns.IsSubDomain(u.Zone, set.Name) {
		return outside(set.Name, u.Zone)
	}
	if _, asked := u.state.sets[set.Name][set.Type]; !asked {
		return fmt.Errorf("%s was planned and not asked", what)
	}
	return nil
}

// conflict finds what must not be next to the set, and is not ours to remove.
func (u *ZoneUpdate) conflict(set Change) (finding.Finding, bool) {
	there := u.state.sets[set.Name]
	var inTheWay []dns.RR
	apex := false
	switch alias := there[dns.TypeCNAME]; {
	case set.Type == dns.TypeCNAME:
		for qtype, rrs := range there {
			if qtype != dns.TypeCNAME {
				inTheWay = append(inTheWay, rrs...)
			}
		}
		slices.SortFunc(inTheWay, func(a, b dns.RR) int { return strings.Compare(a.String(), b.String()) })
		apex = set.Name == u.Zone
	case len(alias) > 0:
		inTheWay = alias
	case set.Type == dns.TypeTXT && len(dnssrv.Tagged(there[dns.TypeTXT], "v=spf1")) > 0:
		inTheWay = there[dns.TypeTXT]
	}
	if len(inTheWay) == 0 && !apex {
		return finding.Finding{}, false
	}
	f := u.inTheWay(set, inTheWay)
	if apex {
		f = f.Because("%s is the top of a zone, where a CNAME cannot be (RFC 1034 §3.6.2)", dnssrv.Plain(set.Name))
	}
	return f, true
}

// inTheWay is the finding about records that keep a set from being published.
func (u *ZoneUpdate) inTheWay(set Change, rrs []dns.RR) finding.Finding {
	f := finding.New("dns-publish-conflict", dnssrv.Plain(set.Name)+" "+dns.TypeToString[set.Type])
	f.Name, f.Type, f.Status = dnssrv.Plain(set.Name), dns.TypeToString[set.Type], "conflict"
	f.Want, f.Got = dnssrv.Lines(set.Set), dnssrv.Lines(rrs)
	return f
}
