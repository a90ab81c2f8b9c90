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

// Change is what an update does to one record set. A record that only gets
// another TTL is in both lists.
type Change struct {
	Name   string // lower case with its trailing dot
	Type   uint16
	Remove []dns.RR // as seen
	Add    []dns.RR // as planned
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
	Server   string // host:port of its primary
	Changes  []Change
	Findings []finding.Finding // what forbids the update
	Message  *dns.Msg          // unsigned; nil when there is nothing to do or a finding forbids it

	want   []dns.RR
	state  zoneState
	served map[string]bool // names that a wildcard serves as planned
}

// Count is the number of records that come or go.
func (u *ZoneUpdate) Count() int {
	n := 0
	for _, c := range u.Changes {
		n += len(c.Remove) + len(c.Add)
	}
	return n
}

// Update compares the planned records of a zone with what its primary answered
// and makes the message (RFC 2136) that ends the difference. The answers are one
// for each planned name and type, and any for other types at names where a CNAME
// is planned, and for wildcards above the names. The prerequisites of the message
// are what was seen at all the planned names, so that the server refuses it when
// that is no longer true. Only the planned record sets are touched; what else
// is in the way is a finding. The error is for a plan or answers that no
// update can be made from.
func Update(zone string, want []dns.RR, answers []query.Answer) (*ZoneUpdate, error) {
	u := &ZoneUpdate{Zone: dns.CanonicalName(zone), want: want}
	var err error
	if u.state, err = newZoneState(u.Zone, answers); err != nil {
		return nil, err
	}
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
			u.Changes = append(u.Changes, c)
		}
	}
	if len(u.Changes) == 0 || len(u.Findings) > 0 {
		return u, nil
	}
	u.Message = new(dns.Msg).SetUpdate(u.Zone)
	u.require(sets)
	u.write()
	if u.Message.Len() > dns.MaxMsgSize-tsigRoom {
		u.Findings, u.Message = append(u.Findings, finding.New("dns-publish-too-large", dnssrv.Plain(u.Zone))), nil
	}
	return u, nil
}

// tsigRoom is more than a TSIG record takes: two names, a MAC, 26 octets.
const tsigRoom = 2*256 + 64 + 26

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

// identical reports whether there is one record in set that is rr, TTL included.
func identical(set []dns.RR, rr dns.RR) bool {
	return slices.ContainsFunc(set, func(other dns.RR) bool {
		return dns.IsDuplicate(other, rr) && other.Header().Ttl == rr.Header().Ttl
	})
}

func (s recordSet) change(now []dns.RR) (Change, bool) {
	c := Change{Name: s.name, Type: s.qtype}
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
		return newFault("dns-publish-zone-wrong", what).because("%s does not lie in the zone %s; nothing was written", dnssrv.Plain(set.name), dnssrv.Plain(u.Zone))
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
	f := finding.New("dns-publish-conflict", dnssrv.Plain(set.name)+" "+dns.TypeToString[set.qtype])
	f.Name, f.Type, f.Status = dnssrv.Plain(set.name), dns.TypeToString[set.qtype], "conflict"
	f.Want, f.Got = dnssrv.Lines(set.rrs), dnssrv.Lines(inTheWay)
	if apex {
		f = f.Because("%s is the top of a zone, where a CNAME cannot be (RFC 1034 §3.6.2)", dnssrv.Plain(set.name))
	}
	return f, true
}

// require writes the prerequisites (RFC 2136 §2.4). The helpers of miekg/dns
// write into the records they are given, hence the copies.
func (u *ZoneUpdate) require(sets []recordSet) {
	done := map[string]bool{} // names whose own prerequisite is written
	for _, set := range sets {
		o := u.state[set.name]
		now := o.sets[set.qtype]
		switch {
		case u.served[set.name]:
		case len(now) > 0:
			u.Message.Used(copies(now))
		case !o.exists || set.qtype == dns.TypeCNAME:
			// A CNAME is silently not added to a name that has anything else
			// (§3.4.2.2), so nothing at all may be there.
			if !done[set.name] {
				u.Message.NameNotUsed([]dns.RR{empty(set.name, dns.TypeANY)})
			}
			done[set.name] = true
		default:
			u.Message.RRsetNotUsed([]dns.RR{empty(set.name, set.qtype)})
			if !done[set.name] { // nor is anything added next to a CNAME
				u.Message.RRsetNotUsed([]dns.RR{empty(set.name, dns.TypeCNAME)})
			}
			done[set.name] = true
		}
	}
}

func empty(name string, qtype uint16) dns.RR {
	return &dns.ANY{Hdr: dns.RR_Header{Name: name, Rrtype: qtype}}
}

// write writes the changes (RFC 2136 §2.5). A record that gets another TTL is
// removed first: to add it again should do (§3.4.2.2), and Knot ignores that.
func (u *ZoneUpdate) write() {
	for _, c := range u.Changes {
		u.Message.Remove(copies(c.Remove))
		u.Message.Insert(copies(c.Add))
	}
}

func copies(rrs []dns.RR) []dns.RR {
	out := make([]dns.RR, len(rrs))
	for i, rr := range rrs {
		out[i] = dns.Copy(rr)
	}
	return out
}
