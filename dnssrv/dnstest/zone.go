package dnstest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// zone is the records of a zone by owner name.
type zone map[string][]dns.RR

func (s *Server) load(text string) error {
	z, origin := zone{}, ""
	parser := dns.NewZoneParser(strings.NewReader(text), ".", "")
	parser.SetDefaultTTL(3600)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		name := canonical(rr.Header().Name)
		if origin == "" {
			if rr.Header().Rrtype != dns.TypeSOA {
				return fmt.Errorf("zone text must begin with its SOA, not %s", rr)
			}
			origin = name
		}
		if !dns.IsSubDomain(origin, name) {
			return fmt.Errorf("%s lies outside the zone %s", rr, origin)
		}
		z[name] = append(z[name], rr)
	}
	if err := parser.Err(); err != nil {
		return err
	}
	if origin == "" {
		return errors.New("empty zone text")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones[origin] = z
	return nil
}

// zoneOf is the zone nearest to name.
func (s *Server) zoneOf(name string) (string, zone) {
	for {
		if z, ok := s.zones[name]; ok {
			return name, z
		}
		next, end := dns.NextLabel(name, 0)
		if end {
			z, ok := s.zones["."]
			if !ok {
				return "", nil
			}
			return ".", z
		}
		name = name[next:]
	}
}

// at is the records of name: its own, or those a wildcard makes for it (RFC 4592). found is false when the name does
// not exist.
func (z zone) at(origin, name string) (rrs []dns.RR, found bool) {
	if z.exists(name) {
		return z[name], true
	}
	for encloser := name; encloser != origin; {
		next, end := dns.NextLabel(encloser, 0)
		if end {
			break
		}
		encloser = encloser[next:]
		if wild, ok := z["*."+encloser]; ok {
			for _, rr := range wild {
				rr = dns.Copy(rr)
				rr.Header().Name = name
				rrs = append(rrs, rr)
			}
			return rrs, true
		}
		if z.exists(encloser) {
			break // the closest encloser has no wildcard
		}
	}
	return nil, false
}

// exists tells names with records, and those with names below them (empty non-terminals, RFC 8020).
func (z zone) exists(name string) bool {
	if _, ok := z[name]; ok {
		return true
	}
	for owner := range z {
		if dns.IsSubDomain(name, owner) {
			return true
		}
	}
	return false
}

// cut is the delegation at or above name, inside the zone (RFC 1034 §4.2.1).
func (z zone) cut(origin, name string) []dns.RR {
	for name != origin && dns.IsSubDomain(origin, name) {
		if ns := ofType(z[name], dns.TypeNS); len(ns) > 0 {
			return ns
		}
		next, end := dns.NextLabel(name, 0)
		if end {
			break
		}
		name = name[next:]
	}
	return nil
}

func (z zone) soa(origin string) *dns.SOA {
	soa, _ := ofType(z[origin], dns.TypeSOA)[0].(*dns.SOA)
	return soa
}

func ofType(rrs []dns.RR, qtype uint16) []dns.RR {
	return slices.DeleteFunc(slices.Clone(rrs), func(rr dns.RR) bool { return rr.Header().Rrtype != qtype })
}

// resolve fills in the answer to a question (RFC 1034 §4.3.2).
func (s *Server) resolve(m *dns.Msg, name string, qtype uint16) {
	for range 8 { // a CNAME chain this long is a loop
		origin, z := s.zoneOf(name)
		if z == nil {
			if len(m.Answer) == 0 {
				m.Rcode, m.Authoritative = dns.RcodeRefused, false
			}
			return
		}
		if ns := z.cut(origin, name); ns != nil {
			m.Ns, m.Authoritative = ns, false
			return
		}
		rrs, found := z.at(origin, name)
		if !found {
			m.Rcode, m.Ns = dns.RcodeNameError, []dns.RR{z.soa(origin)}
			return
		}
		direct := ofType(rrs, qtype)
		alias := ofType(rrs, dns.TypeCNAME)
		if qtype != dns.TypeCNAME {
			m.Answer = append(m.Answer, alias...)
		}
		m.Answer = append(m.Answer, direct...) // next to a CNAME only in a zone no server should load
		if len(alias) == 0 || qtype == dns.TypeCNAME {
			if len(direct) == 0 {
				m.Ns = []dns.RR{z.soa(origin)}
			}
			return
		}
		name = canonical(alias[0].(*dns.CNAME).Target)
	}
	m.Rcode = dns.RcodeServerFailure
}

// without is rrs less those that are the same record as gone.
func without(rrs []dns.RR, gone dns.RR) []dns.RR {
	return slices.DeleteFunc(slices.Clone(rrs), func(rr dns.RR) bool { return same(rr, gone) })
}

// same compares records but for TTL and class.
func same(a, b dns.RR) bool {
	a, b = dns.Copy(a), dns.Copy(b)
	a.Header().Class, b.Header().Class = dns.ClassINET, dns.ClassINET
	return dns.IsDuplicate(a, b)
}
