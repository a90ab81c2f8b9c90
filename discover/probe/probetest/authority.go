package probetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Day is a day of a certificate's life.
const Day = 24 * time.Hour

// Authority makes certificates that its root vouches for.
type Authority struct {
	Pool *x509.CertPool

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority with a root of its own.
func NewAuthority() *Authority {
	a := &Authority{key: newKey(), Pool: x509.NewCertPool()}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"},
		IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-50 * Day), NotAfter: now.Add(1000 * Day), KeyUsage: x509.KeyUsageCertSign}
	a.cert = sign(template, template, a.key, a.key)
	a.Pool.AddCert(a.cert)
	return a
}

// Root writes the root's certificate to a file and returns its name.
func (a *Authority) Root(t testing.TB) string {
	t.Helper()
	return writePEM(t, filepath.Join(t.TempDir(), "root.pem"), "CERTIFICATE", a.cert.Raw)
}

// Certificate makes a certificate for names that is valid for the time left. A
// nil authority makes one that signs itself.
func (a *Authority) Certificate(left time.Duration, names ...string) tls.Certificate {
	key, now := newKey(), time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: names[0]},
		DNSNames:  names,
		NotBefore: now.Add(-40 * Day), NotAfter: now.Add(left), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	parent, signer := template, key
	if a != nil {
		parent, signer = a.cert, a.key
	}
	cert := sign(template, parent, key, signer)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// TLS is a server's side of TLS 1.2 and 1.3 with such a certificate.
func (a *Authority) TLS(left time.Duration, names ...string) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.Certificate(left, names...)}, MinVersion: tls.VersionTLS12}
}

// Files writes a certificate and its key, readable by every user, into dir.
func Files(t testing.TB, dir string, c tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", c.Certificate[0]),
		writePEM(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", der)
}

func writePEM(t testing.TB, path, kind string, der []byte) string {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}
