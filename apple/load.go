package apple

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"autoconfig/files"
)

// LoadSigner reads a [Signer] from two PEM files: the certificates, leaf first, and the key in PKCS #8, PKCS #1 or SEC
// 1 form. A key file that others than its owner may read is refused. Errors name the file and what to do.
func LoadSigner(r *files.Reader, certFile, keyFile string) (*Signer, error) {
	chain, err := loadChain(r, certFile)
	if err != nil {
		return nil, err
	}
	key, err := loadKey(r, keyFile)
	if err != nil {
		return nil, err
	}
	s, err := NewSigner(chain, key)
	if err != nil {
		return nil, fmt.Errorf("%s with %s: %w", certFile, keyFile, err)
	}
	return s, nil
}

func loadChain(r *files.Reader, file string) ([]*x509.Certificate, error) {
	raw, err := r.Read(file, files.Text)
	if err != nil {
		return nil, err
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: certificate %d: %w", file, len(chain)+1, err)
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%s: no PEM certificate; it should begin with -----BEGIN CERTIFICATE-----", file)
	}
	return chain, nil
}

func loadKey(r *files.Reader, file string) (crypto.Signer, error) {
	raw, err := r.Private(file)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		var key any
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
		default:
			continue
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" { // RFC 1421 §4.6.1.3
			const form = "%s: the key is encrypted; decrypt it with openssl pkey -in %[1]s -out NEW, and chmod 600 NEW"
			return nil, fmt.Errorf(form, file)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: the private key cannot be read: %w", file, err)
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("%s: a %T cannot sign; use RSA or ECDSA P-256", file, key)
		}
		return signer, nil
	}
	return nil, fmt.Errorf("%s: no PEM private key; it should begin with -----BEGIN PRIVATE KEY-----", file)
}
