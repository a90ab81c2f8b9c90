package apple

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// pki is an authority of the test's own: a root, an intermediate, and keys.
type pki struct {
	root, intermediate *x509.Certificate
	rootKey, key       *ecdsa.PrivateKey // of the root and of the intermediate
	rsa                *rsa.PrivateKey   // for leaves
	p256               *ecdsa.PrivateKey
}

// testPKI is made once: RSA keys take their time.
var testPKI = sync.OnceValue(func() *pki {
	p := &pki{rootKey: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		key:  must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		p256: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), rsa: must(rsa.GenerateKey(rand.Reader, 2048))}
	root := template("Test Root")
	root.NotAfter = root.NotAfter.Add(48 * time.Hour)
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	p.root = issue(root, root, p.rootKey.Public(), p.rootKey)
	between := template("Test Intermediate")
	between.NotAfter = between.NotAfter.Add(24 * time.Hour)
	between.IsCA, between.BasicConstraintsValid, between.KeyUsage = true, true, x509.KeyUsageCertSign
	p.intermediate = issue(between, p.root, p.key.Public(), p.rootKey)
	return p
})

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// template is valid from an hour ago for a day.
func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: must(rand.Int(rand.Reader, big.NewInt(1<<62))), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour).Truncate(time.Second),
		NotAfter:  time.Now().Add(24 * time.Hour).Truncate(time.Second),
	}
}

func issue(c, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, c, parent, pub, key))))
}

// leaf is a certificate for key under the intermediate, as change makes it.
func (p *pki) leaf(key crypto.Signer, change func(*x509.Certificate)) *x509.Certificate {
	c := template("signer.example.org")
	c.KeyUsage = x509.KeyUsageDigitalSignature
	if change != nil {
		change(c)
	}
	return issue(c, p.intermediate, key.Public(), p.key)
}

// roots trust the test's root alone.
func (p *pki) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.root)
	return pool
}

// signer signs with key and the whole chain, root included.
func (p *pki) signer(t testing.TB, key crypto.Signer) *Signer {
	t.Helper()
	s, err := NewSigner([]*x509.Certificate{p.leaf(key, nil), p.intermediate, p.root}, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signed is the profile of live.co.uk, signed with RSA.
func signed(t testing.TB) []byte {
	t.Helper()
	p := testPKI()
	der, err := p.signer(t, p.rsa).Sign(encode(t, Options{}, live(t)))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func certificatePEM(chain ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range chain {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

func keyPEM(typ string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der})
}

// write makes a file of the test's own.
func write(t testing.TB, name string, content []byte, mode os.FileMode) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, content, mode); err != nil {
		t.Fatal(err)
	}
	return file
}
