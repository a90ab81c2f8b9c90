package setup

import (
	"cmp"
	"slices"
	"strings"

	"autoconfig/discover/probe"
	"autoconfig/finding"
	"autoconfig/provider"
)

// choose decides what is announced: of each service the best host, and of two services for reading the one with
// implicit TLS (RFC 8314 §3.3). Both ways to send are announced, as many programs know one alone.
func (s *Result) choose() {
	for _, h := range s.Hosts {
		slices.SortFunc(h.Ports, func(a, b Port) int {
			return cmp.Or(serviceRank(a.Server)-serviceRank(b.Server), int(a.Server.Port)-int(b.Server.Port))
		})
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

// best is the port on the host with the surest name for the protocol, then the most services, then the first.
func (s *Result) best(svc provider.Service) (best *Port) {
	var rank [2]int
	for _, h := range s.Hosts {
		why, named := h.by[svc.Protocol]
		if !named {
			why = Usual
		}
		usable := 0
		for j := range h.Ports {
			if h.Ports[j].usable() {
				usable++
			}
		}
		for j := range h.Ports {
			p, mine := &h.Ports[j], [2]int{int(why), -usable}
			of, _ := p.Server.Service()
			if p.usable() && of == svc && (best == nil || slices.Compare(mine[:], rank[:]) < 0) {
				best, rank = p, mine
			}
		}
	}
	return best
}

// usable: without the URLs of an authorization server OAuth2 cannot be announced.
func (p *Port) usable() bool { return p.Usable() && len(p.methods()) > 0 }

// methods are the ways to log in that are announced: the password, or where that is not taken the others.
func (p *Port) methods() []provider.Auth {
	if slices.Contains(p.Auth, provider.AuthPassword) {
		return []provider.Auth{provider.AuthPassword}
	}
	return slices.DeleteFunc(slices.Clone(p.Auth), func(a provider.Auth) bool { return a == provider.AuthOAuth2 })
}

func (s *Result) note() {
	for _, h := range s.Hosts {
		for i := range h.Ports {
			p := &h.Ports[i]
			switch {
			case p.Announced || p.Note != "":
			case p.usable():
				p.Note = "another host is announced"
			case p.Usable():
				p.Note = "it takes only OAuth2; write its oauth2: block by hand"
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
func (s *Result) Announced(protocols ...provider.Protocol) []provider.Server {
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

// Complete reports whether there is a server for reading mail and one for sending it.
func (s *Result) Complete() bool {
	return len(s.Announced(provider.IMAP, provider.POP3)) > 0 && len(s.Announced(provider.SMTP)) > 0
}

// serviceRank is the place of a server's service among [provider.Services].
func serviceRank(s provider.Server) int {
	svc, _ := s.Service()
	return slices.Index(provider.Services(), svc)
}

func name(s provider.Server) string {
	svc, _ := s.Service()
	return svc.Name
}
