package server

import (
	"encoding/json"
	"errors"
	"net/http"

	"autoconfig/provider"
)

// api answers the settings as JSON, for portals and scripts.
func (s *Server) api(r *request) answer {
	email, _, ok := query(rawPlus(r.Request().URL.RawQuery), "email")
	a, err := provider.ParseAddressOrDomain(pasted(email))
	if !ok || err != nil {
		return apiProblem(http.StatusBadRequest, badRequest, "email= is not an address or a domain")
	}
	m, err := s.find(r, a)
	if errors.Is(err, provider.ErrNotFound) {
		return apiProblem(http.StatusNotFound, notServed, "domain not served")
	} else if err != nil {
		return apiProblem(refusalOf(err))
	}
	out := content(a.Domain, appJSON, noStore, SettingsJSON(m.Provider, a))
	if out.cors = true; a.Local == "" {
		out.cache = cacheDocument
	}
	return out
}

// apiProblem is an RFC 9457 problem.
func apiProblem(status int, o outcome, detail string) answer {
	body, _ := json.Marshal(map[string]any{ // strings and a number
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail})
	return refusal(status, o, problem, append(body, '\n'))
}

// SettingsJSON is what /api/v1/settings and `render json` answer: every server, with the user name filled in when the
// address has a local part. The keys are stable; those of a provider are its json tags.
func SettingsJSON(p *provider.Provider, a provider.Address) []byte {
	out := struct {
		Domain string `json:"domain"`
		Name   string `json:"provider"`
		provider.Provider
	}{a.Domain, p.Name, *p.For(a.Domain)}
	out.Incoming, out.Outgoing = withUserNames(out.Incoming, a), withUserNames(out.Outgoing, a)
	if out.ManageSieve != nil {
		out.ManageSieve = &withUserNames([]provider.Server{*out.ManageSieve}, a)[0]
	}
	body, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic(err) // strings and numbers only
	}
	return append(body, '\n')
}

// withUserNames is a copy of servers with the user names of an address.
func withUserNames(servers []provider.Server, a provider.Address) []provider.Server {
	out := append([]provider.Server{}, servers...) // [] in JSON when there are none
	for i := range out {
		out[i].Username = provider.Expand(out[i].Username, a)
	}
	return out
}
