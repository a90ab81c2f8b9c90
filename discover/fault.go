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

// faultOf sorts what went wrong with a request, and says it in words.
func faultOf(err error) (Fault, string) {
	var dns interface{ Timeout() bool }
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case err == nil:
		return FaultNone, ""
	case errors.Is(err, ErrPrivate):
		return FaultPrivate, ErrPrivate.Error()
	case errors.Is(err, ErrUnresolved):
		return FaultUnresolved, ErrUnresolved.Error()
	case errors.Is(err, errRedirects), errors.Is(err, errScheme):
		return FaultRedirects, lastError(err)
	case errors.Is(err, errLimit):
		return FaultLimit, errLimit.Error()
	case errors.Is(err, errTooLarge):
		return FaultMalformed, "more than 64 KiB"
	case errors.As(err, &name):
		return FaultCertName, "the certificate is not for " + name.Host
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return FaultCertExpired, "the certificate is expired or not valid yet"
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return FaultCertChain, "the certificate does not lead to a trusted authority"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.Canceled):
		return FaultTimeout, "no answer in the client's time"
	case errors.Is(err, ErrDNS):
		return FaultDNS, ErrDNS.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return FaultUnreachable, "the connection is refused"
	case errors.As(err, &record):
		return FaultTLS, "what answers does not speak TLS"
	case errors.As(err, &alert):
		return FaultTLS, "no TLS session: " + alert.Error()
	case errors.Is(err, provider.ErrNotFound):
		return FaultAbsent, "no such record"
	case errors.Is(err, provider.ErrUnavailable):
		if errors.As(err, &dns) && dns.Timeout() {
			return FaultTimeout, "no name server answered"
		}
		return FaultDNS, ErrDNS.Error()
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
	case strings.Contains(text, "gzip"), strings.Contains(text, "flate"), strings.Contains(text, "zlib"), strings.Contains(text, "content coding"):
		return FaultMalformed, "the content coding is broken or was not asked for"
	}
	return FaultHTTP, "no valid HTTP answer: " + lastError(err)
}

// lastError is the innermost error: those around it repeat the URL.
func lastError(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return provider.Printable(err.Error(), 120)
		}
		err = inner
	}
}

// faultOfStatus sorts an answer by its status alone. What a redirect that is
// not followed means is for the client to say.
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
	t := &Trace{Status: a.status, ContentType: provider.Printable(a.contentType, 80), Bytes: len(a.body)}
	for _, hop := range a.hops {
		t.Hops = append(t.Hops, provider.Printable(hop, 200))
	}
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
	out := &Certificate{Issuer: provider.Printable(c.Issuer.String(), 200), NotBefore: c.NotBefore, NotAfter: c.NotAfter}
	for _, name := range c.DNSNames[:min(len(c.DNSNames), maxRecords)] {
		out.Names = append(out.Names, provider.Printable(name, 253))
	}
	return out
}
