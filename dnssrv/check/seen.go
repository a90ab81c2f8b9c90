package check

import (
	"sync"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
)

// Seen is what a check saw: the answer to each question it asked. With several
// name servers asked, it holds the answer of the first that gave one.
type Seen struct {
	mu      sync.Mutex
	answers map[query.Question]query.Answer
}

func newSeen() *Seen {
	return &Seen{answers: make(map[query.Question]query.Answer, 2*len(dnssrv.Places()))}
}

// query.Answer is the answer to a question, and whether it was asked.
func (s *Seen) Answer(name string, qtype uint16) (query.Answer, bool) {
	return s.get(dns.CanonicalName(name), qtype)
}

// get is query.Answer for a name as questions have it.
func (s *Seen) get(name string, qtype uint16) (query.Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.answers[query.Question{Name: name, Type: qtype}]
	return a, ok
}

func (s *Seen) put(a query.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[query.Question{Name: a.Name, Type: a.Type}] = a
}

// records are the records of the type that stand at the name itself: none when
// a CNAME leads away from it, the CNAME when that is asked for.
func (s *Seen) records(name string, qtype uint16) []dns.RR {
	a, ok := s.get(name, qtype)
	if !ok || len(a.CNAMEs) > 0 {
		return a.Beside
	}
	return a.RRs
}
