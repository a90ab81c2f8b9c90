package server

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"

	"autoconfig/provider"
)

// api answers the settings as JSON, for portals and scripts.
func (s *Server) api(r *request) answer {
	email, _, ok := query(r.Request().URL.RawQuery, "email")
	a, err := provider.ParseAddressOrDomain(plus(email))
	if !ok || err != nil {
		return apiProblem(http.StatusBadRequest, badRequest, "email= is not an address or a domain")
	}
	m, err := s.find(r, a)
	switch {
	case errors.Is(err, provider.ErrNotFound):
		return apiProblem(http.StatusNotFound, notServed, "domain not served")
	case errors.Is(err, errLimited):
		return apiProblem(http.StatusTooManyRequests, limited, "too many requests")
	case err != nil:
		return apiProblem(http.StatusServiceUnavailable, unavailable, "temporarily unavailable")
	}
	out := answer{status: http.StatusOK, outcome: served, domain: a.Domain, kind: appJSON, body: SettingsJSON(m.Provider, a), cache: noStore, cors: true}
	if a.Local == "" {
		out.cache = cacheDocument
	}
	return out
}

// apiProblem is an RFC 9457 problem.
func apiProblem(status int, o outcome, detail string) answer {
	body, _ := json.Marshal(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail}) // strings and a number
	a := answer{status: status, outcome: o, kind: problem, cors: true, body: append(body, '\n')}
	a.again()
	return a
}

// The JSON form of settings; its keys are stable.
type settingsJSON struct {
	Domain        string            `json:"domain"`
	Provider      string            `json:"provider"`
	Incoming      []serverJSON      `json:"incoming"`
	Outgoing      []serverJSON      `json:"outgoing"`
	OAuth2        *oauth2JSON       `json:"oauth2,omitempty"`
	JMAP          string            `json:"jmap,omitempty"`
	CalDAV        string            `json:"caldav,omitempty"`
	CardDAV       string            `json:"carddav,omitempty"`
	ManageSieve   *serverJSON       `json:"managesieve,omitempty"`
	ActiveSync    string            `json:"activesync,omitempty"`
	Webmail       string            `json:"webmail,omitempty"`
	Documentation []documentJSON    `json:"documentation,omitempty"`
	Notes         []noteJSON        `json:"notes,omitempty"`
	PasswordLogin passwordLoginJSON `json:"password_login"`
}

type serverJSON struct {
	Protocol provider.Protocol `json:"protocol"`
	Host     string            `json:"host"`
	Port     uint16            `json:"port"`
	Security provider.Security `json:"security"`
	Auth     []provider.Auth   `json:"auth"`
	Username string            `json:"username"`
}

type oauth2JSON struct {
	Issuer       string   `json:"issuer,omitempty"`
	AuthorizeURL string   `json:"authorize_url,omitempty"`
	TokenURL     string   `json:"token_url,omitempty"`
	Scopes       []string `json:"scopes,omitempty"`
	ClientID     string   `json:"client_id,omitempty"`
}

type documentJSON struct {
	URL  string `json:"url"`
	Lang string `json:"lang,omitempty"`
	Text string `json:"text,omitempty"`
}

type noteJSON struct {
	Lang string `json:"lang"`
	Text string `json:"text"`
}

type passwordLoginJSON struct {
	Status provider.PasswordStatus `json:"status"`
	Since  string                  `json:"since,omitempty"`
	Note   string                  `json:"note,omitempty"`

	IMAP *passwordLoginJSON `json:"imap,omitempty"` // what is different for a protocol
	POP3 *passwordLoginJSON `json:"pop3,omitempty"`
	SMTP *passwordLoginJSON `json:"smtp,omitempty"`
}

func newPasswordLoginJSON(l provider.PasswordLogin) passwordLoginJSON {
	out := passwordLoginJSON{Status: cmp.Or(l.Status, provider.PasswordWorks), Since: l.Since, Note: l.Note}
	for proto, to := range map[provider.Protocol]**passwordLoginJSON{provider.IMAP: &out.IMAP, provider.POP3: &out.POP3, provider.SMTP: &out.SMTP} {
		if own, ok := l.By[proto]; ok {
			state := newPasswordLoginJSON(own)
			*to = &state
		}
	}
	return out
}

// SettingsJSON is what /api/v1/settings and `render json` answer: every server,
// with the user name filled in when the address has a local part.
func SettingsJSON(p *provider.Provider, a provider.Address) []byte {
	p = p.For(a.Domain)
	out := settingsJSON{Domain: a.Domain, Provider: p.Name, Incoming: serversJSON(p.Incoming, a), Outgoing: serversJSON(p.Outgoing, a),
		JMAP: p.JMAP, CalDAV: p.CalDAV, CardDAV: p.CardDAV, ActiveSync: p.ActiveSync, Webmail: p.Webmail,
		PasswordLogin: newPasswordLoginJSON(p.PasswordLogin)}
	if o := p.OAuth2; o != nil {
		out.OAuth2 = (*oauth2JSON)(o)
	}
	if p.ManageSieve != nil {
		out.ManageSieve = &serversJSON([]provider.Server{*p.ManageSieve}, a)[0]
	}
	for _, d := range p.Documentation {
		out.Documentation = append(out.Documentation, documentJSON(d))
	}
	for _, n := range p.Notes {
		out.Notes = append(out.Notes, noteJSON(n))
	}
	body, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic(err) // strings and numbers only
	}
	return append(body, '\n')
}

func serversJSON(servers []provider.Server, a provider.Address) []serverJSON {
	out := make([]serverJSON, len(servers))
	for i, s := range servers {
		out[i] = serverJSON{s.Protocol, s.Host, s.Port, s.Security, s.Auth, provider.Expand(s.Username, a)}
	}
	return out
}
