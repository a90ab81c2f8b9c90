package dnssrv

import (
	"io"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/provider"
)

// RR is a resource record, for packages that pass records on without knowing
// what is in them.
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

// WriteZone writes a domain's records in zone form (RFC 1035 §5), to be
// included in a zone that has its SOA and NS already. Every name is absolute,
// so that a line means the same elsewhere.
func WriteZone(w io.Writer, domain string, records []RR) error {
	domain, err := provider.ParseDomain(domain)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("$ORIGIN " + domain + ".\n")
	for _, rr := range records {
		b.WriteString(rr.String() + "\n")
	}
	_, err = io.WriteString(w, b.String())
	return err
}
