//go:build e2e

package e2e

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"autoconfig/acme/acmetest"
)

const passThroughConfig = replicaConfig + `
listen_tls: LISTEN_TLS
tls:
  proxy_protocol: true
  acme: {directory: "DIRECTORY", storage: "DSN"}
`

// Two replicas that have their certificates on demand, behind HAProxy that
// passes https through as deploy/haproxy-passthrough.cfg has it: each name is
// ordered once, and the loss of a replica costs at most what it was doing.
func TestPassThrough(t *testing.T) {
	f := newFleet(t)
	dns := testNames(t)
	a := acmetest.Start(t, acmetest.Options{HTTP: f.http, TLS: f.https, DNS: dns.Addr()})
	f.start(t, strings.NewReplacer("DSN", customerTable(t), "DNS", dns.Addr(), "DIRECTORY",
		a.Directory).Replace(passThroughConfig), "SSL_CERT_FILE="+a.RootFile)
	passThrough.start(t, f)

	certified := func(name string) string {
		d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 40 * time.Second},
			Config: &tls.Config{ServerName: name, RootCAs: a.Roots}}
		conn, err := d.Dial("tcp", f.https)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return ""
		}
		defer func() { _ = conn.Close() }()
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	var all sync.WaitGroup
	for n := range 8 { // two for each name, which HAProxy gives to one replica each
		all.Go(func() { certified(fmt.Sprintf("autoconfig.customer%d.test", n/2)) })
	}
	certified("autoconfig.hoster.test")
	all.Wait()
	for name, n := range a.Orders() {
		if n != 1 {
			t.Errorf("%s ordered %d times", name, n)
		}
	}
	if n := len(a.Orders()); n != 5 {
		t.Errorf("%d names ordered", n)
	}

	askers := []*asker{newTLSAsker(f.https), newTLSAsker(f.https), newAsker(f.http, true), newAsker(f.http, false)}
	l := startLoad(t, false, askers...)
	l.during(t, "killed", func() {
		f.first.signal(t, syscall.SIGKILL)
		<-f.first.done
	})
	l.during(t, "started again", func() {
		f.first.up()
		f.first.serves()
	})
	l.mu.Lock()
	if len(l.wrong) > len(askers) {
		t.Errorf("%d requests were lost with the replica, the first: %s", len(l.wrong), l.wrong[0])
	}
	l.wrong = nil
	l.mu.Unlock()
	for _, r := range []*replica{f.first, f.second} {
		l.during(t, "stopped", r.stop)
		l.during(t, "started again", func() {
			r.up()
			r.serves()
		})
	}
	l.stop(t)
}
