package apple

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Signer signs profiles, so that a device shows them as verified and who they come from. It is safe for concurrent use.
type Signer struct {
	envelope envelope
	key      crypto.Signer
	notAfter time.Time
}

// NewSigner makes a signer of a certificate chain, leaf first, and the leaf's key: RSA of 2048 bits or more, or ECDSA
// on P-256 or P-384. A certificate that is not valid now is refused; [ErrExpired] is wrapped where it is past.
func NewSigner(chain []*x509.Certificate, key crypto.Signer) (*Signer, error) {
	if len(chain) == 0 {
		return nil, errors.New("no certificate; write the leaf first, then the intermediates")
	}
	leaf := chain[0]
	if err := checkKey(leaf, key); err != nil {
		return nil, err
	}
	if err := checkChain(chain); err != nil {
		return nil, err
	}
	s := &Signer{key: key, notAfter: leaf.NotAfter}
	sent := []*x509.Certificate{leaf}
	for _, c := range chain[1:] {
		if selfIssued(c) { // the root: a device has its own or does not trust it
			continue
		}
		sent = append(sent, c)
		if c.NotAfter.Before(s.notAfter) {
			s.notAfter = c.NotAfter
		}
	}
	now := time.Now()
	if now.Before(leaf.NotBefore) {
		return nil, fmt.Errorf("the certificate is not valid before %s; wait, or check this machine's clock",
			day(leaf.NotBefore))
	}
	if err := s.expired(now); err != nil {
		return nil, err
	}
	var err error
	if s.envelope, err = newEnvelope(sent); err != nil {
		return nil, err
	}
	return s, nil
}

func checkKey(leaf *x509.Certificate, key crypto.Signer) error {
	switch pub := key.Public().(type) {
	case *rsa.PublicKey:
		if n := pub.N.BitLen(); n < 2048 {
			return fmt.Errorf("the key is RSA of %d bits, too weak for devices; use 2048 or more, or ECDSA P-256", n)
		}
	case *ecdsa.PublicKey:
		if n := pub.Curve.Params().BitSize; n != 256 && n != 384 {
			return fmt.Errorf("the key is ECDSA of %d bits; use P-256 or P-384, or RSA", n)
		}
	default:
		return fmt.Errorf("the key is a %T, which CMS signatures here do not use; use RSA or ECDSA P-256", pub)
	}
	pub, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !pub.Equal(key.Public()) {
		return errors.New("the key does not belong to the first certificate; " +
			"write the leaf certificate first, and its own key")
	}
	if leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 { // RFC 5280 §4.2.1.3
		return errors.New("the certificate's key usage does not allow signatures; use one with digitalSignature")
	}
	return nil
}

// checkChain reports a chain in disorder, which devices show as not verified.
func checkChain(chain []*x509.Certificate) error {
	for i, parent := range chain[1:] {
		if err := chain[i].CheckSignatureFrom(parent); err != nil {
			return fmt.Errorf("certificate %d (%s) is not issued by certificate %d (%s); "+
				"write the leaf first, then each one's issuer", i+1, chain[i].Subject, i+2, parent.Subject)
		}
	}
	return nil
}

func selfIssued(c *x509.Certificate) bool {
	return string(c.RawSubject) == string(c.RawIssuer)
}

func (s *Signer) expired(now time.Time) error {
	if now.After(s.notAfter) {
		return fmt.Errorf("%w on %s; renew it", ErrExpired, day(s.notAfter))
	}
	return nil
}

// NotAfter is when the first certificate of the chain expires; from then on the signer signs no more.
func (s *Signer) NotAfter() time.Time { return s.notAfter }

// Sign wraps a profile in CMS SignedData (RFC 5652 §5): DER, content attached, one signer, SHA-256, the leaf and its
// intermediates. It fails once a certificate has expired: an unsigned profile instead would be a surprise.
func (s *Signer) Sign(profile []byte) ([]byte, error) {
	now := time.Now()
	if err := s.expired(now); err != nil {
		return nil, err
	}
	der, err := s.envelope.seal(profile, s.key, now)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return der, nil
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
