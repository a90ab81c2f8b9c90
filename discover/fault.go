package discover

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"autoconfig/provider"
)

type failure struct {
	fault Fault
	why   string
}

func (f failure) Error() string { return f.why }

// faultOf sorts what went wrong with a request, and says it in words.
func faultOf(err error) (Fault, string) {
	known, ours := errors.AsType[failure](err)
	name, another := errors.AsType[x509.HostnameError](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	_, untrusted := errors.AsType[x509.UnknownAuthorityError](err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	alert, alerted := errors.AsType[tls.AlertError](err)
	dns, isDNS := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	switch {
	case err == nil:
		return FaultNone, ""
	case another:
		return FaultCertName, "the certificate is not for " + name.Host
	case isInvalid && invalid.Reason == x509.Expired:
		return FaultCertExpired, "the certificate is expired or not valid yet"
	case untrusted, isInvalid:
		return FaultCertChain, "the certificate does not lead to a trusted authority"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(err, context.Canceled):
		return FaultTimeout, "no answer in the client's time"
	case ours:
		return known.fault, known.why
	case errors.Is(err, syscall.ECONNREFUSED):
		return FaultUnreachable, "the connection is refused"
	case notTLS:
		return FaultTLS, "the server does not speak TLS"
	case alerted:
		return FaultTLS, "no TLS session: " + alert.Error()
	case errors.Is(err, provider.ErrNotFound):
		return FaultAbsent, "no such record"
	case errors.Is(err, provider.ErrUnavailable) && isDNS && dns.Timeout():
		return FaultTimeout, "no name server answered"
	case errors.Is(err, provider.ErrUnavailable):
		return ErrDNS.fault, ErrDNS.why
	}
	return faultOfText(err)
}

// faultOfText tells apart what the standard library has no types for.
func faultOfText(err error) (Fault, string) {
	var op *net.OpError
	text := err.Error()
	switch {
	case strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return FaultTLS, "it answers in plain http on the https port"
	case strings.Contains(text, "tls:"):
		return FaultTLS, "no TLS session: " + lastError(err)
	case errors.As(err, &op) && op.Op == "dial":
		return FaultUnreachable, "no connection: " + lastError(err)
	case strings.Contains(text, "gzip"), strings.Contains(text, "flate"), strings.Contains(text, "zlib"),
		strings.Contains(text, "content coding"):
		return FaultMalformed, "the content coding is broken or was not asked for"
	}
	return FaultHTTP, "no valid HTTP answer: " + lastError(err)
}

// lastError is the innermost error: those around it repeat the URL.
func lastError(err error) string {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return provider.Printable(err.Error(), 120)
}

// faultOfStatus sorts an answer by its status. What a redirect that is not followed means is for the client to say.
func faultOfStatus(status int) (Fault, string) {
	text := http.StatusText(status)
	switch {
	case status >= 200 && status < 300:
		return FaultNone, ""
	case status == http.StatusNotFound, status == http.StatusGone:
		return FaultAbsent, text
	case status >= 500:
		return FaultServer, text
	}
	return FaultStatus, text
}

// traceOf is what --trace shows of an answer.
func traceOf(a answer) *Trace {
	t := &Trace{Status: a.status, ContentType: provider.Printable(a.contentType, 80), Bytes: len(a.body),
		Hops: provider.Map(a.hops, func(hop string) string { return provider.Printable(hop, 200) })}
	var failed *tls.CertificateVerificationError
	switch {
	case a.tls != nil && len(a.tls.PeerCertificates) > 0:
		t.TLS, t.Certificate = tls.VersionName(a.tls.Version), certificate(a.tls.PeerCertificates[0])
	case errors.As(a.err, &failed) && len(failed.UnverifiedCertificates) > 0:
		t.Certificate = certificate(failed.UnverifiedCertificates[0])
		_, t.Certificate.Problem = faultOf(a.err)
	}
	return t
}

func certificate(c *x509.Certificate) *Certificate {
	names := provider.Map(c.DNSNames[:min(len(c.DNSNames), maxRecords)],
		func(name string) string { return provider.Printable(name, 253) })
	return &Certificate{Names: names, Issuer: provider.Printable(c.Issuer.String(), 200), NotBefore: c.NotBefore,
		NotAfter: c.NotAfter}
}
