package publish

import (
	"github.com/miekg/dns"

	"autoconfig/dnssrv/query"
)

// Update is the update of a zone of which the primary gave these answers: one for each planned name and type, and any
// for other types at names where a CNAME is planned, and for wildcards above the names.
func Update(zone string, want []dns.RR, answers []query.Answer) (*ZoneUpdate, error) {
	at := Zone{Name: dns.CanonicalName(zone)}
	state, err := readState(at, answers)
	if err != nil {
		return nil, err
	}
	u, err := compare(at, want, state)
	if err == nil {
		u.fit()
	}
	return u, err
}
