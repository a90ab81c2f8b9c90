package server

import (
	"net/http"

	"autoconfig/mozilla"
)

// autoconfig answers the Mozilla document. That of one person nobody may keep.
func (s *Server) autoconfig(r *request) answer {
	p, domain := r.found.Provider, r.found.Address.Domain
	a, err := answer{status: http.StatusOK, outcome: served, domain: domain, kind: textXML, cache: noStore}, error(nil)
	if p.Personal {
		a.body, err = mozilla.Encode(p, domain)
	} else {
		a, err = r.document(mozillaForm, textXML)
	}
	if err != nil {
		s.opts.Log.Error("autoconfig cannot be encoded", "provider", p.ID, "error", err)
		return text(http.StatusNotFound, impossible, "not found")
	}
	return a
}
