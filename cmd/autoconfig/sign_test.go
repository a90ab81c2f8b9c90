package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// run1 runs the program once and returns its status and what it printed.
func run1(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, words bytes.Buffer
	a := &app{stdin: strings.NewReader(stdin), stdout: &out, stderr: &words,
		env: func(string) (string, bool) { return "", false }}
	status = a.main(t.Context(), args)
	return status, out.String(), words.String()
}

// A profile signed by the configured certificate verifies against its
// authority, and against no other.
func TestSignAndVerify(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.hoster.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	root := file("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
	file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600)
	conf := file("autoconfig.yaml", []byte("signing: {cert_file: cert.pem, key_file: key.pem}\n"), 0o644)

	status, signed, words := run1(t, "", "render", "mobileconfig", "you@live.co.uk", "--sign", "--config", conf)
	if status != 0 {
		t.Fatalf("%d %s", status, words)
	}
	status, out, words := run1(t, signed, "profile", "verify", "--ca", root, "-")
	if status != 0 || !strings.Contains(out, "CN=mail.hoster.example") || !strings.Contains(out, "you@live.co.uk") ||
		words != "" {
		t.Errorf("%d\n%s%s", status, out, words)
	}
	for _, row := range []string{`signed by +CN=mail\.hoster\.example`, `issued by +CN=mail\.hoster\.example`,
		`signed at +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`,
		"valid until +" + tmpl.NotAfter.UTC().Format(time.DateOnly), "verified +yes", `profile +\S.* \(\S+\)`, "says +\\S"} {
		if !regexp.MustCompile("(?m)^" + row).MatchString(out) {
			t.Errorf("no row %s in\n%s", row, out)
		}
	}
	if status, out, words := run1(t, signed, "profile", "verify", "-"); status != 1 ||
		!strings.Contains(words, "certificate-signer-untrusted") || !strings.Contains(out, "you@live.co.uk") ||
		!regexp.MustCompile("(?m)^verified +no$").MatchString(out) {
		t.Errorf("without its authority: %d %s", status, words)
	}
	auto := file("auto.yaml", []byte("tls: {cert_file: cert.pem, key_file: key.pem}\nsigning: auto\n"), 0o644)
	status, signedToo, words := run1(t, "", "render", "mobileconfig", "you@live.co.uk", "--sign", "--config", auto)
	if status != 0 {
		t.Fatalf("signing: auto: %d %s", status, words)
	}
	if status, out, words := run1(t, signedToo, "profile", "verify", "--ca", root, "-"); status != 0 ||
		!strings.Contains(out, "CN=mail.hoster.example") {
		t.Errorf("signing: auto: %d\n%s%s", status, out, words)
	}
	broken := strings.Replace(signed, "smtp-mail", "smtp-evil", 1)
	if status, _, words := run1(t, broken, "profile", "verify", "--ca", root, "-"); status != 1 ||
		!strings.Contains(words, "certificate-profile-signature") {
		t.Errorf("a changed byte: %d %s", status, words)
	}
	if status, out, _ := run1(t, "", "render", "mobileconfig", "you@live.co.uk", "--config", conf); status != 0 ||
		!strings.HasPrefix(out, "<?xml") {
		t.Errorf("without --sign: %d %.20q", status, out)
	}

	// A key that others can read is refused, and then there is no profile at all.
	if err := os.Chmod(filepath.Join(dir, "key.pem"), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, out, words := run1(t, "", "render", "mobileconfig", "you@live.co.uk", "--sign", "--config",
		conf); status != 1 || out != "" || !strings.Contains(words, "chmod") {
		t.Errorf("a key for everyone: %d %.20q %s", status, out, words)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
