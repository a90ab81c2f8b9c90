package server

import (
	"cmp"
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
		return redirect(to)
	}
	m, schema, err := s.findPOX(r)
	var body []byte
	switch {
	case err != nil:
	case schema == autodiscover.MobileSync:
		body, err = autodiscover.EncodeMobileSync(m.Provider, m.Address)
	default:
		body, _, err = r.encoded(outlookFormOf(m.Address), m)
	}
	if err != nil {
		return poxError(err).about(m.Address.Domain)
	}
	return content(m.Address.Domain, textXML, noStore, body)
}

// findPOX finds whose settings a request asks for, and in which schema. A GET, of Delta Chat and browsers, has no body
// and seldom an address.
func (s *Server) findPOX(r *request) (m match, schema autodiscover.Schema, err error) {
	if r.Request().Method == http.MethodPost {
		req, err := autodiscover.ParseRequest(r.body)
		s.metrics.asked[schemaAsked(req.Schema, err)].Inc()
		if err != nil {
			return m, schema, err
		}
		a, err := provider.ParseAddress(strings.TrimSpace(req.Email))
		if err != nil {
			return m, schema, autodiscover.NewError(autodiscover.CodeInvalidRequest)
		}
		m, err = s.find(r, a)
		return m, req.Schema, err
	}
	s.metrics.asked["none"].Inc()
	if a, ok := addressOf(r.Request().URL.RawQuery, "email"); ok {
		m, err = s.find(r, a)
	} else if m, err = s.findByHost(r); errors.Is(err, provider.ErrNotFound) {
		err = autodiscover.NewError(autodiscover.CodeInvalidRequest)
	}
	return m, autodiscover.Outlook, err
}

// schemaAsked is the metric label of a request's schema, of which Outlook classic and new Outlook name different ones.
func schemaAsked(schema autodiscover.Schema, err error) string {
	e, failed := errors.AsType[*autodiscover.Error](err)
	switch {
	case failed && e.Code == autodiscover.CodeNotProvided:
		return "other"
	case failed:
		return "invalid"
	case schema == autodiscover.MobileSync:
		return "mobilesync"
	}
	return "outlook"
}

// schemasAsked are the labels of all schemas, and of the protocols of v2 that clients are known to send.
var schemasAsked = []string{"outlook", "mobilesync", "none", "other", "invalid",
	"v2-activesync", "v2-autodiscoverv1", "v2-ews", "v2-rest", "v2-graph", "v2-other"}

func protocolAsked(word string) string {
	for _, label := range schemasAsked {
		if protocol, ok := strings.CutPrefix(label, "v2-"); ok && strings.EqualFold(protocol, word) {
			return label
		}
	}
	return "v2-other"
}

// outlookFormOf is the form of the Outlook answer: whether user names can be filled in.
func outlookFormOf(a provider.Address) form {
	if a.Local == "" {
		return outlookBareForm
	}
	return outlookForm
}

// poxOutcomes are those of the protocol's errors; the others are bad requests.
var poxOutcomes = map[int]outcome{
	autodiscover.CodeNotFound:    notServed,
	autodiscover.CodeNoOptions:   impossible,
	autodiscover.CodeNotProvided: notOffered,
	autodiscover.CodeInternal:    unavailable,
}

// poxError is the protocol's form of an error of a look-up, a request or an encoder.
func poxError(err error) answer {
	e, ok := errors.AsType[*autodiscover.Error](err)
	switch {
	case ok:
	case errors.Is(err, provider.ErrNotFound):
		e = autodiscover.NewError(autodiscover.CodeNotFound)
	default:
		e = autodiscover.NewError(autodiscover.CodeInternal)
	}
	a := content("", textXML, noStore, autodiscover.EncodeError(e, time.Now()))
	a.outcome = cmp.Or(poxOutcomes[e.Code], badRequest)
	return a
}

// toHTTPS is the https form of a plain request to autodiscover.*, when https is known to be served: Outlook's http step
// expects a redirect (MS-OXDISCO §3.1.5.4) and sends nothing without TLS.
func (s *Server) toHTTPS(r *request) string {
	if r.https || !s.opts.ServesTLS && !s.sawHTTPS.Load() || !strings.HasPrefix(r.host, "autodiscover.") {
		return ""
	}
	if _, err := s.findByHost(r); err != nil {
		return "" // nobody is sent to a name that is not served
	}
	return "https://" + r.host + pathAndQuery(r.Request().RequestURI)
}

// autodiscoverJSON answers Autodiscover v2, which only points on.
func (s *Server) autodiscoverJSON(r *request) answer {
	raw := r.Request().URL.RawQuery
	if to := s.toHTTPS(r); to != "" {
		return redirect(to)
	}
	email, found := strings.CutPrefix(r.Request().URL.Path, jsonPath)
	if !found {
		email, _, _ = query(rawPlus(raw), "email")
	}
	a, err := provider.ParseAddress(trimmed(email))
	if err != nil {
		return missingParameter("Email")
	}
	protocol, _, _ := query(raw, "protocol")
	if protocol == "" {
		return missingParameter("Protocol")
	}
	s.metrics.asked[protocolAsked(protocol)].Inc()
	m, err := s.find(r, a)
	if err != nil {
		return jsonFailure(refusalOf(err))
	}
	body, err := s.v2(r, m, protocol)
	if err != nil {
		return jsonError(http.StatusBadRequest, notOffered, autodiscover.InvalidProtocol,
			"The given protocol value is invalid. Supported values are '"+strings.Join(protocols(m), ",")+"'.")
	}
	out := content(a.Domain, appJSON, noStore, body)
	out.cors = true
	return out
}

// v2 is the document that says where a protocol is served.
func (s *Server) v2(r *request, m match, protocol string) ([]byte, error) {
	for i, name := range v2Protocols {
		if strings.EqualFold(name, protocol) {
			if name == autodiscover.ProtocolAutodiscoverV1 {
				m.Address.Domain = s.autodiscoverHost(r, m.Address.Domain)
			}
			body, _, err := r.encoded(v2Form+form(i), m)
			return body, err
		}
	}
	return nil, errNotOffered
}

var errNotOffered = errors.New("server: protocol not offered")

func encodeV2(p *provider.Provider, domain, protocol, host string) ([]byte, error) {
	name, to, ok := autodiscover.ProtocolURL(p.For(domain), protocol, host)
	if !ok {
		return nil, errNotOffered
	}
	return autodiscover.EncodeJSON(name, to), nil
}

// protocols are what v2 offers for a domain.
func protocols(m match) []string {
	return slices.DeleteFunc(slices.Clone(v2Protocols[:]), func(name string) bool {
		_, err := encodeV2(m.Provider, m.Address.Domain, name, "")
		return err != nil
	})
}

// autodiscoverHost is where the POX service is reached: by the name the domain has for it, or by the service host when
// the request came that way. An unverified Host is never sent back.
func (s *Server) autodiscoverHost(r *request, domain string) string {
	if r.set.isServiceHost(r.host) {
		return r.host
	}
	return "autodiscover." + domain
}

// jsonFailures are the codes and messages of refusals that have nothing to do with the parameters.
var jsonFailures = map[int][2]string{
	http.StatusNotFound:           {autodiscover.UserNotFound, "The given user is not found."},
	http.StatusTooManyRequests:    {"TooManyRequests", "Too many requests."},
	http.StatusServiceUnavailable: {"ServiceUnavailable", "The service is temporarily unavailable."},
}

func jsonFailure(status int, o outcome, _ string) answer {
	f, ok := jsonFailures[status]
	if !ok {
		f = [2]string{"InvalidRequest", "The request is invalid."}
	}
	return jsonError(status, o, f[0], f[1])
}

func missingParameter(name string) answer {
	return jsonError(http.StatusBadRequest, badRequest, autodiscover.MandatoryParameterMissing,
		"A valid value must be provided for the parameter '"+name+"'.")
}

func jsonError(status int, o outcome, code, message string) answer {
	return refusal(status, o, appJSON, autodiscover.EncodeJSONError(code, message))
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
