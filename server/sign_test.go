package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"autoconfig/acme"
	"autoconfig/apple"
)

// issued is a certificate for the service host with its intermediate, as an authority gives it out.
func issued(t *testing.T, serial int64, expires time.Time) (cert *tls.Certificate, root *x509.Certificate) {
	t.Helper()
	var above *x509.Certificate
	var aboveKey, key *ecdsa.PrivateKey
	cert = &tls.Certificate{}
	for i, name := range []string{"root", "intermediate", "autoconfig.hoster.example"} {
		var err error
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
		tmpl := &x509.Certificate{SerialNumber: big.NewInt(10*serial + int64(i)), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour),
			NotAfter:  expires, IsCA: i < 2, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
		if i == 0 {
			above, aboveKey = tmpl, key
		}
		if i == 2 {
			tmpl.DNSNames, tmpl.KeyUsage, tmpl.ExtKeyUsage = []string{name}, x509.KeyUsageDigitalSignature,
				[]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, above, &key.PublicKey, aboveKey)
		if err != nil {
			t.Fatal(err)
		}
		if above, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		if aboveKey = key; i == 0 {
			root = above
			continue
		}
		cert.Certificate = slices.Insert(cert.Certificate, 0, der)
	}
	cert.PrivateKey, cert.Leaf = key, above
	return cert, root
}

// signing: auto signs with the certificate of the service host, chain included, and with the next one as soon as it is
// there. Without one there is no profile, which /readyz says.
func TestSignAsServiceHost(t *testing.T) {
	s := newTestServer(t, nil)
	var have *tls.Certificate
	s.signer.have = func(host string) *tls.Certificate {
		if host != "autoconfig.hoster.example" {
			t.Errorf("the certificate of %s is asked for", host)
		}
		return have
	}
	set := world(t)
	set.SignAsServiceHost = true
	s.Use(set)
	const line = "GET http://x.example/mobileconfig?email=a@example.org"
	ready := func() (r readiness) {
		t.Helper()
		if err := json.Unmarshal([]byte(bodyOf(t, ask(t, s.Admin(), "GET /readyz", ""))), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	serial := func(root *x509.Certificate) int64 {
		t.Helper()
		roots := x509.NewCertPool()
		roots.AddCert(root)
		signed, err := apple.Verify([]byte(get200(t, s, line, "")), roots, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return signed.Signer.SerialNumber.Int64()
	}

	r := ask(t, s, line, "")
	if body := bodyOf(t, r); r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" ||
		body != "temporarily unavailable\n" {
		t.Errorf("without a certificate: %d %v %q", r.StatusCode, r.Header, body)
	}
	if got := ready(); got.Status != "degraded" || !slices.Contains(got.Reasons,
		"profiles cannot be signed: there is no certificate for autoconfig.hoster.example yet") {
		t.Errorf("/readyz without a certificate: %+v", got)
	}
	get200(t, s, "GET http://autoconfig.example.org/mail/config-v1.1.xml", "") // nothing else is hurt
	for n := range int64(3) {
		var root *x509.Certificate
		have, root = issued(t, n+1, time.Now().Add(7*24*time.Hour)) // some authorities issue for days only
		if got := serial(root); got != 10*(n+1)+2 {
			t.Errorf("certificate %d: signed with serial number %d", n+1, got)
		}
		if got := ready(); got.Status != "ok" {
			t.Errorf("certificate %d: /readyz %+v", n+1, got)
		}
	}
	end := have.Leaf.NotAfter.Unix()
	if metrics := bodyOf(t, ask(t, s.Admin(), "GET /metrics", "")); !strings.Contains(metrics,
		fmt.Sprintf("autoconfig_signer_expiry_seconds %g\n", float64(end))) {
		t.Error("the metric does not say when the signer expires")
	}
	const signed, unsigned = "The profile is signed", "the profile is not signed"
	setup := func(s *Server) string { return get200(t, s, "POST http://x.example/setup", "email=a@example.org") }
	if page := setup(s); !strings.Contains(page, signed) || strings.Contains(page, unsigned) {
		t.Error("the page does not say that the profile is signed")
	}
	if page := setup(newTestServer(t, nil)); strings.Contains(page, signed) || !strings.Contains(page, unsigned) {
		t.Error("the page does not say that the profile is not signed")
	}
	last := have
	have = nil // out of memory, with which nobody else may have to do
	if body := get200(t, s, line, ""); !strings.Contains(body, string(last.Certificate[0])) {
		t.Error("what is out of memory signs no more")
	}
	have, _ = issued(t, 9, time.Now().Add(-time.Minute))
	if r := ask(t, s, line, ""); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("with an expired certificate: %d", r.StatusCode)
	}
	if got := ready(); got.Status != "degraded" {
		t.Errorf("/readyz with an expired certificate: %+v", got)
	}
	s.Use(world(t)) // which signs no more
	if metrics := bodyOf(t, ask(t, s.Admin(), "GET /metrics", "")); !strings.Contains(metrics,
		"\nautoconfig_signer_expiry_seconds 0\n") {
		t.Error("the metric names the end of a signer that is gone")
	}
}

// The certificate is asked for although no client ever asks for the service host.
func TestSignOrders(t *testing.T) {
	log := &lockedBuffer{}
	s := newTestServer(t, func(o *Options, set *Settings) {
		o.Log, set.SignAsServiceHost = slog.New(slog.NewTextHandler(log, nil)), true
	})
	ctx, stop := context.WithCancel(t.Context())
	from := acme.Options{Authorities: []acme.Authority{{Directory: "http://127.0.0.1:1/directory"}},
		Storage: acme.Folder(t.TempDir())}
	_, ended := running(t, ctx, s, log, Listen{HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", ACME: &from})
	for deadline := time.Now().Add(time.Minute); !strings.Contains(bodyOf(t, ask(t, s.Admin(), "GET /readyz", "")),
		`"failing":1`); {
		if time.Now().After(deadline) {
			t.Fatal("nothing was ordered")
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
