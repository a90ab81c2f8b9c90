package dnssrv

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/provider"
)

// Plain is a name as people write it: lower case, without the trailing dot.
func Plain(name string) string {
	if name == "." {
		return name
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// Target is the host a record points to, lower case without its last dot; "" for a record that points nowhere.
func Target(rr RR) string {
	switch rr := rr.(type) {
	case *dns.SRV:
		return Plain(rr.Target)
	case *dns.MX:
		return Plain(rr.Mx)
	case *dns.CNAME:
		return Plain(rr.Target)
	case *dns.NS:
		return Plain(rr.Ns)
	}
	return ""
}

// Texts are the values of text records, the strings of each joined (RFC 7208 §3.3, and most other users of TXT).
func Texts(rrs []RR) []string {
	return provider.Map(Records[*dns.TXT](rrs), func(txt *dns.TXT) string { return strings.Join(txt.Txt, "") })
}

// Tagged are text records that begin with a version tag such as v=spf1, in any case, as a word (RFC 7208 §4.5).
func Tagged(rrs []RR, tag string) []RR {
	return slices.DeleteFunc(slices.Clone(rrs), func(rr RR) bool {
		after, ok := strings.CutPrefix(strings.ToLower(strings.Join(Texts([]RR{rr}), "")), tag)
		return !ok || after != "" && !strings.ContainsAny(after[:1], " \t;")
	})
}

// Records are those of one type, such as *dns.SRV, in their order.
func Records[T RR](rrs []RR) []T {
	var out []T
	for _, rr := range rrs {
		if r, ok := rr.(T); ok {
			out = append(out, r)
		}
	}
	return out
}

// Has reports whether a set has the record, its TTL aside.
func Has(set []RR, rr RR) bool {
	return slices.ContainsFunc(set, func(other RR) bool { return dns.IsDuplicate(other, rr) })
}

// Lacking are the records of list that the other list does not have, TTL aside.
func Lacking(list, in []RR) []RR {
	return slices.DeleteFunc(slices.Clone(list), func(rr RR) bool { return Has(in, rr) })
}

// SameSet reports whether two sets have the same records, TTL aside.
func SameSet(a, b []RR) bool { return len(a) == len(b) && len(Lacking(a, b)) == 0 }

// Line is a record in zone form with single blanks.
func Line(rr RR) string { return strings.ReplaceAll(rr.String(), "\t", " ") }

// Lines are records in zone form.
func Lines(rrs []RR) []string { return provider.Map(rrs, Line) }

// Listed reports whether lines, as [Lines] writes them, have the record, TTL and the case of letters aside.
func Listed(rr RR, lines []string) bool {
	end := " " + strings.ToLower(Data(rr))
	return slices.ContainsFunc(lines, func(line string) bool { return strings.HasSuffix(strings.ToLower(line), end) })
}

// Data is what a record says, in zone form.
func Data(rr RR) string { return strings.TrimPrefix(rr.String(), rr.Header().String()) }

// RR is a resource record, for packages that pass records on without knowing what is in them.
type RR = dns.RR

// Parts is a record taken apart, for JSON (whose keys are stable), tables and the fields of a DNS control panel.
type Parts struct {
	Kind string `json:"kind"`
	Name string `json:"name"` // without the trailing dot
	Type string `json:"type"`
	TTL  uint32 `json:"ttl"`  // seconds
	Data string `json:"data"` // in zone form, its names absolute: 0 1 993 imap.example.org.

	Label                  string `json:"-"` // the name without the domain, _imaps._tcp; "@" for the domain itself
	Priority, Weight, Port string `json:"-"` // SRV alone; decimal
	Target                 string `json:"-"` // a host name without the last dot; "." where a service is not offered
	Text                   string `json:"-"` // TXT alone, its strings joined
	RR                     RR     `json:"-"`
}

// Split takes a record of a domain apart.
func Split(domain string, rr RR) Parts {
	h := rr.Header()
	p := Parts{Kind: Kind(rr), Name: Plain(h.Name), Type: dns.TypeToString[h.Rrtype], TTL: h.Ttl, Data: Data(rr),
		Label: Relative(Plain(h.Name), Plain(domain)), Target: Target(rr), RR: rr}
	switch rr := rr.(type) {
	case *dns.SRV:
		p.Priority, p.Weight, p.Port = fmt.Sprint(rr.Priority), fmt.Sprint(rr.Weight), fmt.Sprint(rr.Port)
	case *dns.TXT:
		p.Text = strings.Join(rr.Txt, "")
	case *dns.A, *dns.AAAA, *dns.MX:
		p.Target = p.Data
	}
	return p
}

// SplitAll takes the records of a domain apart.
func SplitAll(domain string, records []RR) []Parts {
	out := provider.Map(records, func(rr RR) Parts { return Split(domain, rr) })
	return append([]Parts{}, out...) // [] in JSON, even when there are none
}
