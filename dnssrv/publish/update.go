package publish

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/finding"
)

// Change is what an update does to one record set. A record that only gets
// another TTL is in both lists.
type Change struct {
	Name   string // lower case with its trailing dot
	Type   uint16
	Remove []dns.RR // as seen
	Add    []dns.RR // as planned
	Set    []dns.RR // what the whole set is to be
}

// Lines are the records of a change in zone form, "- " before those that go and
// "+ " before those that come.
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
	want   []dns.RR
	state  zoneState
	served map[string]bool // names that a wildcard serves as planned
}

// Ready reports whether there is something to do and nothing forbids it.
func (u *ZoneUpdate) Ready() bool { return len(u.Changes) > 0 && len(u.Findings) == 0 }

// Count is the number of records that come or go.
func (u *ZoneUpdate) Count() int { return countRecords(u.Changes) }

func countRecords(changes []Change) int {
	n := 0
	for _, c := range changes {
		n += len(c.Remove) + len(c.Add)
	}
	return n
}

// compare finds what ends the difference between the planned records of a zone
// and what is there. Only the planned record sets are touched; what else is in
// the way is a finding. The error is for a plan that no update can be made from.
func compare(at Zone, want []dns.RR, state zoneState) (*ZoneUpdate, error) {
	u := &ZoneUpdate{Zone: at.Name, Server: at.Server, at: at, want: want, state: state}
	sets := recordSets(want)
	u.served = u.state.dropSynthesised(sets)
	for _, set := range sets {
		if err := u.allowed(set); err != nil {
			return nil, err
		}
		if u.served[set.name] {
			continue
		}
		if f, wrong := u.conflict(set); wrong {
			u.Findings = append(u.Findings, f)
			continue
		}
		if c, differs := set.change(u.state[set.name].sets[set.qtype]); differs {
			if why := u.state[set.name].held[set.qtype]; why != "" {
				f := u.inTheWay(set, c.Remove)
				u.Findings = append(u.Findings, f.Because("%s; nothing was written", why).Do("release the record set at the provider, or leave it out with --without"))
				continue
			}
			u.Changes = append(u.Changes, c)
		}
	}
	return u, nil
}

// recordSet is the planned records of one name and type.
type recordSet struct {
	name  string
	qtype uint16
	rrs   []dns.RR
}

// recordSets groups records in the order of the plan.
func recordSets(rrs []dns.RR) []recordSet {
	var out []recordSet
	for _, rr := range rrs {
		name, qtype := dns.CanonicalName(rr.Header().Name), rr.Header().Rrtype
		i := slices.IndexFunc(out, func(s recordSet) bool { return s.name == name && s.qtype == qtype })
		if i < 0 {
			i, out = len(out), append(out, recordSet{name: name, qtype: qtype})
		}
		if !dnssrv.Has(out[i].rrs, rr) {
			out[i].rrs = append(out[i].rrs, rr)
		}
	}
	return out
}

// changedSets are the sets of an update that it changes.
func (u *ZoneUpdate) changedSets() []recordSet {
	var out []recordSet
	for _, c := range u.Changes {
		out = append(out, recordSet{c.Name, c.Type, c.Set})
	}
	return out
}

// identical reports whether there is one record in set that is rr, TTL included.
func identical(set []dns.RR, rr dns.RR) bool {
	return slices.ContainsFunc(set, func(other dns.RR) bool {
		return dns.IsDuplicate(other, rr) && other.Header().Ttl == rr.Header().Ttl
	})
}

func (s recordSet) change(now []dns.RR) (Change, bool) {
	c := Change{Name: s.name, Type: s.qtype, Set: s.rrs}
	for _, rr := range now {
		if !identical(s.rrs, rr) {
			c.Remove = append(c.Remove, rr)
		}
	}
	for _, rr := range s.rrs {
		if !identical(now, rr) {
			c.Add = append(c.Add, rr)
		}
	}
	return c, len(c.Add)+len(c.Remove) > 0
}

// allowed keeps the update to the kinds of records that a plan has: whatever
// goes wrong before, the SOA, NS, MX and SPF records of a zone are never touched.
func (u *ZoneUpdate) allowed(set recordSet) error {
	what := dnssrv.Plain(set.name) + " " + dns.TypeToString[set.qtype]
	if !slices.Contains([]uint16{dns.TypeA, dns.TypeAAAA, dns.TypeCNAME, dns.TypeSRV, dns.TypeTXT}, set.qtype) {
		return fmt.Errorf("%s is not a record that is published by an update", what)
	}
	if set.qtype == dns.TypeTXT && (set.name == u.Zone || isSPF(set.rrs)) {
		return fmt.Errorf("%s: text at the top of a zone, and SPF, are not published by an update", what)
	}
	if !dns.IsSubDomain(u.Zone, set.name) {
		return outside(set.name, u.Zone)
	}
	if o := u.state[set.name]; o != nil {
		if _, asked := o.sets[set.qtype]; asked {
			return nil
		}
	}
	return fmt.Errorf("%s was planned and not asked", what)
}

// isSPF tells a set with an SPF record (RFC 7208 §4.5).
func isSPF(rrs []dns.RR) bool {
	return slices.ContainsFunc(dnssrv.Texts(rrs), func(s string) bool { return s == "v=spf1" || strings.HasPrefix(s, "v=spf1 ") })
}

// conflict finds what must not be next to the set, and is not ours to remove.
func (u *ZoneUpdate) conflict(set recordSet) (finding.Finding, bool) {
	o := u.state[set.name]
	var inTheWay []dns.RR
	apex := false
	switch alias := o.sets[dns.TypeCNAME]; {
	case set.qtype == dns.TypeCNAME:
		for qtype, rrs := range o.sets {
			if qtype != dns.TypeCNAME {
				inTheWay = append(inTheWay, rrs...)
			}
		}
		slices.SortFunc(inTheWay, func(a, b dns.RR) int { return strings.Compare(a.String(), b.String()) })
		apex = set.name == u.Zone
	case len(alias) > 0:
		inTheWay = alias
	case set.qtype == dns.TypeTXT && isSPF(o.sets[dns.TypeTXT]):
		inTheWay = o.sets[dns.TypeTXT]
	}
	if len(inTheWay) == 0 && !apex {
		return finding.Finding{}, false
	}
	f := u.inTheWay(set, inTheWay)
	if apex {
		f = f.Because("%s is the top of a zone, where a CNAME cannot be (RFC 1034 §3.6.2)", dnssrv.Plain(set.name))
	}
	return f, true
}

// inTheWay is the finding about records that keep a set from being published.
func (u *ZoneUpdate) inTheWay(set recordSet, rrs []dns.RR) finding.Finding {
	f := finding.New("dns-publish-conflict", dnssrv.Plain(set.name)+" "+dns.TypeToString[set.qtype])
	f.Name, f.Type, f.Status = dnssrv.Plain(set.name), dns.TypeToString[set.qtype], "conflict"
	f.Want, f.Got = dnssrv.Lines(set.rrs), dnssrv.Lines(rrs)
	return f
}
