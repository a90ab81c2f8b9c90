package server

import (
	"net/http"
	"net/url"

	"autoconfig/pages"
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
