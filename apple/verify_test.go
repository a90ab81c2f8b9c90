package apple

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
)

func TestVerifyTells(t *testing.T) {
	p := testPKI()
	profile, der := encode(t, Options{}, live(t)), signed(t)
	later := p.root.NotAfter.Add(time.Hour)
	for _, tt := range []struct {
		name  string
		raw   []byte
		roots *x509.CertPool
		now   time.Time
		want  error
		open  bool // the content is given all the same
	}{
		{"good", der, p.roots(), time.Now(), nil, true},
		{"unsigned", profile, p.roots(), time.Now(), ErrUnsigned, false},
		{"nothing", nil, p.roots(), time.Now(), ErrUnsigned, false},
		{"a certificate", p.root.Raw, p.roots(), time.Now(), ErrUnsigned, false},
		{"no roots", der, x509.NewCertPool(), time.Now(), ErrUntrusted, true},
		{"roots of this system", der, nil, time.Now(), ErrUntrusted, true},
		{"expired", der, p.roots(), later, ErrExpired, true},
		{"before its time", der, p.roots(), p.root.NotBefore.Add(-time.Hour), ErrUntrusted, true},
		{"cut", der[:len(der)-1], p.roots(), time.Now(), ErrSignature, false},
		{"a byte more", append(slices.Clip(der), 0), p.roots(), time.Now(), ErrSignature, false},
		{"too large", append(slices.Clip(der), make([]byte, MaxSize)...), p.roots(), time.Now(), ErrSignature, false},
		{"host name changed", bytes.Replace(der, []byte("smtp-mail.outlook.com"), []byte("smtp-mail.outl00k.com"), 1),
			p.roots(), time.Now(), ErrSignature, false},
	} {
		s, err := Verify(tt.raw, tt.roots, tt.now)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if (s != nil) != tt.open || tt.open && !bytes.Equal(s.Content, profile) {
			t.Errorf("%s: opened: %v", tt.name, s != nil)
		}
		if err != nil && (s != nil && s.Chain != nil) {
			t.Errorf("%s: a chain in spite of %v", tt.name, err)
		}
	}
}

// A device looks at every certificate up to the root.
func TestVerifyExpiredIntermediate(t *testing.T) {
	p := testPKI()
	leaf := p.leaf(p.p256, func(c *x509.Certificate) { c.NotAfter = p.root.NotAfter.Add(time.Hour) })
	der := must(must(NewSigner([]*x509.Certificate{leaf, p.intermediate}, p.p256)).Sign([]byte("x")))
	if _, err := Verify(der, p.roots(), p.intermediate.NotAfter.Add(time.Minute)); !errors.Is(err, ErrExpired) {
		t.Errorf("expired intermediate: %v", err)
	}
	s, err := Verify(der, p.roots(), time.Now())
	if err != nil || !s.NotAfter.Equal(p.intermediate.NotAfter) {
		t.Errorf("verified until %v, %v; the intermediate ends at %s", s.NotAfter, err, p.intermediate.NotAfter)
	}
}

func TestVerifyWithoutIntermediate(t *testing.T) {
	p := testPKI()
	s, err := NewSigner([]*x509.Certificate{p.leaf(p.p256, nil)}, p.p256)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(must(s.Sign([]byte("x"))), p.roots(), time.Now()); !errors.Is(err, ErrUntrusted) {
		t.Errorf("without the intermediate: %v", err)
	}
}

// Whichever byte is changed, the file is refused, or what it says is what was signed: a few bytes, such as those of an
// unused intermediate's name, nobody has signed.
func TestOneByte(t *testing.T) {
	p := testPKI()
	profile := encode(t, Options{Kind: Exchange}, live(t))
	der := must(p.signer(t, p.p256).Sign(profile))
	start := bytes.Index(der, profile)
	refused := 0
	for i := range der {
		changed := bytes.Clone(der)
		changed[i] ^= 0x01
		s, err := Verify(changed, p.roots(), time.Now())
		if err != nil {
			refused++
			continue
		}
		if i >= start && i < start+len(profile) {
			t.Errorf("byte %d of the profile was changed unnoticed", i-start)
		}
		if !bytes.Equal(s.Content, profile) || s.Signer.Subject.CommonName != "signer.example.org" {
			t.Errorf("byte %d changed what the file says", i)
		}
	}
	if refused < len(profile)+500 {
		t.Errorf("only %d of %d changes refused", refused, len(der))
	}
}

// message signs with the library alone, as change likes it.
func message(t *testing.T, content []byte, change func(*pkcs7.SignedData) error) []byte {
	t.Helper()
	sd := must(pkcs7.NewSignedData(content))
	if err := change(sd); err != nil {
		t.Fatal(err)
	}
	return must(sd.Finish())
}

func TestVerifyForms(t *testing.T) {
	p := testPKI()
	leaf := p.leaf(p.rsa, nil)
	add := func(sd *pkcs7.SignedData) error {
		sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
		sd.AddCertificate(p.intermediate)
		return sd.AddSigner(leaf, p.rsa, pkcs7.SignerInfoConfig{})
	}
	deep := []byte{}
	for range 5000 {
		deep = must(asn1.Marshal(asn1.RawValue{Tag: 16, IsCompound: true, Bytes: deep}))
	}
	for _, tt := range []struct {
		name string
		der  []byte
		want string // empty: verified
	}{
		{"plain", message(t, []byte("x"), add), ""},
		{"without attributes", message(t, []byte("x"), func(sd *pkcs7.SignedData) error {
			sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
			sd.AddCertificate(p.intermediate)
			return sd.SignWithoutAttr(leaf, p.rsa, pkcs7.SignerInfoConfig{})
		}), ""},
		{"SHA-1", message(t, []byte("x"),
			func(sd *pkcs7.SignedData) error { return sd.AddSigner(leaf, p.rsa, pkcs7.SignerInfoConfig{}) }), "SHA-1"},
		{"SHA-1 by another name", message(t, []byte("x"), func(sd *pkcs7.SignedData) error {
			err := add(sd)
			sd.GetSignedData().SignerInfos[0].DigestEncryptionAlgorithm.Algorithm = pkcs7.OIDDigestAlgorithmECDSASHA1
			return err
		}), "SHA-1"},
		{"detached", message(t, []byte("x"), func(sd *pkcs7.SignedData) error { err := add(sd); sd.Detach(); return err }),
			"detached"},
		{"two signers", message(t, []byte("x"), func(sd *pkcs7.SignedData) error { return errors.Join(add(sd), add(sd)) }),
			"one signer"},
		{"no signer", message(t, []byte("x"), func(sd *pkcs7.SignedData) error { return nil }), "one signer"},
		{"attributes dropped", message(t, []byte("x"), func(sd *pkcs7.SignedData) error {
			err := add(sd)
			sd.RemoveAuthenticatedAttributes()
			return err
		}), "verification"},
		{"attributes of no data", message(t, []byte("x"), func(sd *pkcs7.SignedData) error {
			err := add(sd)
			list := sd.GetSignedData().SignerInfos[0].AuthenticatedAttributes
			for i := range list {
				if list[i].Type.Equal(pkcs7.OIDAttributeContentType) {
					list[i].Value.Bytes = must(asn1.Marshal(pkcs7.OIDSignedData))
				}
			}
			return err
		}), "other than data"},
		{"enormous key", message(t, []byte("x"), func(sd *pkcs7.SignedData) error {
			sd.AddCertificate(enormous(p, maxRSA+1))
			return add(sd)
		}), "RSA key of 8193 bits"},
		{"largest key", message(t, []byte("x"), func(sd *pkcs7.SignedData) error {
			sd.AddCertificate(enormous(p, maxRSA))
			return add(sd)
		}), ""},
		{"deep", must(asn1.Marshal(asn1.RawValue{Tag: 16, IsCompound: true,
			Bytes: append(bytes.Clone(oidSignedData), deep...)})), "nested too deep"},
		{"indefinite length", append([]byte{0x30, 0x80}, append(oidSignedData, 0, 0)...), "indefinite"},
	} {
		_, err := Verify(tt.der, p.roots(), time.Now())
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (!errors.Is(err, ErrSignature) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// As large as it may be is not too large.
func TestCheckDERBound(t *testing.T) {
	message := func(size int) []byte { // two headers of five octets: tag, and a length in four
		return must(asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true,
			Bytes: must(asn1.Marshal(make([]byte, size-10)))}))
	}
	if der := message(MaxSize); len(der) != MaxSize || checkDER(der) != nil {
		t.Errorf("%d octets: %v", len(der), checkDER(der))
	}
	if checkDER(message(MaxSize+1)) == nil {
		t.Error("one octet more is read")
	}
}

// enormous is a certificate for a key that takes long to use.
func enormous(p *pki, bits uint) *x509.Certificate {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return issue(template("enormous"), p.intermediate, &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537}, p.key)
}

func TestFinding(t *testing.T) {
	p := testPKI()
	_, expired := Verify(signed(t), p.roots(), p.root.NotAfter.Add(time.Hour))
	_, untrusted := Verify(signed(t), x509.NewCertPool(), time.Now())
	for _, tt := range []struct {
		err  error
		want string
	}{
		{ErrUnsigned, "certificate-profile-unsigned"},
		{ErrSignature, "certificate-profile-signature"},
		{untrusted, "certificate-signer-untrusted"},
		{expired, "certificate-signer-expired"},
		{os.ErrNotExist, "certificate-signer-unusable"},
	} {
		f := Finding("live.mobileconfig", tt.err)
		if f.ID != tt.want || f.Subject != "live.mobileconfig" || f.Cause != tt.err.Error() || f.Fix == "" {
			t.Errorf("%v: %+v", tt.err, f)
		}
	}
}

func FuzzVerify(f *testing.F) {
	p := testPKI()
	f.Add(signed(f))
	f.Add(must(p.signer(f, p.p256).Sign([]byte("x"))))
	f.Fuzz(func(t *testing.T, der []byte) {
		s, err := Verify(der, x509.NewCertPool(), time.Now())
		if err == nil {
			t.Fatal("verified without any root")
		}
		if opened := errors.Is(err, ErrUntrusted) || errors.Is(err, ErrExpired); opened != (s != nil) {
			t.Fatalf("%v, %v", s, err)
		}
	})
}

// A key that is not for signing has signed nothing, and the digest at the top of a message is the one of its signature.
func TestVerifyUsageAndDigests(t *testing.T) {
	p := testPKI()
	for usage, want := range map[x509.KeyUsage]error{
		x509.KeyUsageKeyAgreement: ErrUntrusted, x509.KeyUsageKeyEncipherment: ErrUntrusted, 0: nil,
		x509.KeyUsageDigitalSignature: nil, x509.KeyUsageContentCommitment | x509.KeyUsageKeyAgreement: nil,
	} {
		leaf := p.leaf(p.p256, func(c *x509.Certificate) { c.KeyUsage = usage })
		der := message(t, []byte("x"), func(sd *pkcs7.SignedData) error {
			sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
			sd.AddCertificate(p.intermediate)
			return sd.AddSigner(leaf, p.p256, pkcs7.SignerInfoConfig{})
		})
		if s, err := Verify(der, p.roots(), time.Now()); !errors.Is(err, want) || s == nil || (err != nil && s.Chain != nil) {
			t.Errorf("keyUsage %b: %v", usage, err)
		}
	}
	der := signed(t)
	sha256 := []byte("\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01") // 2.16.840.1.101.3.4.2.1
	at := bytes.Index(der, sha256) + len(sha256) - 1
	if at > 60 {
		t.Fatalf("the digests are at %d", at)
	}
	for _, other := range []byte{0, 2, 3, 4} {
		changed := bytes.Clone(der)
		changed[at] = other
		if _, err := Verify(changed, p.roots(), time.Now()); !errors.Is(err, ErrSignature) {
			t.Errorf("announced as …4.2.%d: %v", other, err)
		}
	}
}
