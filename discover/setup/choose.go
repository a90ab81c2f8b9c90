package setup

import (
	"cmp"
	"slices"
	"strings"

	"autoconfig/discover/probe"
	"autoconfig/finding"
	"autoconfig/provider"
)

// choose decides what is announced: of each service the best host, and of two
// services for reading the one with implicit TLS (RFC 8314 §3.3). Both ways to
// send are announced, as many programs know one alone.
func (s *Seen) choose() {
	for i := range s.Hosts {
		h := &s.Hosts[i]
		slices.SortFunc(h.Ports, func(a, b Port) int {
			return cmp.Or(serviceRank(a.Server)-serviceRank(b.Server), int(a.Server.Port)-int(b.Server.Port))
		})
		if len(h.Ports) > 0 && noAddress(h.Ports[0].Result) {
			h.Err = provider.ErrNotFound
		}
	}
	taken := map[provider.Protocol]*Port{}
	for _, svc := range provider.Services() {
		best := s.best(svc)
		if best == nil {
			continue
		}
		if better := taken[svc.Protocol]; better != nil && svc.Protocol != provider.SMTP {
			best.Note = "not needed next to " + name(better.Server)
			continue
		}
		best.Announced = true
		taken[svc.Protocol] = best
	}
	s.note()
}

// best is the port of a service on the host that most speaks for: named for the
// protocol by what is surest, then with the most services, then the first.
func (s *Seen) best(svc provider.Service) *Port {
	type candidate struct {
		port *Port
		why  Why
		wide int
	}
	var list []candidate
	for i := range s.Hosts {
		h := &s.Hosts[i]
		for j := range h.Ports {
			if p := &h.Ports[j]; p.usable() && serviceRank(p.Server) == serviceRank(provider.Server{Protocol: svc.Protocol, Security: svc.Security}) {
				list = append(list, candidate{p, min(h.reason(svc.Protocol), Usual), h.wide()})
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	return slices.MinFunc(list, func(a, b candidate) int { return cmp.Or(int(a.why-b.why), b.wide-a.wide) }).port
}

// reason is what names the host for a protocol.
func (h *Host) reason(p provider.Protocol) Why {
	if why, ok := h.by[p]; ok {
		return why
	}
	return max(h.Why, Usual)
}

// wide is how many services a host can be announced for.
func (h *Host) wide() (n int) {
	for _, p := range h.Ports {
		if p.usable() {
			n++
		}
	}
	return n
}

// usable: without the URLs of an authorization server OAuth2 cannot be announced.
func (p *Port) usable() bool { return p.Usable() && len(p.methods()) > 0 }

// methods are the ways to log in that are announced: the password, or where that
// is not taken the others.
func (p *Port) methods() []provider.Auth {
	if slices.Contains(p.Auth, provider.AuthPassword) {
		return []provider.Auth{provider.AuthPassword}
	}
	return slices.DeleteFunc(slices.Clone(p.Auth), func(a provider.Auth) bool { return a == provider.AuthOAuth2 })
}

// note says of each port that is not announced why it is not.
func (s *Seen) note() {
	for _, h := range s.Hosts {
		for i := range h.Ports {
			p := &h.Ports[i]
			switch {
			case p.Announced || p.Note != "":
			case p.usable():
				p.Note = "another host is announced"
			case p.Usable():
				p.Note = "it takes OAuth2 alone; write its oauth2: block by hand"
			case p.TLS != "" && len(p.Auth) == 0 && finding.Summarize(p.Findings).Fail == 0:
				p.Note = "it offers no way to log in"
			default:
				p.Note = fault(p.Result)
			}
		}
	}
}

// fault is the first thing wrong with a server, in a few words.
func fault(r probe.Result) string {
	for _, f := range r.Findings {
		if f.Level != finding.Fail {
			continue
		}
		e, _ := finding.Lookup(f.ID) // every finding is made from an entry
		if f.ID == "tls-certificate-name" {
			return e.Title + ": " + strings.Join(f.Got, " ")
		}
		return e.Title
	}
	return "no answer"
}

// Announced are the servers to announce, best first.
func (s *Seen) Announced(protocols ...provider.Protocol) []provider.Server {
	var out []provider.Server
	for _, h := range s.Hosts {
		for _, p := range h.Ports {
			if p.Announced && slices.Contains(protocols, p.Server.Protocol) {
				server := p.Server
				server.Auth = p.methods()
				out = append(out, server)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b provider.Server) int { return serviceRank(a) - serviceRank(b) })
	return out
}

// Complete reports whether there is a server for reading mail and one for
// sending it.
func (s *Seen) Complete() bool {
	return len(s.Announced(provider.IMAP, provider.POP3)) > 0 && len(s.Announced(provider.SMTP)) > 0
}

// serviceRank is the place of a server's service among [provider.Services].
func serviceRank(s provider.Server) int {
	svc, _ := s.Service()
	return slices.Index(provider.Services(), svc)
}

// name is the name of a server's service.
func name(s provider.Server) string {
	svc, _ := s.Service()
	return svc.Name
}
