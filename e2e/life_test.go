//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"autoconfig/acme/acmetest"
)

// resellerConfig remembers for hours what the database says, and has a second provider.
var resellerConfig = strings.NewReplacer(
	"provider: hosting, domain: SELECT 1 FROM domain WHERE domain = :domain, cache: {ttl: 1s, negative_ttl: 1s}",
	"domain: SELECT provider FROM customers WHERE domain = :domain, list: SELECT domain FROM customers, cache: {ttl: 5h, negative_ttl: 5h}",
	"sources:", `  - id: reseller
    name: Reseller Mail
    incoming: [imaps://mail.reseller.test]
    outgoing: [submissions://mail.reseller.test]
sources:`).Replace(passThroughConfig) + "audit_log: audit.log\n"

// A customer is inserted, gets a certificate and a first client, moves to a reseller, and is deleted: over two replicas
// behind HAProxy that passes https through, over one PostgreSQL, with Pebble as the authority. Each step counts at both
// replicas within 100 ms of its purge, at whichever it is.
func TestCustomersLife(t *testing.T) {
	f := newFleet(t)
	dns, dsn := testNames(t), customerTable(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	exec := func(statement string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE customers (domain text PRIMARY KEY, provider text NOT NULL)")
	a := acmetest.Start(t, acmetest.Options{HTTP: f.http, TLS: f.https, DNS: dns.Addr()})
	f.start(t, strings.NewReplacer("DSN", dsn, "DNS", dns.Addr(), "DIRECTORY", a.Directory).Replace(resellerConfig),
		"SSL_CERT_FILE="+a.RootFile)
	passThrough.start(t, f)
	const domain, host = "life.test", "autoconfig.life.test"

	replicas := []*asker{newAsker("127.0.0.2:"+f.plain, true), newAsker("127.0.0.3:"+f.plain, true)}
	both := func(status int, text string) bool {
		for _, r := range replicas {
			got, body, err := r.get(host, settingsPath)
			if err != nil || got != status || !strings.Contains(body, text) {
				return false
			}
		}
		return true
	}
	// change does something in the database, and purges at a replica; the time is from the purge to its effect at both.
	change := func(what, statement string, at *replica, status int, text string) {
		t.Helper()
		if both(status, text) {
			t.Fatalf("%s: it counts already", what)
		}
		exec(statement)
		begin := time.Now()
		if code, body, err := newAsker(at.admin, false).do(http.MethodPost, "localhost", "/purge?domain="+domain,
			""); err != nil || code != 200 {
			t.Fatalf("purge: %d %q %v", code, body, err)
		}
		asked := time.Now()
		until(t, what, func() bool { return both(status, text) })
		t.Logf("%s: the purge took %v, %v later both replicas say so", what, asked.Sub(begin).Round(10*time.Microsecond),
			time.Since(asked).Round(10*time.Microsecond))
	}
	handshake := func() (serial string, took time.Duration, err error) {
		begin := time.Now()
		d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 40 * time.Second},
			Config: &tls.Config{ServerName: host, RootCAs: a.Roots}}
		c, err := d.Dial("tcp", f.https)
		if err != nil {
			return "", 0, err
		}
		defer func() { _ = c.Close() }()
		return c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String(), time.Since(begin), nil
	}
	if !both(404, "") {
		t.Fatal("it is there before it comes")
	}
	if _, _, err := handshake(); err == nil {
		t.Error("a certificate for nobody")
	}
	change("insert", "INSERT INTO customers VALUES ('life.test', 'hosting')", f.first, 200, "mail.hoster.test")
	serial, took, err := handshake()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("certificate: %v with its order", took.Round(time.Millisecond))
	again, took, err := handshake()
	if err != nil || again != serial {
		t.Errorf("the next client: %v, another certificate: %v", err, again != serial)
	}
	t.Logf("the next handshake, with that certificate: %v", took.Round(10*time.Microsecond))
	begin := time.Now()
	client := &asker{"https://" + f.https,
		client(&http.Transport{TLSClientConfig: &tls.Config{ServerName: host, RootCAs: a.Roots}})}
	if status, body, err := client.get(host, settingsPath+"?emailaddress=anna@life.test"); err != nil || status != 200 ||
		!strings.Contains(body, "<domain>life.test</domain>") {
		t.Errorf("the first client: %d %s %v", status, body, err)
	}
	t.Logf("the first client's settings, by https through the proxy: %v", time.Since(begin).Round(10*time.Microsecond))
	change("to a reseller", "UPDATE customers SET provider = 'reseller'", f.second, 200, "mail.reseller.test")
	change("delete", "DELETE FROM customers", f.first, 404, "")
	begin = time.Now()
	until(t, "the certificate is no longer given out", func() bool { _, _, err := handshake(); return err != nil })
	t.Logf("no certificate any more: %v after that", time.Since(begin).Round(time.Millisecond))
	if n := a.Orders()[host]; n != 1 {
		t.Errorf("%d orders", n)
	}
	for _, r := range []*replica{f.first, f.second} {
		text, err := os.ReadFile(filepath.Join(r.dir, "audit.log"))
		if err != nil || strings.Contains(string(text), "anna") {
			t.Error(err, string(text))
		}
		t.Logf("audit.log of %s:\n%s", r.admin, text)
	}
}
