package server

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"autoconfig/pages"
	"autoconfig/provider"
)

// qr answers the code that a phone's camera opens: the https link to the
// profile, at a host that is known to be ours.
func (s *Server) qr(r *request) answer {
	if !s.allow(r) {
		return text(http.StatusTooManyRequests, limited, "too many requests")
	}
	form := r.Request().URL.RawQuery
	accounts, a := s.accounts(r, form)
	if a.status != 0 {
		return a
	}
	host := s.publicHost(r)
	if host == "" {
		return text(http.StatusNotFound, impossible, "no host name to link to; the operator sets service_host")
	}
	q := url.Values{}
	for _, acc := range accounts {
		q.Add("email", acc.Address.String())
	}
	if kind, _, _ := query(form, "account"); kind == "exchange" {
		q.Set("account", kind)
	}
	link := url.URL{Scheme: "https", Host: host, Path: "/mobileconfig", RawQuery: q.Encode()}
	body, err := pages.QR(link.String())
	if err != nil { // the longest code holds about 2 kB
		return text(http.StatusUnprocessableEntity, impossible, "too many addresses for one code")
	}
	return answer{status: http.StatusOK, outcome: served, domain: accounts[0].Address.Domain, kind: "image/svg+xml", cache: noStore, body: body,
		header: [][2]string{{"Content-Security-Policy", "default-src 'none'; sandbox"}, {"Referrer-Policy", "no-referrer"}, {"X-Robots-Tag", "noindex"}}}
}

// publicHost is the host of links that leave the page: the one the page was
// asked by when it is the operator's own, else the service host. A Host header
// alone proves nothing. Empty when there is none.
func (s *Server) publicHost(r *request) string {
	host := s.host(r)
	if host != "" && host == r.set.ServiceHost || s.ours(r, host) {
		return host + s.port(r)
	}
	return r.set.ServiceHost
}

// ours reports whether a host is a listed domain, or such a domain's with the
// name that clients put before it.
func (s *Server) ours(r *request, host string) bool {
	if host == "" {
		return false
	}
	names := []string{host}
	for _, prefix := range hostPrefixes {
		if domain, ok := strings.CutPrefix(host, prefix); ok {
			names = append(names, domain)
		}
	}
	for _, domain := range names {
		if _, err := r.set.Listed.Lookup(r.ctx(), provider.Address{Domain: domain}); err == nil {
			return true
		}
	}
	return false
}

// port is the port of an https request, with its colon, when it is not the
// usual one.
func (s *Server) port(r *request) string {
	if !s.https(r) {
		return ""
	}
	name := r.Request().Host
	if fwd := r.Request().Header.Get("X-Forwarded-Host"); fwd != "" && s.trusted(r) {
		name = fwd
	}
	_, port, err := net.SplitHostPort(name)
	if n, nerr := strconv.ParseUint(port, 10, 16); err != nil || nerr != nil || n == 443 {
		return ""
	}
	return ":" + port
}
