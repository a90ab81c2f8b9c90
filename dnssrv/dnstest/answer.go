package dnstest

import (
	"time"

	"github.com/miekg/dns"
)

func (s *Server) serve(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	m.Compress = true
	if len(q.Question) != 1 {
		m.Rcode = dns.RcodeFormatError
		_ = w.WriteMsg(m)
		return
	}
	f := s.count(q.Question[0])
	if f.delay > 0 {
		time.Sleep(f.delay) // it is what was asked for, not a wait for something
	}
	udp := w.LocalAddr().Network() == "udp"
	switch {
	case f.drop:
		return
	case f.rcode != 0:
		m.Rcode = f.rcode
	case q.Opcode == dns.OpcodeUpdate:
		s.update(w, q, m)
	case f.truncate && udp:
		m.Truncated = true
	default:
		s.answer(q, m)
		m.AuthenticatedData = m.AuthenticatedData && !f.unsigned
	}
	if f.garble && udp {
		s.forge(w, m)
	}
	size := dns.MinMsgSize
	if opt := q.IsEdns0(); opt != nil {
		size = int(opt.UDPSize())
		m.SetEdns0(1232, false)
	}
	if udp {
		m.Truncate(size)
	}
	if t := q.IsTsig(); t != nil {
		s.sign(w, t, m)
	}
	_ = w.WriteMsg(m)
}

func (s *Server) count(q dns.Question) fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries++
	s.asked[canonical(q.Name)+" "+dns.TypeToString[q.Qtype]]++
	if f, ok := s.faults[canonical(q.Name)]; ok {
		return f
	}
	return s.faults[""]
}

func (s *Server) answer(q, m *dns.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Authoritative = true
	s.resolve(m, canonical(q.Question[0].Name), q.Question[0].Qtype)
	m.Authoritative = m.Authoritative && !s.lame
	m.AuthenticatedData = s.ad
	m.RecursionAvailable = true
}

func (s *Server) forge(w dns.ResponseWriter, m *dns.Msg) {
	forged := new(dns.Msg)
	forged.MsgHdr = m.MsgHdr
	forged.SetQuestion("forged.invalid.", dns.TypeA)
	forged.Id, forged.Response = m.Id, true
	_ = w.WriteMsg(forged)
	other := m.Copy()
	other.Id++
	other.Answer, other.Rcode = nil, dns.RcodeNameError
	_ = w.WriteMsg(other)
}
