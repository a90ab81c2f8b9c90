package server

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"autoconfig/provider"
)

// answer is what a handler returns. Empty header values are not sent.
type answer struct {
	status  int
	outcome outcome
	domain  string // for the log: a normalised domain, never an address
	kind    string // Content-Type
	body    []byte
	etag    string
	cache   string // Cache-Control
	vary    string // what decides apart from the URL; some caches' keys lack the Host
	cors    bool
	header  [][2]string // the few a single route needs
}

// outcome is the metric label and the word in the log.
type outcome string

const (
	served      outcome = "served"
	notModified outcome = "not_modified"
	notServed   outcome = "not_served"  // the domain is not served here
	badRequest  outcome = "bad_request" // no or malformed address, or a malformed form
	notOffered  outcome = "not_offered" // schema, protocol or account kind
	impossible  outcome = "impossible"  // the format cannot say what the provider offers
	redirected  outcome = "redirected"
	limited     outcome = "limited"
	tooLarge    outcome = "too_large"
	unavailable outcome = "unavailable"
	notFound    outcome = "not_found" // no such route
	notAllowed  outcome = "not_allowed"
)

var outcomes = []outcome{served, notModified, notServed, badRequest, notOffered, impossible, redirected, limited,
	tooLarge, unavailable, notFound, notAllowed}

const (
	textPlain = "text/plain; charset=utf-8"
	textXML   = "text/xml; charset=utf-8" // Thunderbird refuses any other but application/xml
	appJSON   = "application/json; charset=utf-8"
	problem   = "application/problem+json"

	cacheDocument = "public, max-age=3600"
	cacheMiss     = "max-age=60"
	noStore       = "private, no-store"
)

// content is the answer with settings of a domain.
func content(domain, kind, cache string, body []byte) answer {
	return answer{status: http.StatusOK, outcome: served, domain: domain, kind: kind, cache: cache, body: body}
}

// attachment is the header of an answer that is saved as a file.
func attachment(name string) [][2]string {
	return [][2]string{{"Content-Disposition", `attachment; filename="` + name + `"`}}
}

// redirect sends a client elsewhere, this time.
func redirect(to string) answer {
	return answer{status: http.StatusFound, outcome: redirected, header: [][2]string{{"Location", to}}, cache: noStore}
}

// text is a short answer for strangers that echoes nothing.
func text(status int, o outcome, words string) answer {
	return refusal(status, o, textPlain, []byte(words+"\n"))
}

// refusal says when to ask again: a miss may be kept for a minute; what is overloaded or down may recover in half of
// one.
func refusal(status int, o outcome, kind string, body []byte) answer {
	a := answer{status: status, outcome: o, kind: kind, body: body, cors: true}
	switch status {
	case http.StatusNotFound:
		a.cache = cacheMiss
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		a.header = retryAfter
	}
	return a
}

// about is the answer with its domain, for the log.
func (a answer) about(domain string) answer {
	a.domain = domain
	return a
}

var retryAfter = [][2]string{{"Retry-After", "30"}}

// refusalOf is what a look-up without a provider leads to.
func refusalOf(err error) (status int, o outcome, words string) {
	switch {
	case errors.Is(err, errLimited):
		return http.StatusTooManyRequests, limited, "too many requests"
	case errors.Is(err, provider.ErrNotFound):
		return http.StatusNotFound, notServed, "not found"
	}
	return http.StatusServiceUnavailable, unavailable, "temporarily unavailable"
}

// write sends an answer. A conditional request for the same bytes gets 304 (RFC 9110 §13.1.2), HEAD no body.
func (s *Server) write(c echo.Context, a *answer) {
	h := c.Response().Header()
	values := make([]string, 0, 8) // one block of memory for what is nearly always enough
	set := func(key, value string) {
		if value != "" {
			values = append(values, value)
			h[key] = values[len(values)-1 : len(values) : len(values)]
		}
	}
	if a.etag != "" && a.status == http.StatusOK && matches(first(c.Request().Header["If-None-Match"]), a.etag) {
		a.status, a.outcome, a.body, a.kind = http.StatusNotModified, notModified, nil, ""
	}
	set("Etag", a.etag)
	set("Cache-Control", a.cache)
	set("Vary", a.vary)
	if a.cors {
		set("Access-Control-Allow-Origin", "*")
	}
	for _, kv := range a.header {
		set(kv[0], kv[1])
	}
	if a.kind != "" {
		set("Content-Type", a.kind)
		set("X-Content-Type-Options", "nosniff")
		set("Content-Length", strconv.Itoa(len(a.body)))
	}
	c.Response().WriteHeader(a.status)
	if c.Request().Method != http.MethodHead && len(a.body) > 0 {
		_, _ = c.Response().Write(a.body) // fails when the client has gone
	}
}

// matches reports whether an If-None-Match header names the entity tag.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == etag || tag == "*" {
			return true
		}
	}
	return false
}

// varyHost is the Vary header of answers that depend on the name that was asked for. A cache whose key holds the whole
// URL loses nothing by it (RFC 9111 §4.1); others, such as nginx's with its default key, would mix up domains.
func (o *Options) varyHost() string {
	if o.ForwardedHost {
		return "Host, X-Forwarded-Host"
	}
	return "Host"
}
