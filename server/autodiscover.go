package server

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"autoconfig/autodiscover"
	"autoconfig/provider"
)

// pox answers Autodiscover POX. The protocol has its errors in the body of a 200 (MS-OXDSCLI §2.2.4.1.1.3), so that
// clients read them.
func (s *Server) pox(r *request) answer {
	if to := s.toHTTPS(r); to != "" {
		return answer{status: http.StatusFound, outcome: redirected, header: [][2]string{{"Location", to}}, cache: noStore}
	}
	if r.Request().Method == http.MethodPost {
		return s.poxPost(r)
	}
	m, err := s.poxAddress(r)
	return s.outlook(r, m, err)
}

func (s *Server) poxPost(r *request) answer {
	req, err := autodiscover.ParseRequest(r.body)
	if err != nil {
		return poxError(err)
	}
	a, err := provider.ParseAddress(strings.TrimSpace(req.Email))
	if err != nil {
		return poxError(autodiscover.NewError(autodiscover.CodeInvalidRequest))
	}
	m, err := s.find(r, a)
	if req.Schema == autodiscover.MobileSync {
		return s.mobileSync(m, err)
	}
	return s.outlook(r, m, err)
}

// poxAddress is whose settings a GET asks for: Delta Chat and browsers send no body, most no address either.
func (s *Server) poxAddress(r *request) (match, error) {
	if a, ok := addressOf(r.Request().URL.RawQuery, "email"); ok {
		return s.find(r, a)
	}
	m, err := s.findByHost(r)
	if errors.Is(err, provider.ErrNotFound) {
		err = autodiscover.NewError(autodiscover.CodeInvalidRequest)
	}
	return m, err
}

func (s *Server) outlook(r *request, m match, err error) answer {
	if err != nil {
		return poxError(poxFailure(err))
	}
	if m.Provider.Personal {
		return personalOutlook(m)
	}
	t, err := r.set.documents.of(m.Provider, outlookFormOf(m.Address))
	if err != nil {
		a := poxError(err)
		a.domain = m.Address.Domain
		return a
	}
	return answer{status: http.StatusOK, outcome: served, domain: m.Address.Domain, kind: textXML, cache: noStore,
		body: r.fill(t, m.Address.Local, m.Address.Domain)}
}

// outlookFormOf tells whether user names can be filled in.
func outlookFormOf(a provider.Address) form {
	if a.Local == "" {
		return outlookBareForm
	}
	return outlookForm
}

// personalOutlook is the document of one person, which is not kept here.
func personalOutlook(m match) answer {
	body, err := autodiscover.EncodeOutlook(m.Provider, m.Address)
	if err != nil {
		a := poxError(err)
		a.domain = m.Address.Domain
		return a
	}
	return answer{status: http.StatusOK, outcome: served, domain: m.Address.Domain, kind: textXML, cache: noStore, body: body}
}

func (s *Server) mobileSync(m match, err error) answer {
	if err != nil {
		return poxError(poxFailure(err))
	}
	body, err := autodiscover.EncodeMobileSync(m.Provider, m.Address)
	if err != nil {
		return poxError(err)
	}
	return answer{status: http.StatusOK, outcome: served, domain: m.Address.Domain, kind: textXML, cache: noStore, body: body}
}

// poxFailure turns a look-up's error into the protocol's.
func poxFailure(err error) error {
	var e *autodiscover.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, provider.ErrNotFound):
		return autodiscover.NewError(autodiscover.CodeNotFound)
	}
	return autodiscover.NewError(autodiscover.CodeInternal)
}

func poxError(err error) answer {
	var e *autodiscover.Error
	if !errors.As(err, &e) {
		e = autodiscover.NewError(autodiscover.CodeInternal)
	}
	a := answer{status: http.StatusOK, kind: textXML, cache: noStore, body: autodiscover.EncodeError(e, time.Now())}
	switch e.Code {
	case autodiscover.CodeNotFound:
		a.outcome = notServed
	case autodiscover.CodeNoOptions:
		a.outcome = impossible
	case autodiscover.CodeNotProvided:
		a.outcome = notOffered
	case autodiscover.CodeInternal:
		a.outcome = unavailable
	default:
		a.outcome = badRequest
	}
	return a
}

// toHTTPS is the https form of a plain request to autodiscover.*, when https is known to be served: Outlook's http step
// expects a redirect (MS-OXDISCO §3.1.5.4) and sends nothing without TLS.
func (s *Server) toHTTPS(r *request) string {
	if r.https || !s.opts.ServesTLS && !s.sawHTTPS.Load() {
		return ""
	}
	if !strings.HasPrefix(r.host, "autodiscover.") {
		return ""
	}
	if _, err := s.findByHost(r); err != nil {
		return "" // a name we do not serve is none to send people to
	}
	return "https://" + r.host + pathAndQuery(r.Request().RequestURI)
}

// autodiscoverJSON answers Autodiscover v2, which only points on.
func (s *Server) autodiscoverJSON(r *request) answer {
	raw := r.Request().URL.RawQuery
	if to := s.toHTTPS(r); to != "" {
		return answer{status: http.StatusFound, outcome: redirected, header: [][2]string{{"Location", to}}, cache: noStore}
	}
	email, found := strings.CutPrefix(r.Request().URL.Path, jsonPath)
	if !found {
		email, _, _ = query(rawPlus(raw), "email")
	}
	a, err := provider.ParseAddress(trimmed(email))
	if err != nil {
		return jsonError(http.StatusBadRequest, badRequest, autodiscover.MandatoryParameterMissing, "A valid value must be provided for the parameter 'Email'.")
	}
	protocol, found, ok := query(raw, "protocol")
	if !ok || !found || protocol == "" {
		return jsonError(http.StatusBadRequest, badRequest, autodiscover.MandatoryParameterMissing, "A valid value must be provided for the parameter 'Protocol'.")
	}
	m, err := s.find(r, a)
	switch {
	case errors.Is(err, provider.ErrNotFound):
		return jsonFailure(http.StatusNotFound, notServed)
	case errors.Is(err, errLimited):
		return jsonFailure(http.StatusTooManyRequests, limited)
	case err != nil:
		return jsonFailure(http.StatusServiceUnavailable, unavailable)
	}
	name, to, ok := autodiscover.ProtocolURL(m.Provider.For(a.Domain), protocol, s.autodiscoverHost(r, a.Domain))
	if !ok {
		return jsonError(http.StatusBadRequest, notOffered, autodiscover.InvalidProtocol,
			"The given protocol value is invalid. Supported values are '"+strings.Join(protocols(m), ",")+"'.")
	}
	return answer{status: http.StatusOK, outcome: served, domain: a.Domain, kind: appJSON, cache: noStore, cors: true,
		body: autodiscover.EncodeJSON(name, to)}
}

// protocols are what v2 offers for a domain.
func protocols(m match) []string {
	return slices.DeleteFunc([]string{autodiscover.ProtocolActiveSync, autodiscover.ProtocolAutodiscoverV1, autodiscover.ProtocolEWS}, func(name string) bool {
		_, _, ok := autodiscover.ProtocolURL(m.Provider.For(m.Address.Domain), name, "")
		return !ok
	})
}

// autodiscoverHost is where the POX service is reached: by the name the domain has for it, or by the service host when
// the request came that way. An unverified Host is never sent back.
func (s *Server) autodiscoverHost(r *request, domain string) string {
	if h := r.set.ServiceHost; h != "" && r.host == h {
		return h
	}
	return "autodiscover." + domain
}

// jsonFailure is a refusal that has nothing to do with the parameters.
func jsonFailure(status int, o outcome) answer {
	switch status {
	case http.StatusNotFound:
		return jsonError(status, o, autodiscover.UserNotFound, "The given user is not found.")
	case http.StatusTooManyRequests:
		return jsonError(status, o, "TooManyRequests", "Too many requests.")
	case http.StatusServiceUnavailable:
		return jsonError(status, o, "ServiceUnavailable", "The service is temporarily unavailable.")
	}
	return jsonError(status, o, "InvalidRequest", "The request is invalid.")
}

func jsonError(status int, o outcome, code, message string) answer {
	a := answer{status: status, outcome: o, kind: appJSON, cors: true, body: autodiscover.EncodeJSONError(code, message)}
	a.again()
	return a
}

// pathAndQuery is a request target as the client sent it, without the scheme and authority of the absolute form (RFC
// 9112 §3.2.2).
func pathAndQuery(target string) string {
	if _, rest, ok := strings.Cut(target, "://"); ok && !strings.HasPrefix(target, "/") {
		i := strings.IndexAny(rest, "/?")
		if i < 0 {
			return "/"
		}
		target = rest[i:]
	}
	return target
}
