package server

import (
	"net/http"
	"net/url"
	"strings"

	"autoconfig/provider"
)

// wellKnown leads clients of calendars, address books and JMAP from a domain to its service, whatever their method is:
// they begin with PROPFIND as well as GET (RFC 6764 §5, RFC 8620 §2.2).
func (s *Server) wellKnown(r *request) answer {
	p := r.found.Provider.For(r.found.Address.Domain)
	to := map[string]string{caldavPath: p.CalDAV, carddavPath: p.CardDAV, jmapPath: p.JMAP}[r.Request().URL.Path]
	u, err := url.Parse(to)
	here := err == nil && u.Hostname() == r.host && strings.TrimSuffix(u.Path, "/") == r.Request().URL.Path
	if to == "" || err != nil || here || strings.Contains(to, provider.EmailAddress) || strings.Contains(to, provider.EmailLocalPart) {
		a := text(http.StatusNotFound, notOffered, "not found")
		a.domain = r.found.Address.Domain
		return a
	}
	return answer{status: http.StatusTemporaryRedirect, outcome: redirected, domain: r.found.Address.Domain, cors: true, cache: cacheDocument,
		header: [][2]string{{"Location", to}}}
}

const (
	caldavPath  = "/.well-known/caldav"
	carddavPath = "/.well-known/carddav"
	jmapPath    = "/.well-known/jmap"
)
