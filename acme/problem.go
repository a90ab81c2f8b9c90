package acme

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	rfc8555 "github.com/mholt/acmez/v3/acme"

	"autoconfig/finding"
)

// maxDetail bounds what an authority's words may take of the log.
const maxDetail = 400

// classify finds the reason why there is no certificate.
func classify(name string, err error) finding.Finding {
	detail := err.Error()
	var problem rfc8555.Problem
	if p, ok := errors.AsType[*rfc8555.Problem](err); ok && p != nil { // of an order, else of an answer
		problem = *p
	}
	if problem.Type != "" || errors.As(err, &problem) {
		detail = problem.Detail
	}
	if len(detail) > maxDetail {
		detail = detail[:maxDetail] + "…"
	}
	id := "acme-order-failed"
	var transport *url.Error
	switch {
	case problem.Status != 0 || problem.Type != "":
		id = problemID(problem)
	case errors.As(err, &transport), errors.Is(err, context.DeadlineExceeded):
		id = "acme-authority-unreachable"
	case slices.ContainsFunc(noACME, func(words string) bool { return strings.Contains(detail, words) }):
		id = "acme-authority-garbled"
	}
	return finding.New(id, name).Because("%s", detail)
}

// noACME are the words of acmez about an answer that does not follow RFC 8555; they come as text only.
var noACME = []string{"JSON-decoding", "response Content-Type is", "directory fields are missing",
	"missing newNonce", "HTTP "}

// problemID maps the error types of RFC 8555 §6.7.
func problemID(p rfc8555.Problem) string {
	switch strings.TrimPrefix(p.Type, rfc8555.ProblemTypeNamespace) {
	case "rateLimited":
		return "acme-authority-limit"
	case "dns", "connection", "tls", "unauthorized", "incorrectResponse":
		return "acme-challenge-failed"
	case "caa":
		return "acme-caa-forbidden"
	case "rejectedIdentifier", "unsupportedIdentifier":
		return "acme-name-rejected"
	}
	switch {
	case p.Status == http.StatusTooManyRequests:
		return "acme-authority-limit"
	case p.Status >= http.StatusInternalServerError:
		return "acme-authority-unreachable"
	}
	return "acme-order-failed"
}
