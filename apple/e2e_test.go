//go:build e2e

package apple

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"autoconfig/e2e/component"
	"autoconfig/files"
)

// run runs a program, which must be there, and gives what it writes.
func run(t *testing.T, input []byte, name string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), component.Need(t, name), args...)
	var out, words bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &words
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Logf("%s: %s", name, words.Bytes())
	}
	return out.Bytes(), err
}

// What we sign, OpenSSL verifies; one changed byte it refuses.
func TestOpenSSLVerifies(t *testing.T) {
	p := testPKI()
	root := write(t, "root.pem", certificatePEM(p.root), 0o644)
	profile := encode(t, Options{Name: "Zoë"}, live(t), account(t, example(), "user@example.org"))
	for name, key := range map[string]crypto.Signer{"RSA": p.rsa, "P-256": p.p256} {
		web := p.leaf(key, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
		ofWeb, err := NewSigner([]*x509.Certificate{web, p.intermediate, p.root}, key)
		if err != nil {
			t.Fatal(err)
		}
		for purpose, s := range map[string]*Signer{"smimesign": p.signer(t, key), "any": ofWeb} {
			der := must(s.Sign(profile))
			args := []string{"cms", "-verify", "-inform", "DER", "-purpose", purpose, "-CAfile", root, "-binary"}
			out, err := run(t, der, "openssl", args...)
			if err != nil || !bytes.Equal(out, profile) {
				t.Errorf("%s, %s: openssl does not verify it: %v", name, purpose, err)
			}
			changed := bytes.Replace(der, []byte("smtp-mail.outlook.com"), []byte("smtp-mail.outl00k.com"), 1)
			if _, err := run(t, changed, "openssl", args...); err == nil {
				t.Errorf("%s, %s: openssl verifies a changed profile", name, purpose)
			}
		}
	}
}

// What OpenSSL signs, we verify; the key it makes, we load.
func TestOpenSSLSigns(t *testing.T) {
	p := testPKI()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if _, err := run(t, nil, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
		"/CN=self.example.org", "-keyout", key, "-out", cert); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadSigner(new(files.Reader), cert, key); err != nil { // openssl makes the file with mode 0600
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(must(loadChain(new(files.Reader), cert))[0])
	profile := encode(t, Options{}, live(t))
	for _, command := range []string{"smime", "cms"} {
		der, err := run(t, profile, "openssl", command, "-sign", "-nodetach", "-outform", "DER", "-binary", "-signer", cert,
			"-inkey", key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Verify(der, roots, time.Now())
		if err != nil || !bytes.Equal(got.Content, profile) || got.Signer.Subject.CommonName != "self.example.org" {
			t.Errorf("%s: %v", command, err)
		}
		if _, err := Verify(der, p.roots(), time.Now()); err == nil {
			t.Errorf("%s: trusted by another root", command)
		}
	}
}

// Python's plistlib reads out of a profile what we put in.
func TestPlistlib(t *testing.T) {
	const program = `
import json, plistlib, sys
json.dump(plistlib.loads(sys.stdin.buffer.read(), fmt=plistlib.FMT_XML), sys.stdout)`
	user := account(t, example(), "o'neil&sons@example.org")
	for _, raw := range [][]byte{
		encode(t, Options{Name: `Zoë <O'Neil> & "Söhne" ]]> 😀`, Words: Words{Consent: map[string]string{"de": "<&>"}}},
			user, live(t)),
		encode(t, Options{Kind: Exchange}, user),
	} {
		out, err := run(t, raw, "/usr/bin/python3", "-c", program)
		if err != nil {
			t.Fatal(err)
		}
		var theirs any
		if err := json.Unmarshal(out, &theirs); err != nil {
			t.Fatal(err)
		}
		ours := must(json.Marshal(topOf(t, raw)))
		if theirs := must(json.Marshal(theirs)); !bytes.Equal(ours, theirs) {
			t.Errorf("plistlib reads %s\nwe read %s", theirs, ours)
		}
	}
}
