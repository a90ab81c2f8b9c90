package server

import (
	"errors"
	"net/http"
	"strings"

	"autoconfig/mozilla"
	"autoconfig/provider"
)

// autoconfig answers the Mozilla document for the query's address, else for
// the Host.
func (s *Server) autoconfig(r *request) answer {
	m, err := s.byAddress(r, "emailaddress")
	if errors.Is(err, provider.ErrNotFound) && r.Request().URL.Path == "/mail/config-v1.1.xml" {
		if x, xerr := s.byMXHost(r); xerr == nil {
			m, err = x, nil
		}
	}
	if err != nil {
		a := failure(err)
		a.domain = m.Address.Domain
		return a
	}
	if m.Provider.Personal {
		return s.personalMozilla(m)
	}
	return s.mozilla(r, m.Provider, m.Address.Domain)
}

// personalMozilla is the document of one person: nobody may keep it.
func (s *Server) personalMozilla(m match) answer {
	body, err := mozilla.Encode(m.Provider, m.Address.Domain)
	if err != nil {
		s.opts.Log.Error("autoconfig cannot be encoded", "provider", m.Provider.ID, "error", err)
		return text(http.StatusNotFound, impossible, "not found")
	}
	return answer{status: http.StatusOK, outcome: served, domain: m.Address.Domain, kind: textXML, cache: noStore, body: body}
}

// byMXHost is the one case in which an address does not decide alone: a client
// whose domain's MX lies below X asks autoconfig.X with its own address
// (draft-ietf-mailmaint-autoconfig, "MX") and gets X's document.
func (s *Server) byMXHost(r *request) (match, error) {
	x, ok := strings.CutPrefix(s.host(r), "autoconfig.")
	if !ok || !strings.Contains(x, ".") {
		return match{}, provider.ErrNotFound
	}
	return s.lookup(r, provider.Address{Domain: x})
}

// ispdb answers under the path's domain alone, as the ISPDB does. A provider's
// mail exchangers answer here too: that is what a client's MX step asks for.
func (s *Server) ispdb(r *request) answer {
	domain, err := provider.ParseDomain(r.Param("domain"))
	if err != nil {
		return text(http.StatusNotFound, notServed, "not found")
	}
	m, err := s.lookup(r, provider.Address{Domain: domain})
	if errors.Is(err, provider.ErrNotFound) {
		if p := r.set.MXTable.ByHost(domain); p != nil {
			m, err = match{Provider: p, Address: provider.Address{Domain: domain}}, nil
		}
	}
	if err != nil {
		a := failure(err)
		a.domain = domain
		return a
	}
	return s.mozilla(r, m.Provider, domain)
}

func (s *Server) mozilla(r *request, p *provider.Provider, domain string) answer {
	doc, err := r.set.documents.of(p).mozilla.get()
	if err != nil {
		s.opts.Log.Error("autoconfig cannot be encoded", "provider", p.ID, "error", err)
		return text(http.StatusNotFound, impossible, "not found")
	}
	return r.document(doc, domain, textXML)
}
