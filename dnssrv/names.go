package dnssrv

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
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
	var out []string
	for _, rr := range rrs {
		if txt, ok := rr.(*dns.TXT); ok {
			out = append(out, strings.Join(txt.Txt, ""))
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
func Lines(rrs []RR) []string {
	var out []string
	for _, rr := range rrs {
		out = append(out, Line(rr))
	}
	return out
}

// Listed reports whether lines, as [Lines] writes them, have the record, TTL and the case of letters aside.
func Listed(rr RR, lines []string) bool {
	end := " " + strings.ToLower(Data(rr))
	return slices.ContainsFunc(lines, func(line string) bool { return strings.HasSuffix(strings.ToLower(line), end) })
}

// Data is what a record says, in zone form.
func Data(rr RR) string { return strings.TrimPrefix(rr.String(), rr.Header().String()) }
