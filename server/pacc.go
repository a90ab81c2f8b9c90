package server

import "net/http"

// pacc answers the user-agent configuration of the Host's domain. Its bytes have a digest in DNS, so no intermediary
// may change them.
func (s *Server) pacc(r *request) answer {
	a, err := r.document(paccForm, "application/json")
	if err != nil {
		a = text(http.StatusNotFound, impossible, reasonOf(err))
		a.domain = r.found.Address.Domain
		return a
	}
	a.cache += ", no-transform"
	return a
}
