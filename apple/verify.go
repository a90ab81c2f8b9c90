package apple

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"autoconfig/finding"

	"github.com/smallstep/pkcs7"
)

// Signed is an opened signed profile.
type Signed struct {
	Content  []byte              // the profile, for [Decode]
	Signer   *x509.Certificate   // who signed
	Chain    []*x509.Certificate // from the signer to the trusted root; nil when there is none
	NotAfter time.Time           // until when the device will call it verified
	At       time.Time           // when it was signed, as the signer says; may be zero
}

// What [Verify] finds wrong with a file.
var (
	ErrUnsigned  = errors.New("the profile is not signed")
	ErrSignature = errors.New("the signature is broken")
	ErrUntrusted = errors.New("the signer is not trusted")
	ErrExpired   = errors.New("the signer's certificate has expired")
)

// Finding is an error of [Verify] or of a [Signer] about subject, with what to do about it.
func Finding(subject string, err error) finding.Finding {
	id := "certificate-signer-unusable"
	for wrapped, its := range map[error]string{
		ErrUnsigned: "certificate-profile-unsigned", ErrSignature: "certificate-profile-signature",
		ErrUntrusted: "certificate-signer-untrusted", ErrExpired: "certificate-signer-expired",
	} {
		if errors.Is(err, wrapped) {
			id = its
		}
	}
	return finding.New(id, subject).Because("%s", err)
}

// IsSigned reports whether raw begins like CMS SignedData rather than like a bare profile.
func IsSigned(raw []byte) bool {
	return len(raw) > 0 && raw[0] == 0x30 && bytes.Contains(raw[:min(len(raw), 24)], oidSignedData)
}

var oidSignedData = []byte("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02") // 1.2.840.113549.1.7.2, RFC 5652 §5.1

// Verify opens a signed profile in DER form, checks the signature, and the signer's chain against roots at the time
// now; nil roots are those of this system. Errors wrap one of [ErrUnsigned], [ErrSignature], [ErrUntrusted] and
// [ErrExpired]; with the last two the result says what is inside and who signed it all the same.
func Verify(der []byte, roots *x509.CertPool, now time.Time) (*Signed, error) {
	if !IsSigned(der) {
		return nil, ErrUnsigned
	}
	p7, err := checkSignature(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	s := &Signed{Content: p7.Content, Signer: p7.GetOnlySigner()}
	s.NotAfter = s.Signer.NotAfter
	_ = p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeSigningTime, &s.At) // optional
	const forSigning = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if usage := s.Signer.KeyUsage; usage != 0 && usage&forSigning == 0 {
		return s, fmt.Errorf("%w: its certificate is not for signing (RFC 5280 §4.2.1.3)", ErrUntrusted)
	}
	intermediates := x509.NewCertPool()
	for _, c := range p7.Certificates {
		intermediates.AddCert(c)
	}
	chains, err := s.Signer.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, // a web server's certificate serves well
	})
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && now.After(invalid.Cert.NotAfter):
		return s, fmt.Errorf("%w on %s", ErrExpired, day(invalid.Cert.NotAfter))
	case err != nil:
		return s, fmt.Errorf("%w: %w", ErrUntrusted, err)
	}
	s.Chain = chains[0]
	for _, c := range s.Chain {
		if c.NotAfter.Before(s.NotAfter) {
			s.NotAfter = c.NotAfter
		}
	}
	return s, nil
}

// maxRSA bounds the keys in a message, as the time to check a signature grows with the square of their length.
const maxRSA = 8192

// checkSignature parses foreign bytes and checks their signature, not who made it.
func checkSignature(der []byte) (*pkcs7.PKCS7, error) {
	if err := checkDER(der); err != nil {
		return nil, err
	}
	p7, err := pkcs7.Parse(der)
	if err != nil {
		return nil, err
	}
	if p7.GetOnlySigner() == nil {
		return nil, errors.New("it does not have one signer with a certificate")
	}
	for _, c := range p7.Certificates {
		if pub, ok := c.PublicKey.(*rsa.PublicKey); ok && pub.N.BitLen() > maxRSA {
			return nil, fmt.Errorf("an RSA key of %d bits", pub.N.BitLen())
		}
	}
	signer := p7.Signers[0]
	isSHA1 := signer.DigestEncryptionAlgorithm.Algorithm.Equal(pkcs7.OIDDigestAlgorithmECDSASHA1)
	if isSHA1 || !slices.ContainsFunc(sha2, signer.DigestAlgorithm.Algorithm.Equal) {
		return nil, errors.New("made without SHA-2; older digests such as SHA-1 no longer prove anything")
	}
	if !announced(der, signer.DigestAlgorithm.Algorithm) {
		return nil, errors.New("it does not announce the digest that its signature is made with")
	}
	var content asn1.ObjectIdentifier
	if len(signer.AuthenticatedAttributes) > 0 { // RFC 5652 §11.1: it must say what the content is
		err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &content)
		if err != nil || !content.Equal(pkcs7.OIDData) {
			return nil, errors.New("it signs something other than data")
		}
	}
	if len(p7.Content) == 0 {
		return nil, errors.New("nothing inside: the signature is detached")
	}
	return p7, p7.Verify()
}

// announced reports whether the digestAlgorithms of SignedData (RFC 5652 §5.1)
// have the signer's; the library passes over them.
func announced(der []byte, digest asn1.ObjectIdentifier) bool {
	var message struct {
		Type asn1.ObjectIdentifier
		Data struct {
			Version int
			Digests []pkix.AlgorithmIdentifier `asn1:"set"`
			Content asn1.RawValue
		} `asn1:"explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(der, &message); err != nil {
		return false
	}
	return slices.ContainsFunc(message.Data.Digests, func(a pkix.AlgorithmIdentifier) bool {
		return a.Algorithm.Equal(digest)
	})
}

var sha2 = []asn1.ObjectIdentifier{
	pkcs7.OIDDigestAlgorithmSHA256, pkcs7.OIDDigestAlgorithmSHA384, pkcs7.OIDDigestAlgorithmSHA512,
}

// checkDER lets one DER value of bounded size and depth through: the library recurses, takes time that grows with the
// square of the depth, and ignores trailing bytes.
func checkDER(der []byte) error {
	if len(der) > MaxSize {
		return errors.New("larger than 1 MiB")
	}
	var top asn1.RawValue
	rest, err := asn1.Unmarshal(der, &top)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%d bytes after its end", len(rest))
	}
	return checkDepth(top.Bytes, maxDepth)
}

func checkDepth(list []byte, depth int) error {
	if depth == 0 {
		return errors.New("nested too deep")
	}
	for len(list) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(list, &v)
		if err != nil {
			return err
		}
		if v.IsCompound {
			if err := checkDepth(v.Bytes, depth-1); err != nil {
				return err
			}
		}
		list = rest
	}
	return nil
}
