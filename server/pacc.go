package server

import (
	"net/http"
)

// pacc answers the user-agent configuration of the Host's domain. Its bytes
// have a digest in DNS, so no intermediary may change them.
func (s *Server) pacc(r *request) answer {
	m, err := s.byHost(r)
	if err != nil {
		return failure(err)
	}
	doc, err := r.set.documents.of(m.Provider).pacc.get()
	if err != nil {
		a := text(http.StatusNotFound, impossible, reasonOf(err))
		a.domain = m.Address.Domain
		return a
	}
	a := r.document(doc, m.Address.Domain, "application/json")
	a.cache += ", no-transform"
	return a
}
