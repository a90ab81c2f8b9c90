package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/provider"
)

// Outcome is how a question ended. The first three are answers, the others say that nothing is known about the name.
type Outcome string

// The outcomes. NODATA: no record of the type at this name (RFC 2308 §2.2). TIMEOUT: no server can be reached.
const (
	NOERROR  Outcome = "NOERROR"
	NXDOMAIN Outcome = "NXDOMAIN"
	NODATA   Outcome = "NODATA"
	SERVFAIL Outcome = "SERVFAIL"
	REFUSED  Outcome = "REFUSED"
	TIMEOUT  Outcome = "TIMEOUT"
)

// Known reports whether the outcome says what is published.
func (o Outcome) Known() bool { return o == NOERROR || o == NXDOMAIN || o == NODATA }

// Answer is the answer to one question.
type Answer struct {
	Name        string // the name asked, lower case with its trailing dot
	Type        uint16
	Outcome     Outcome
	RRs         []dns.RR     // records of the type asked, where the CNAMEs lead
	CNAMEs      []*dns.CNAME // the way there, in order (RFC 1034 §3.6.2)
	NextToCNAME []dns.RR     // records at the name itself although it is a CNAME (forbidden by RFC 1034 §3.6.2)
	SOA         *dns.SOA     // the zone's, in a negative answer (RFC 2308 §3)
	NS          []dns.RR     // the referral, when the server has delegated the name
	AD          bool         // a validating resolver vouches for it (RFC 4035 §3.2.3)
	AA          bool         // the server has authority (RFC 1035 §4.1.1), so the TTL is the zone's own
	Server      string       // host:port that answered, or the last one asked
	Err         error        // why there is no answer
}

// Error is the answer as an error: nil when there are records, one wrapping [provider.ErrNotFound] when there are none,
// [provider.ErrUnavailable] when it is not known.
func (a Answer) Error() error {
	if a.Outcome == NOERROR {
		return nil
	}
	return &QuestionError{a}
}

// QuestionError is a question that ended without records.
type QuestionError struct{ Answer Answer }

func (e *QuestionError) Error() string {
	text := fmt.Sprintf("%s %s: %s", dnssrv.Plain(e.Answer.Name), dns.TypeToString[e.Answer.Type], e.Answer.Outcome)
	if e.Answer.Server != "" {
		text += " from " + e.Answer.Server
	}
	if e.Answer.Err != nil {
		text += ": " + e.Answer.Err.Error()
	}
	return text
}

// Unwrap tells whether nothing is published or nothing is known.
func (e *QuestionError) Unwrap() error {
	if e.Answer.Outcome.Known() {
		return provider.ErrNotFound
	}
	return provider.ErrUnavailable
}

// Timeout reports whether no server was reached, rather than one that failed.
func (e *QuestionError) Timeout() bool { return e.Answer.Outcome == TIMEOUT }

func (a *Answer) read(m *dns.Msg) {
	a.AD, a.AA = m.AuthenticatedData, m.Authoritative
	end := a.follow(m.Answer)
	for _, rr := range m.Answer {
		h := rr.Header()
		if h.Rrtype != a.Type {
			continue
		}
		if strings.EqualFold(h.Name, end) {
			a.RRs = append(a.RRs, rr)
		} else if strings.EqualFold(h.Name, a.Name) {
			a.NextToCNAME = append(a.NextToCNAME, rr)
		}
	}
	for _, rr := range m.Ns {
		switch rr := rr.(type) {
		case *dns.SOA:
			a.SOA = rr
		case *dns.NS:
			a.NS = append(a.NS, rr)
		}
	}
	if m.Authoritative || a.SOA != nil || len(m.Answer) > 0 {
		a.NS = nil // only an empty answer with nothing but NS refers (RFC 2308 §2.2)
	}
	switch outcome, known := outcomes[m.Rcode]; {
	case !known:
		a.Outcome, a.Err = SERVFAIL, fmt.Errorf("unexpected response code %s", dns.RcodeToString[m.Rcode])
	case outcome == NOERROR && len(a.RRs) == 0:
		a.Outcome = NODATA
	default:
		a.Outcome = outcome
	}
}

var outcomes = map[int]Outcome{dns.RcodeSuccess: NOERROR, dns.RcodeNameError: NXDOMAIN, dns.RcodeRefused: REFUSED,
	dns.RcodeServerFailure: SERVFAIL}

// follow collects the CNAMEs that begin at the name asked, and returns the name they end at.
func (a *Answer) follow(rrs []dns.RR) string {
	name := a.Name
	if a.Type == dns.TypeCNAME {
		return name
	}
	aliases := dnssrv.Records[*dns.CNAME](rrs)
	for range aliases { // no chain is longer, so a loop ends
		i := slices.IndexFunc(aliases, func(c *dns.CNAME) bool { return strings.EqualFold(c.Hdr.Name, name) })
		if i < 0 {
			break
		}
		a.CNAMEs, name = append(a.CNAMEs, aliases[i]), aliases[i].Target
	}
	return name
}
