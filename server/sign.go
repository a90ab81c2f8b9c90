package server

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync/atomic"
	"time"

	"autoconfig/apple"
)

// Signer signs profiles. An error means that none may be sent.
type Signer interface {
	Sign(profile []byte) ([]byte, error)
	NotAfter() time.Time // zero while there is nothing to sign with
}

// sign signs a profile when a signer is configured. With an error there is none at all, rather than an unsigned one.
func (set *Settings) sign(profile []byte) ([]byte, error) {
	if set.Signer == nil {
		return profile, nil
	}
	return set.Signer.Sign(profile)
}

// ownSigner signs with the certificate that the service host gets on demand: whichever is the newest in memory, so that
// a renewed one counts at once.
type ownSigner struct {
	s      *Server
	have   func(host string) *tls.Certificate // in memory; nil: there is none
	wanted chan struct{}
	last   atomic.Pointer[signerOf]
}

type signerOf struct {
	host   string
	leaf   []byte
	signer *apple.Signer
	err    error
}

// ownCheck is how often the certificate is looked after: no client may ever ask for the service host.
const ownCheck = time.Minute

// look asks for a certificate soon.
func (o *ownSigner) look() {
	select {
	case o.wanted <- struct{}{}:
	default:
	}
}

// run sees to it that there is a certificate, and that it is renewed, until ctx ends.
func (o *ownSigner) run(ctx context.Context) {
	tick := time.NewTicker(ownCheck)
	defer tick.Stop()
	for {
		if set := o.s.settings.Load(); set != nil && set.SignAsServiceHost {
			_, _ = o.s.acme.Load().Certificate(ctx, set.ServiceHost) // what fails is logged and in /readyz
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-o.wanted:
		}
	}
}

// current is the signer of the certificate in memory, which may lose a certificate that nobody asks for.
func (o *ownSigner) current() (*apple.Signer, error) {
	host, last := o.s.settings.Load().ServiceHost, o.last.Load()
	switch cert := o.have(host); {
	case last != nil && last.host == host && (cert == nil || bytes.Equal(last.leaf, cert.Certificate[0])):
		return last.signer, last.err
	case cert == nil:
		return nil, errors.New("there is no certificate for " + host + " yet")
	default:
		now := &signerOf{host: host, leaf: cert.Certificate[0]}
		now.signer, now.err = newSigner(cert)
		o.last.Store(now)
		return now.signer, now.err
	}
}

// onDemand is a certificate that the manager has in memory.
func (s *Server) onDemand(host string) *tls.Certificate {
	if a := s.acme.Load(); a != nil {
		return a.InMemory(host)
	}
	return nil
}

func newSigner(cert *tls.Certificate) (*apple.Signer, error) {
	var chain []*x509.Certificate
	for _, der := range cert.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	key, ok := cert.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key of the certificate cannot sign")
	}
	return apple.NewSigner(chain, key)
}

// Sign is that of [Signer].
func (o *ownSigner) Sign(profile []byte) ([]byte, error) {
	signer, err := o.current()
	if err != nil {
		o.look()
		return nil, err
	}
	return signer.Sign(profile)
}

// NotAfter is that of [Signer].
func (o *ownSigner) NotAfter() time.Time {
	signer, err := o.current()
	if err != nil {
		return time.Time{}
	}
	return signer.NotAfter()
}

// signerWarning is how long before its end a signer is reported. One that renews itself has failed to do so for long by
// then, unless its certificates live for days only, which end up here as failed orders.
const signerWarning = 14 * 24 * time.Hour

// signerTrouble brings the metric of the signer up to date, and says why profiles are not signed, or not for long.
func (s *Server) signerTrouble(set *Settings) []string {
	s.metrics.signer.Set(0)
	if set.Signer == nil {
		return nil
	}
	end := set.Signer.NotAfter()
	switch {
	case !end.IsZero():
		s.metrics.signer.Set(float64(end.Unix()))
		if !set.SignAsServiceHost && time.Until(end) < signerWarning {
			return []string{"the profile signer expires on " + end.UTC().Format(time.DateOnly)}
		}
	case set.SignAsServiceHost:
		_, err := s.signer.current()
		if err != nil {
			return []string{"profiles cannot be signed: " + err.Error()}
		}
	}
	return nil
}
