//go:build e2e

package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"autoconfig/acme"
	"autoconfig/acme/acmetest"
	"autoconfig/apple"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/freeport"
)

// A hundred listed domains lead elsewhere, nowhere, or to name servers that are
// silent. A stranger's handshakes for all their names cost the authority no order,
// /ask says the same, and the domain that leads here gets its certificates in the
// middle of it.
func TestACMEElsewhere(t *testing.T) {
	var zone, domains strings.Builder
	zone.WriteString("test. SOA ns.test. root.test. 1 3600 600 86400 60\n*.here.test. A 127.0.0.1\n")
	for i := range 100 {
		fmt.Fprintf(&domains, "d%d.test\n", i)
		if i%2 == 0 {
			fmt.Fprintf(&zone, "*.d%d.test. A 127.0.0.9\n*.d%[1]d.test. AAAA 2001:db8::9\n", i)
		}
	}
	domains.WriteString("here.test\nsilent.example\n")
	dns := dnstest.Start(t, zone.String())
	plain, secure, admin := freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1")
	a := acmetest.Start(t, acmetest.Options{HTTP: plain, TLS: secure, DNS: dns.Addr()})
	dir := t.TempDir()
	write(t, filepath.Join(dir, "domains.txt"), domains.String())
	write(t, filepath.Join(dir, "autoconfig.yaml"), fmt.Sprintf(`
listen: %s
listen_tls: %s
admin: %s
dns: {resolver: ["%s"]}
tls: {acme: {directory: "%s", storage: certificates}}
providers:
  - {domains_file: domains.txt, incoming: [imaps://mail.hoster.test], outgoing: [submissions://mail.hoster.test]}
`, plain, secure, admin, dns.Addr(), a.Directory))
	r := &replica{t: t, dir: dir, build: program, admin: admin, env: []string{"SSL_CERT_FILE=" + a.RootFile}}
	r.up()
	shake := func(name string) error {
		d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 40 * time.Second},
			Config: &tls.Config{ServerName: name, RootCAs: a.Roots}}
		conn, err := d.Dial("tcp", secure)
		if err == nil {
			err = conn.Close()
		}
		return err
	}
	var all sync.WaitGroup
	for i := range 300 {
		all.Go(func() {
			name := []string{"autoconfig.", "autodiscover.", "ua-auto-config."}[i%3] + fmt.Sprintf("d%d.test", i/3)
			if shake(name) == nil {
				t.Errorf("%s has a certificate", name)
			}
		})
	}
	for _, name := range []string{"autoconfig.here.test", "autodiscover.here.test"} {
		all.Go(func() {
			if err := shake(name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	all.Wait()
	if orders := a.Orders(); len(orders) != 2 {
		t.Errorf("ordered: %v", orders)
	}
	for name, want := range map[string]int{"autoconfig.here.test": http.StatusOK,
		"autoconfig.d0.test": http.StatusNotFound, "autoconfig.d1.test": http.StatusNotFound,
		"autoconfig.silent.example": http.StatusServiceUnavailable, "autoconfig.stranger.test": http.StatusNotFound} {
		if status, _, err := newAsker(admin, false).get("localhost", "/ask?domain="+name); err != nil || status != want {
			t.Errorf("/ask for %s: %d, %v", name, status, err)
		}
	}
	if n := strings.Count(r.output(), "id=acme-name-elsewhere"); n != 1 {
		t.Errorf("%d lines in the log:\n%s", n, r.output())
	}
	if !r.says("/metrics", `autoconfig_certificates_refused_total{reason="acme-name-elsewhere"} 30`) {
		t.Error("not counted")
	}
}

// signing: auto signs profiles with the certificate of the service host, which is ordered although nobody asks for that
// host. One near its end is renewed, and the new one takes over without a profile that is unsigned or refused.
func TestSignAuto(t *testing.T) {
	for _, kept := range []bool{false, true} {
		t.Run(map[bool]string{false: "first", true: "renewal"}[kept], func(t *testing.T) {
			dns := dnstest.Start(t, "test. SOA ns.test. root.test. 1 3600 600 86400 60\nautoconfig.hoster.test. A 127.0.0.1\n")
			plain, secure, admin := freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1")
			a := acmetest.Start(t, acmetest.Options{HTTP: plain, TLS: secure, DNS: dns.Addr()})
			dir := t.TempDir()
			write(t, filepath.Join(dir, "autoconfig.yaml"), fmt.Sprintf(`
listen: %s
listen_tls: %s
admin: %s
dns: {resolver: ["%s"]}
service_host: autoconfig.hoster.test
tls: {acme: {directory: "%s", storage: certificates}}
signing: auto
providers:
  - {domains: [here.test], incoming: [imaps://mail.hoster.test], outgoing: [submissions://mail.hoster.test]}
`, plain, secure, admin, dns.Addr(), a.Directory))
			if kept {
				acmetest.Keep(t, acme.Folder(filepath.Join(dir, "certificates")), a.Directory, "autoconfig.hoster.test",
					time.Now().Add(-80*24*time.Hour), time.Now().Add(10*24*time.Hour))
			}
			r := &replica{t: t, dir: dir, build: program, admin: admin, env: []string{"SSL_CERT_FILE=" + a.RootFile}}
			r.up()
			var old, missing int
			for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
				status, body, err := newAsker(plain, false).get("autoconfig.here.test", "/mobileconfig?email=jo@here.test")
				if err != nil || time.Now().After(deadline) {
					t.Fatalf("no profile signed with the new certificate: %d, %v\n%s", status, err, r.output())
				}
				if status == http.StatusServiceUnavailable && old == 0 {
					missing++
					continue
				}
				signed, err := apple.Verify([]byte(body), a.Roots, time.Now())
				if status == http.StatusOK && err == nil {
					if len(signed.Chain) != 3 {
						t.Errorf("the chain of the signer has %d certificates", len(signed.Chain))
					}
					break
				}
				if old++; !kept || status != http.StatusOK || !errors.Is(err, apple.ErrUntrusted) ||
					!slices.Equal(signed.Signer.DNSNames, []string{"autoconfig.hoster.test"}) {
					t.Fatalf("%d, %v", status, err)
				}
			}
			t.Logf("503 before there was a certificate: %d; signed with the old certificate: %d", missing, old)
			if n := len(a.Orders()); n != 1 {
				t.Errorf("orders: %v", a.Orders())
			}
			if !r.says("/readyz", `"status":"ok"`) {
				t.Error("/readyz is not ok")
			}
		})
	}
}
