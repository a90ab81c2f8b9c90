package check

import (
	"github.com/miekg/dns"

	"autoconfig/dnssrv/query"
)

// Seen is what a check saw: the answer to each question it asked. With several name servers asked, it holds the answer
// of the first that gave one.
type Seen map[query.Question]query.Answer

// get is the answer for a name as questions have it, the zero answer if it was not asked.
func (s Seen) get(name string, qtype uint16) query.Answer {
	return s[query.Question{Name: name, Type: qtype}]
}

func (s Seen) put(a query.Answer) { s[query.Question{Name: a.Name, Type: a.Type}] = a }

// records are the records of the type at the name itself: none when a CNAME leads away from it, the CNAME when that is
// asked for.
func (s Seen) records(name string, qtype uint16) []dns.RR {
	a := s.get(name, qtype)
	if len(a.CNAMEs) > 0 {
		return a.NextToCNAME
	}
	return a.RRs
}
