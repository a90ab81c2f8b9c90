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

// registration is the OAuth2 client of the found domain, alone: the others of its provider are nobody's business.
func (r *request) registration() (*mozilla.Addon, error) {
	return mozilla.NewAddon(r.found.Provider, []string{r.found.Address.Domain}, "1.0")
}

// addon answers the add-on as a file to save: a browser that opened it would take it for one of its own.
func (s *Server) addon(r *request) answer {
	domain := r.found.Address.Domain
	var body []byte
	a, err := r.registration()
	if err == nil {
		body, err = a.XPI()
	}
	if err != nil {
		return text(http.StatusNotFound, notOffered, "not found").about(domain)
	}
	out := content(domain, "application/octet-stream", cacheDocument, body)
	out.header = [][2]string{{"Content-Disposition", `attachment; filename="` + domain + `.xpi"`}}
	return out
}

// oauth2Client answers the client id of the Host's domain and what belongs to it.
func (s *Server) oauth2Client(r *request) answer {
	domain := r.found.Address.Domain
	var body []byte
	a, err := r.registration()
	if err == nil {
		body, err = a.Client()
	}
	if err != nil {
		return text(http.StatusNotFound, notOffered, "not found").about(domain)
	}
	out := content(domain, appJSON, cacheDocument, body)
	out.cors = true
	return out
}
