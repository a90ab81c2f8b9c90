package apple

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"autoconfig/files"
)

func TestSign(t *testing.T) {
	p := testPKI()
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	profile := encode(t, Options{}, live(t))
	for name, key := range map[string]crypto.Signer{"RSA": p.rsa, "P-256": p.p256, "P-384": p384} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			leaf := p.leaf(key, nil)
			s := must(NewSigner([]*x509.Certificate{leaf, p.intermediate, p.root}, key))
			der, err := s.Sign(profile)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Verify(der, p.roots(), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Content, profile) || !got.Signer.Equal(leaf) || len(got.Chain) != 3 ||
				!got.Chain[2].Equal(p.root) {
				t.Errorf("%s signed, chain of %d", got.Signer.Subject, len(got.Chain))
			}
			if age := time.Since(got.At); age < 0 || age > time.Minute {
				t.Errorf("signed at %s", got.At)
			}
			if !got.NotAfter.Equal(s.NotAfter()) || !got.NotAfter.Equal(leaf.NotAfter) {
				t.Errorf("verified until %s, the signer says %s", got.NotAfter, s.NotAfter())
			}
			p7 := must(pkcs7.Parse(der))
			if len(p7.Certificates) != 2 || !p7.Certificates[0].Equal(leaf) || !p7.Certificates[1].Equal(p.intermediate) {
				t.Errorf("%d certificates inside, want the leaf and its intermediate", len(p7.Certificates))
			}
			if a := p7.Signers[0].DigestAlgorithm.Algorithm; !a.Equal(pkcs7.OIDDigestAlgorithmSHA256) {
				t.Errorf("digest %v, want SHA-256", a)
			}
		})
	}
}

// sealing is a key whose signature is the digest, so that two messages can be compared.
type sealing struct{ crypto.Signer }

func (sealing) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return digest, nil
}

// TestSignLikeTheLibrary compares every byte with what an implementation of CMS by other people makes of the same
// content, of each length that DER writes in another way.
func TestSignLikeTheLibrary(t *testing.T) {
	p := testPKI()
	padded := func(c *x509.Certificate) { c.SerialNumber = big.NewInt(255) } // two bytes in DER
	for name, tt := range map[string]struct {
		key   crypto.Signer
		chain []*x509.Certificate
	}{
		"RSA":              {p.rsa, []*x509.Certificate{p.leaf(p.rsa, nil), p.intermediate}},
		"P-256":            {p.p256, []*x509.Certificate{p.leaf(p.p256, nil), p.intermediate}},
		"P-256, leaf only": {p.p256, []*x509.Certificate{p.leaf(p.p256, padded)}},
	} {
		s := must(NewSigner(tt.chain, tt.key))
		for _, size := range []int{0, 1, 127, 128, 255, 256, 3000, 65535, 65536, MaxSize} {
			content := bytes.Repeat([]byte("p"), size)
			var got, want []byte
			for second := time.Now().Unix() - 1; second != time.Now().Unix(); { // both write the time, in seconds
				second = time.Now().Unix()
				got = must(s.envelope.seal(content, sealing{tt.key}, time.Now()))
				want = libraryMessage(t, content, tt.chain, sealing{tt.key})
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s, %d bytes: %.300x, the library makes %.300x", name, size, got, want)
			}
		}
	}
}

func libraryMessage(t *testing.T, content []byte, chain []*x509.Certificate, key crypto.Signer) []byte {
	t.Helper()
	return message(t, content, func(sd *pkcs7.SignedData) error {
		sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
		err := sd.AddSigner(chain[0], key, pkcs7.SignerInfoConfig{})
		for _, c := range chain[1:] {
			sd.AddCertificate(c)
		}
		return err
	})
}

// TestSignAfter2049 is about the year from which on DER has another type for times (RFC 5280 §4.1.2.5).
func TestSignAfter2049(t *testing.T) {
	p := testPKI()
	at := time.Date(2050, 1, 2, 3, 4, 5, 0, time.UTC)
	der := must(p.signer(t, p.rsa).envelope.seal([]byte("x"), p.rsa, at))
	var got time.Time
	p7 := must(pkcs7.Parse(der))
	if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeSigningTime, &got); err != nil || !got.Equal(at) {
		t.Errorf("%s, %v", got, err)
	}
	if len(p7.Signers) != 1 {
		t.Errorf("%d signers", len(p7.Signers))
	}
}

func TestNotAfterIsTheEarliest(t *testing.T) {
	p := testPKI()
	soon := time.Now().Add(time.Hour).Truncate(time.Second)
	leaf := p.leaf(p.p256, func(c *x509.Certificate) { c.NotAfter = soon })
	s, err := NewSigner([]*x509.Certificate{leaf, p.intermediate}, p.p256)
	if err != nil || !s.NotAfter().Equal(soon) {
		t.Errorf("the leaf ends first: %v, %v", s.NotAfter(), err)
	}
	leaf = p.leaf(p.p256, func(c *x509.Certificate) { c.NotAfter = soon.Add(1000 * time.Hour) })
	s, err = NewSigner([]*x509.Certificate{leaf, p.intermediate}, p.p256)
	if err != nil || !s.NotAfter().Equal(p.intermediate.NotAfter) {
		t.Errorf("the intermediate ends first: %v, %v", s.NotAfter(), err)
	}
}

func TestSignerRefuses(t *testing.T) {
	p := testPKI()
	other := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p521 := must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := func(before, after time.Duration) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(before), time.Now().Add(after)
		}
	}
	good := p.leaf(p.p256, nil)
	for _, tt := range []struct {
		name  string
		chain []*x509.Certificate
		key   crypto.Signer
		want  string
	}{
		{"no certificate", nil, p.p256, "no certificate"},
		{"another's key", []*x509.Certificate{good}, other, "does not belong"},
		{"another kind of key", []*x509.Certificate{good}, p.rsa, "does not belong"},
		{"P-521", []*x509.Certificate{p.leaf(p521, nil)}, p521, "521 bits; use P-256"},
		{"RSA 1024", []*x509.Certificate{p.leaf(weak, nil)}, weak, "1024 bits, too weak"},
		{"Ed25519", []*x509.Certificate{p.leaf(edwards, nil)}, edwards, "use RSA or ECDSA"},
		{"expired", []*x509.Certificate{p.leaf(p.p256, at(-2*time.Hour, -time.Hour))}, p.p256, "has expired on "},
		{"not yet", []*x509.Certificate{p.leaf(p.p256, at(time.Hour, 2*time.Hour))}, p.p256, "not valid before"},
		{"not for signatures",
			[]*x509.Certificate{p.leaf(p.p256, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })}, p.p256,
			"digitalSignature"},
		{"root in place of the intermediate", []*x509.Certificate{good, p.root}, p.p256,
			"certificate 1 (CN=signer.example.org) is not issued by certificate 2"},
		{"disorder", []*x509.Certificate{good, p.intermediate, p.intermediate}, p.p256,
			"certificate 2 (CN=Test Intermediate) is not issued"},
	} {
		s, err := NewSigner(tt.chain, tt.key)
		if s != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestSignWithExpired(t *testing.T) {
	p := testPKI()
	s := p.signer(t, p.p256)
	s.notAfter = time.Now().Add(-time.Minute)
	if der, err := s.Sign([]byte("x")); der != nil || !errors.Is(err, ErrExpired) {
		t.Errorf("signed with an expired certificate: %v", err)
	}
}

// failing is a key that has gone away, as one in hardware may.
type failing struct{ crypto.Signer }

func (failing) Sign(_ io.Reader, _ []byte, _ crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("card removed")
}

func TestSignFails(t *testing.T) {
	p := testPKI()
	s := p.signer(t, failing{p.p256})
	if der, err := s.Sign([]byte("x")); der != nil || err == nil || !strings.Contains(err.Error(), "card removed") {
		t.Errorf("%v", err)
	}
}

func TestLoadSigner(t *testing.T) {
	p := testPKI()
	certs := write(t, "chain.pem", certificatePEM(p.leaf(p.p256, nil), p.intermediate), 0o644)
	rsaCerts := write(t, "chain.pem", certificatePEM(p.leaf(p.rsa, nil), p.intermediate), 0o644)
	pkcs8 := keyPEM("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p.p256)))
	sec1 := keyPEM("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p.p256)))
	pkcs1 := keyPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(p.rsa))
	parameters := keyPEM("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7})
	for _, key := range []string{
		write(t, "key.pem", pkcs8, 0o600),
		write(t, "key.pem", pkcs8, 0o400),
		write(t, "key.pem", append(parameters, sec1...), 0o600),
	} {
		if _, err := LoadSigner(new(files.Reader), certs, key); err != nil {
			t.Error(err)
		}
	}
	if _, err := LoadSigner(new(files.Reader), rsaCerts, write(t, "key.pem", pkcs1, 0o600)); err != nil {
		t.Error(err)
	}

	text := []byte("no PEM")
	good := write(t, "key.pem", pkcs8, 0o600)
	x25519 := must(x509.MarshalPKCS8PrivateKey(must(ecdh.X25519().GenerateKey(rand.Reader))))
	locked := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAA==\n-----END RSA PRIVATE KEY-----\n"
	for _, tt := range []struct{ name, cert, key, want string }{
		{"no certificate file", "/nonexistent/chain.pem", good, "/nonexistent/chain.pem"},
		{"no key file", certs, "/nonexistent/key.pem", "/nonexistent/key.pem"},
		{"not PEM", write(t, "chain.pem", text, 0o644), good, "no PEM certificate"},
		{"a key as certificate", good, good, "no PEM certificate"},
		{"broken certificate", write(t, "chain.pem", keyPEM("CERTIFICATE", text), 0o644), good, "certificate 1: "},
		{"not a key", certs, write(t, "key.pem", text, 0o600), "no PEM private key"},
		{"certificate as key", certs, write(t, "key.pem", certificatePEM(p.root), 0o600), "no PEM private key"},
		{"broken key", certs, write(t, "key.pem", keyPEM("PRIVATE KEY", text), 0o600), "cannot be read"},
		{"a key that cannot sign", certs, write(t, "key.pem", keyPEM("PRIVATE KEY", x25519), 0o600), "cannot sign"},
		{"encrypted PKCS #8", certs, write(t, "key.pem", keyPEM("ENCRYPTED PRIVATE KEY", text), 0o600), "openssl pkey -in"},
		{"encrypted PKCS #1", certs, write(t, "key.pem", []byte(locked), 0o600), "openssl pkey -in"},
		{"encrypted SEC 1", certs, write(t, "key.pem", []byte(strings.ReplaceAll(locked, "RSA", "EC")), 0o600),
			"openssl pkey -in"},
		{"key of another", rsaCerts, good, "does not belong"},
		{"group may read", certs, write(t, "key.pem", pkcs8, 0o640), "(mode 0640); chmod 600 "},
		{"others may read", certs, write(t, "key.pem", pkcs8, 0o604), "(mode 0604); chmod 600 "},
	} {
		s, err := LoadSigner(new(files.Reader), tt.cert, tt.key)
		if s != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
