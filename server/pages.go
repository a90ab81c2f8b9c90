package server

import (
	"net/http"
)

// pages are the parsed pages for people.
type pages struct{}

func newPages() *pages { return &pages{} }

func (s *Server) page() answer {
	return answer{status: http.StatusOK, outcome: served, kind: "text/html; charset=utf-8", cache: noStore, body: []byte("<!doctype html>\n")}
}

func (s *Server) home(*request) answer      { return s.page() }
func (s *Server) setup(*request) answer     { return s.page() }
func (s *Server) help(*request) answer      { return s.page() }
func (s *Server) helpTopic(*request) answer { return s.page() }
func (s *Server) qr(*request) answer        { return text(http.StatusNotFound, notFound, "not found") }
func (s *Server) asset(*request) answer     { return text(http.StatusNotFound, notFound, "not found") }
func (s *Server) favicon(*request) answer   { return text(http.StatusNotFound, notFound, "not found") }

// robots keeps pages with an address out of search engines.
func (s *Server) robots(*request) answer {
	return answer{status: http.StatusOK, outcome: served, kind: textPlain, cache: cacheDocument,
		body: []byte("User-agent: *\nDisallow: /setup\nDisallow: /mobileconfig\nDisallow: /qr.svg\nDisallow: /api/\n")}
}
