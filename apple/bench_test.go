package apple

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"
)

func BenchmarkEncode(b *testing.B) {
	accounts := []Account{live(b)}
	for b.Loop() {
		if _, err := Encode(accounts, Options{Name: "Some One"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSign measures signing with each kind of key, and beside it the bare
// RSA operation, below which RSA signing cannot get.
func BenchmarkSign(b *testing.B) {
	p := testPKI()
	profile := encode(b, Options{}, live(b))
	for name, key := range map[string]crypto.Signer{"RSA-2048": p.rsa, "P-256": p.p256} {
		s := p.signer(b, key)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Sign(profile); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("RSA-2048-bare", func(b *testing.B) {
		sum := sha256.Sum256(profile)
		for b.Loop() {
			if _, err := rsa.SignPKCS1v15(rand.Reader, p.rsa, crypto.SHA256, sum[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	p, der := testPKI(), signed(b)
	for b.Loop() {
		if _, err := Verify(der, p.roots(), p.root.NotBefore.AddDate(0, 0, 1)); err != nil {
			b.Fatal(err)
		}
	}
}
