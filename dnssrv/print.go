package dnssrv

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// RR is a resource record, for packages that pass records on without knowing what is in them.
type RR = dns.RR

// Row is a planned record as tables and JSON show it. Its JSON keys are stable.
type Row struct {
	Kind string `json:"kind"`
	Name string `json:"name"` // without the trailing dot
	Type string `json:"type"`
	TTL  uint32 `json:"ttl"`
	Data string `json:"data"` // in zone form, its names absolute: 0 1 993 imap.example.org.
}

// Rows describes the records of a plan.
func Rows(records []RR) []Row {
	out := make([]Row, len(records))
	for i, rr := range records {
		h := rr.Header()
		out[i] = Row{Kind(rr), Plain(h.Name), dns.TypeToString[h.Rrtype], h.Ttl, Data(rr)}
	}
	return out
}

// Parts are a record in the separate fields of a DNS control panel.
type Parts struct {
	Type, Label            string // Label is the owner without the domain, _imaps._tcp; "@" for the domain itself
	Priority, Weight, Port string // SRV alone; decimal
	Target                 string // a host name without the last dot; "." where a service is decidedly not offered
	Text                   string // TXT alone, its strings joined
	TTL                    uint32 // seconds
}

// Split takes a record of a domain apart.
func Split(domain string, rr RR) Parts {
	h := rr.Header()
	p := Parts{Type: dns.TypeToString[h.Rrtype], Label: Relative(Plain(h.Name), Plain(domain)), Target: Target(rr), TTL: h.Ttl}
	switch rr := rr.(type) {
	case *dns.SRV:
		p.Priority, p.Weight, p.Port = fmt.Sprint(rr.Priority), fmt.Sprint(rr.Weight), fmt.Sprint(rr.Port)
	case *dns.TXT:
		p.Text = strings.Join(rr.Txt, "")
	case *dns.A, *dns.AAAA, *dns.MX:
		p.Target = Data(rr)
	}
	return p
}

// Name is the record's owner below a domain.
func (p Parts) Name(domain string) string {
	if p.Label == "@" {
		return domain
	}
	return p.Label + "." + domain
}
