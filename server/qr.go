package server

import (
	"net/http"

	"autoconfig/apple"
	"autoconfig/pages"
)

// qr answers the code that a phone's camera opens: the https link to the profile, at a host that is known to be ours.
func (s *Server) qr(r *request) answer {
	accounts, a := s.accounts(r)
	if a.status != 0 {
		return a
	}
	host := s.publicHost(r)
	if host == "" {
		return text(http.StatusNotFound, impossible, "no host name to link to; the operator sets service_host")
	}
	var emails []string
	for _, acc := range accounts {
		emails = append(emails, acc.Address.String())
	}
	kind, _, _ := query(r.form(), "account")
	body, err := pages.QR(pages.ProfileLink(host, emails, apple.Kind(kind)))
	if err != nil {
		return text(http.StatusUnprocessableEntity, impossible, err.Error())
	}
	return answer{status: http.StatusOK, outcome: served, domain: accounts[0].Address.Domain, kind: "image/svg+xml", cache: noStore, body: body,
		header: [][2]string{{"Content-Security-Policy", "default-src 'none'; sandbox"}, {"Referrer-Policy", "no-referrer"}, {"X-Robots-Tag", "noindex"}}}
}
