package server

import (
	"net/http"
	"strings"

	"autoconfig/mozilla"
	"autoconfig/provider"
)

// findByFile goes by the domain that a file is named after.
func (s *Server) findByFile(r *request) (match, error) {
	name, ok := strings.CutSuffix(r.Param("file"), ".xpi")
	domain, err := provider.ParseDomain(name)
	if !ok || err != nil {
		return match{}, provider.ErrNotFound
	}
	return s.find(r, provider.Address{Domain: domain})
}

// registered is a form of the OAuth2 client of the found domain, alone: the others of its provider are nobody's
// business.
func (r *request) registered(kind string, form func(*mozilla.Addon) ([]byte, error)) answer {
	domain := r.found.Address.Domain
	var body []byte
	a, err := mozilla.NewAddon(r.found.Provider, []string{domain}, "1.0")
	if err == nil {
		body, err = form(a)
	}
	if err != nil {
		return text(http.StatusNotFound, notOffered, "not found").about(domain)
	}
	return content(domain, kind, cacheDocument, body)
}

// addon answers the add-on as a file to save: a browser that opened it would take it for one of its own.
func (s *Server) addon(r *request) answer {
	a := r.registered("application/octet-stream", (*mozilla.Addon).XPI)
	if a.outcome == served {
		a.header = attachment(a.domain + ".xpi")
	}
	return a
}

// oauth2Client answers the client id of the Host's domain and what belongs to it.
func (s *Server) oauth2Client(r *request) answer {
	a := r.registered(appJSON, (*mozilla.Addon).Client)
	a.cors = true
	return a
}
