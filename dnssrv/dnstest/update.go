package dnstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"time"

	"github.com/miekg/dns"
)

// update carries out an update (RFC 2136 §3) or says in m why not.
func (s *Server) update(w dns.ResponseWriter, q, m *dns.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) > 0 {
		if q.IsTsig() == nil {
			m.Rcode = dns.RcodeRefused
			return
		}
		if w.TsigStatus() != nil {
			m.Rcode = dns.RcodeNotAuth
			return
		}
	}
	origin := canonical(q.Question[0].Name)
	z, ok := s.zones[origin]
	if !ok || q.Question[0].Qtype != dns.TypeSOA {
		m.Rcode = dns.RcodeNotAuth
		return
	}
	if m.Rcode = z.prerequisites(origin, q.Answer); m.Rcode != dns.RcodeSuccess {
		return
	}
	for _, rr := range q.Ns {
		if !dns.IsSubDomain(origin, canonical(rr.Header().Name)) {
			m.Rcode = dns.RcodeNotZone
			return
		}
	}
	for _, rr := range q.Ns {
		z.apply(rr)
	}
	z.bump(origin)
}

// bump raises the serial number of the zone.
func (z zone) bump(origin string) {
	for i, rr := range z[origin] {
		if rr.Header().Rrtype == dns.TypeSOA {
			soa, _ := dns.Copy(rr).(*dns.SOA)
			soa.Serial++
			z[origin][i] = soa
		}
	}
}

// prerequisites is RFC 2136 §3.2.
func (z zone) prerequisites(origin string, list []dns.RR) int {
	type rrset struct {
		name  string
		qtype uint16
	}
	exact := map[rrset][]dns.RR{}
	for _, rr := range list {
		h := rr.Header()
		name := canonical(h.Name)
		if !dns.IsSubDomain(origin, name) {
			return dns.RcodeNotZone
		}
		have := ofType(z[name], h.Rrtype)
		switch {
		case h.Class == dns.ClassANY && h.Rrtype == dns.TypeANY && len(z[name]) == 0:
			return dns.RcodeNameError
		case h.Class == dns.ClassANY && h.Rrtype != dns.TypeANY && len(have) == 0:
			return dns.RcodeNXRrset
		case h.Class == dns.ClassNONE && h.Rrtype == dns.TypeANY && len(z[name]) > 0:
			return dns.RcodeYXDomain
		case h.Class == dns.ClassNONE && h.Rrtype != dns.TypeANY && len(have) > 0:
			return dns.RcodeYXRrset
		case h.Class == dns.ClassINET:
			exact[rrset{name, h.Rrtype}] = append(exact[rrset{name, h.Rrtype}], rr)
		}
	}
	for set, want := range exact {
		left := ofType(z[set.name], set.qtype)
		if len(left) != len(want) {
			return dns.RcodeNXRrset
		}
		for _, rr := range want {
			left = without(left, rr)
		}
		if len(left) > 0 {
			return dns.RcodeNXRrset
		}
	}
	return dns.RcodeSuccess
}

// apply is RFC 2136 §3.4.2 for one record.
func (z zone) apply(rr dns.RR) {
	h := rr.Header()
	name := canonical(h.Name)
	switch h.Class {
	case dns.ClassANY:
		if h.Rrtype == dns.TypeANY {
			delete(z, name)
			return
		}
		for _, old := range ofType(z[name], h.Rrtype) {
			z[name] = without(z[name], old)
		}
	case dns.ClassNONE:
		z[name] = without(z[name], rr)
	default:
		alias := len(ofType(z[name], dns.TypeCNAME)) > 0
		if len(z[name]) > 0 && alias != (h.Rrtype == dns.TypeCNAME) {
			return // silently ignored: RFC 2136 §3.4.2.2
		}
		if alias {
			delete(z, name) // a CNAME replaces the one that is there
		}
		z[name] = append(without(z[name], rr), dns.Copy(rr))
		for i, other := range z[name] {
			if other.Header().Rrtype == h.Rrtype && other.Header().Ttl != h.Ttl {
				z[name][i] = dns.Copy(other)    // answers under way hold the old one
				z[name][i].Header().Ttl = h.Ttl // one TTL in a set (RFC 2181 §5.2)
			}
		}
	}
	if len(z[name]) == 0 {
		delete(z, name)
	}
}

// Generate signs with the key a message names; with Verify it makes the server a dns.TsigProvider whose keys may change
// while it runs.
func (s *Server) Generate(msg []byte, t *dns.TSIG) ([]byte, error) {
	s.mu.Lock()
	secret, ok := s.keys[canonical(t.Hdr.Name)]
	s.mu.Unlock()
	if !ok {
		return nil, dns.ErrSecret
	}
	raw, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return nil, err
	}
	newHash, ok := map[string]func() hash.Hash{dns.HmacSHA256: sha256.New, dns.HmacSHA384: sha512.New384,
		dns.HmacSHA512: sha512.New}[canonical(t.Algorithm)]
	if !ok {
		return nil, dns.ErrKeyAlg
	}
	mac := hmac.New(newHash, raw)
	mac.Write(msg)
	return mac.Sum(nil), nil
}

// Verify checks a message's signature.
func (s *Server) Verify(msg []byte, t *dns.TSIG) error {
	want, err := s.Generate(msg, t)
	if err != nil {
		return err
	}
	if got, err := hex.DecodeString(t.MAC); err != nil || !hmac.Equal(got, want) {
		return dns.ErrSig
	}
	return nil
}

// sign puts the TSIG of an answer on it, with the error that RFC 8945 §5.2 wants.
func (s *Server) sign(w dns.ResponseWriter, t *dns.TSIG, m *dns.Msg) {
	m.SetTsig(t.Hdr.Name, t.Algorithm, 300, time.Now().Unix())
	answer := m.IsTsig()
	switch err := w.TsigStatus(); {
	case err == nil:
		return
	case errors.Is(err, dns.ErrSecret), errors.Is(err, dns.ErrKeyAlg):
		answer.Error = dns.RcodeBadKey
	case errors.Is(err, dns.ErrTime):
		answer.Error = dns.RcodeBadTime
	default:
		answer.Error = dns.RcodeBadSig
	}
	m.Rcode = dns.RcodeNotAuth
}
