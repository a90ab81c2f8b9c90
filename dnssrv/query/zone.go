package query

import (
	"context"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
)

// Asker asks one question, of the resolvers or of one server.
type Asker func(ctx context.Context, name string, qtype uint16) Answer

// At asks one server, host:port, for what it knows itself.
func (c *Client) At(server string) Asker {
	return func(ctx context.Context, name string, qtype uint16) Answer {
		return c.AskServer(ctx, server, name, qtype)
	}
}

// Zone is the SOA record of the name's zone, nil when the answer does not tell: behind a CNAME it is another's.
func (a Answer) Zone() *dns.SOA {
	if len(a.CNAMEs) > 0 {
		return nil
	}
	soa := a.SOA
	for _, at := range dnssrv.Records[*dns.SOA](a.RRs) {
		soa = at
	}
	if soa == nil || !dns.IsSubDomain(dns.CanonicalName(soa.Hdr.Name), a.Name) {
		return nil
	}
	return soa
}

// FindZone walks up from a name to the top of its zone. It asks for a CNAME, which no resolver follows to its target
// (that place may be down): there is none at the top of a zone, and a negative answer names the zone (RFC 2308 §3).
// Some resolvers leave that out, so the SOA is asked for too. Where no zone is found, the last answer says why: it is
// not known, a referral, or that of the root.
func FindZone(ctx context.Context, ask Asker, name string) (*dns.SOA, Answer) {
	for at := dns.CanonicalName(name); ; at = Parent(at) {
		var a Answer
		for _, qtype := range []uint16{dns.TypeCNAME, dns.TypeSOA} {
			a = ask(ctx, at, qtype)
			if soa := a.Zone(); soa != nil || !a.Outcome.Known() || len(a.NS) > 0 {
				return soa, a
			}
			if a.Outcome == NOERROR {
				break // an alias
			}
		}
		if at == "." {
			return nil, a
		}
	}
}

// Parent is a name, lower case with its trailing dot, less its first label; "." has none but itself.
func Parent(name string) string {
	next, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return strings.ToLower(name[next:])
}
