package dnssrv

import (
	"sync"

	"github.com/miekg/dns"
)

// Seen is what a check saw: the answer to each question it asked. With several
// name servers asked, it holds the answer of the first that gave one.
type Seen struct {
	mu      sync.Mutex
	answers map[questionKey]Answer
}

type questionKey struct {
	name  string
	qtype uint16
}

func newSeen() *Seen { return &Seen{answers: make(map[questionKey]Answer, 2*len(places))} }

// Answer is the answer to a question, and whether it was asked.
func (s *Seen) Answer(name string, qtype uint16) (Answer, bool) { return s.get(fqdn(name), qtype) }

// get is Answer for a name as questions have it.
func (s *Seen) get(name string, qtype uint16) (Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.answers[questionKey{name, qtype}]
	return a, ok
}

func (s *Seen) put(a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[questionKey{a.Name, a.Type}] = a
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
