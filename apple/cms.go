package apple

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"time"
)

// Tags of DER (X.690 §8.1.2).
const (
	octetString = 0x04
	sequence    = 0x30
	set         = 0x31
	tagged0     = 0xa0
)

// What RFC 5652 §4 and §11 and RFC 5754 §2 and §3 name, in DER.
const (
	version1         = "\x02\x01\x01"
	oidData          = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	oidContentType   = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"
	oidMessageDigest = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"
	oidSigningTime   = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"
	withSHA256       = "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
	rsaWithSHA256    = "\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
	ecdsaWithSHA256  = "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
)

// envelope is what every SignedData (RFC 5652 §5.1) of one certificate chain has in common, in DER. It is made once, so
// that a signed profile takes little more than its signature.
type envelope struct {
	certs     []byte // certificates
	signer    []byte // sid: the issuer and serial number of the leaf
	algorithm []byte // signatureAlgorithm
}

func newEnvelope(chain []*x509.Certificate) (e envelope, err error) {
	serial, err := asn1.Marshal(chain[0].SerialNumber)
	if err != nil {
		return e, err
	}
	e.signer = der(sequence, chain[0].RawIssuer, serial)
	e.algorithm = []byte(ecdsaWithSHA256)
	if _, ok := chain[0].PublicKey.(*rsa.PublicKey); ok {
		e.algorithm = []byte(rsaWithSHA256)
	}
	for _, c := range chain {
		e.certs = append(e.certs, c.Raw...)
	}
	e.certs = der(tagged0, e.certs)
	return e, nil
}

// seal signs content, with the attributes that RFC 5652 §11 names.
func (e envelope) seal(content []byte, key crypto.Signer, now time.Time) ([]byte, error) {
	at, err := asn1.Marshal(now.UTC())
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(content)
	attributes := der(set, // in the order of their bytes (X.690 §11.6)
		der(sequence, []byte(oidContentType), der(set, []byte(oidData))),
		der(sequence, []byte(oidSigningTime), der(set, at)),
		der(sequence, []byte(oidMessageDigest), der(set, der(octetString, digest[:]))))
	digest = sha256.Sum256(attributes)
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	attributes[0] = tagged0 // signed as a SET (RFC 5652 §5.4)
	signer := der(sequence, []byte(version1), e.signer, []byte(withSHA256), attributes, e.algorithm,
		der(octetString, signature))
	data := der(sequence, []byte(oidData), der(tagged0, der(octetString, content)))
	return der(sequence, oidSignedData, der(tagged0, der(sequence,
		[]byte(version1), der(set, []byte(withSHA256)), data, e.certs, der(set, signer)))), nil
}

// der is a value made of parts, its length in as few bytes as there can be (X.690 §10.1).
func der(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	out := make([]byte, 0, n+6)
	if n < 0x80 {
		out = append(out, tag, byte(n))
	} else {
		length := bytes.TrimLeft(binary.BigEndian.AppendUint32(nil, uint32(n)), "\x00")
		out = append(append(out, tag, 0x80|byte(len(length))), length...)
	}
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
