package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jimlambrt/gldap"

	"autoconfig/provider"
)

// A wrong password, an authority nobody trusts and a server that is gone are
// failures, and none of them "not served".
func TestLDAPFailures(t *testing.T) {
	d := startDirectory(t)
	for name, change := range map[string]func(*LDAPOptions){
		"password":  func(q *LDAPOptions) { q.Password = "wrong" },
		"authority": func(q *LDAPOptions) { q.TLS = &tls.Config{ServerName: "localhost", RootCAs: x509.NewCertPool()} },
		"address":   func(q *LDAPOptions) { q.URL = "ldap://127.0.0.1:1" },
	} {
		log := &logBook{}
		q := ldapQueries(d.url, d.tls)
		change(&q)
		b := openTestLDAP(t, testOptions(log), q)
		if err := b.Check(t.Context()); err == nil || !b.Down() {
			t.Errorf("%s: %v, down %v", name, err, b.Down())
		}
		var last error
		for _, err := range b.With(testProviders()).Domains(t.Context()) {
			last = err
		}
		if !errors.Is(last, provider.ErrUnavailable) {
			t.Errorf("%s: a list that ends without an error: %v", name, last)
		}
		if !strings.Contains(log.String(), "source=customers query=domain") ||
			strings.Contains(log.String(), directoryPassword) {
			t.Errorf("%s: the log:\n%s", name, log)
		}
	}
}

// Connections that the server closed are replaced, and a search that takes
// too long ends in time.
func TestLDAPLostConnections(t *testing.T) {
	d, log := startDirectory(t), &logBook{}
	b := openTestLDAP(t, testOptions(log), ldapQueries(d.url, d.tls))
	s, ok := b.store.(*ldapStore)
	if !ok {
		t.Fatal("no LDAP store")
	}
	if _, err := s.domain(t.Context(), "shop.example"); err != nil {
		t.Fatal(err)
	}
	conn := <-s.idle
	_ = conn.Close()
	s.idle <- conn
	if id, err := s.domain(t.Context(), "shop.example"); err != nil || id != "hosting" {
		t.Errorf("after a lost connection: %q %v", id, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.domain(gone, "shop.example"); err == nil {
		t.Error("an answer for a caller that has left")
	}
}

// Where TLS cannot begin, the password is not sent; a directory that wants none is asked without.
func TestLDAPBinds(t *testing.T) {
	d := startDirectory(t)
	d.noTLS = true
	q := ldapQueries(d.url, d.tls)
	if err := openTestLDAP(t, testOptions(&logBook{}), q).Check(t.Context()); err == nil || d.binds.Load() > 0 {
		t.Errorf("%v, %d binds in the clear", err, d.binds.Load())
	}
	q.StartTLS, q.BindDN, q.Password = false, "", ""
	if err := openTestLDAP(t, testOptions(&logBook{}), q).Check(t.Context()); err != nil || d.binds.Load() > 0 {
		t.Errorf("%v, %d binds of nobody", err, d.binds.Load())
	}
}

// What a directory refuses is a failure without the words about a person; one that has no time is asked again over
// other connections, and none of those is kept.
func TestLDAPRefusals(t *testing.T) {
	for code, connections := range map[int]int{
		gldap.ResultInsufficientAccessRights: 1, gldap.ResultSizeLimitExceeded: 1, gldap.ResultBusy: tries,
		gldap.ResultUnavailable: tries,
	} {
		d, log := startDirectory(t), &logBook{}
		d.refuse = code
		b := openTestLDAP(t, testOptions(log), ldapQueries(d.url, d.tls))
		before := d.closed.Load() // that of the start
		_, err := b.askLogin(t.Context(), "secret.person@shop.example")
		if err == nil || errors.Is(err, provider.ErrNotFound) || errors.Is(err, errStatement) != (connections == 1) {
			t.Errorf("%d: %v", code, err)
		}
		if text := log.String(); !strings.Contains(text, "query=user") || strings.Contains(text, "secret.person") {
			t.Errorf("%d: the log:\n%s", code, text)
		}
		s, ok := b.store.(*ldapStore)
		if !ok || len(s.idle) != connections%tries {
			t.Errorf("%d: %d connections are kept", code, len(s.idle))
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		for end := time.Now().Add(20 * time.Second); d.closed.Load()-before < int32(connections); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d: %d of %d connections are closed", code, d.closed.Load()-before, connections)
			}
		}
	}
}

// A directory that is silent is given up in time, by the list too, which may take as long as it likes once it answers.
func TestLDAPSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // its backlog takes connections
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	o, q := testOptions(&logBook{}), ldapQueries("ldaps://"+l.Addr().String(), nil)
	o.Cache.Timeout = 100 * time.Millisecond
	rows := openTestLDAP(t, o, q).With(testProviders())
	for _, err = range rows.Domains(context.Background()) {
	}
	if !errors.Is(err, provider.ErrUnavailable) {
		t.Errorf("a list of nobody: %v", err)
	}
}
