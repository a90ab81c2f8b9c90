package probe

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"autoconfig/finding"
	"autoconfig/provider"
)

// soon is when a certificate counts as about to expire: ACME renews it a month before.
const soon = 14 * 24 * time.Hour

// certificate lists all that is wrong with a server's certificate: dates, name and chain are checked separately.
func (p *Prober) certificate(state tls.ConnectionState, s provider.Server) []finding.Finding {
	var out []finding.Finding
	leaf, now, subject := state.PeerCertificates[0], p.o.Now(), Subject(s)
	last := leaf.NotAfter.UTC().Format(time.DateOnly)
	switch {
	case now.After(leaf.NotAfter):
		out = append(out, finding.New("tls-certificate-expired", subject).
			Because("the server's certificate expired on %s; programs refuse it or warn", last))
	case now.Before(leaf.NotBefore):
		out = append(out, finding.New("tls-certificate-expired", subject).
			Because("the server's certificate is valid only from %s; programs refuse it or warn",
				leaf.NotBefore.UTC().Format(time.DateOnly)))
	case leaf.NotAfter.Sub(now) < soon:
		out = append(out, finding.New("tls-certificate-expiring", subject).
			Because("the server's certificate expires on %s; after that no program connects without a warning", last))
	}
	if leaf.VerifyHostname(s.Host) != nil {
		f := finding.New("tls-certificate-name", subject)
		f.Want, f.Got = []string{s.Host}, names(leaf)
		out = append(out, f)
	}
	return append(out, p.chain(state, subject)...)
}

// chain checks whether the certificate leads to a trusted authority, on a day on which it is valid.
func (p *Prober) chain(state tls.ConnectionState, subject string) []finding.Finding {
	leaf := state.PeerCertificates[0]
	opts := x509.VerifyOptions{Roots: p.o.Env.Roots, Intermediates: x509.NewCertPool(), CurrentTime: p.o.Now()}
	for _, cert := range state.PeerCertificates[1:] {
		opts.Intermediates.AddCert(cert)
	}
	if opts.CurrentTime.After(leaf.NotAfter) {
		opts.CurrentTime = leaf.NotAfter
	}
	if opts.CurrentTime.Before(leaf.NotBefore) {
		opts.CurrentTime = leaf.NotBefore
	}
	_, err := leaf.Verify(opts)
	if err == nil {
		return nil
	}
	f := finding.New("tls-certificate-untrusted", subject).Do("put the intermediate certificates after the server's own in " +
		"the certificate file; name an authority of your own with --ca FILE")
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	switch {
	case unknown && bytes.Equal(leaf.RawIssuer, leaf.RawSubject):
		f = finding.New("tls-certificate-selfsigned", subject).Do("get a certificate from a public authority, such as Let's " +
			"Encrypt; name an authority of your own with --ca FILE")
	case unknown && len(state.PeerCertificates) == 1:
		f = f.Because("the server sends only its own certificate, without the intermediate one by %s, and that "+
			"authority is not a known one itself", clean(leaf.Issuer.String()))
	}
	return []finding.Finding{got(intercepted(f, leaf.Issuer.String()), err.Error())}
}

// names are the names a certificate is for, the first twenty of them.
func names(cert *x509.Certificate) []string {
	if len(cert.DNSNames) == 0 {
		return []string{clean(cert.Subject.CommonName)}
	}
	return provider.Map(cert.DNSNames[:min(20, len(cert.DNSNames))], clean)
}
