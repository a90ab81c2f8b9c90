package main

import (
	"crypto/tls"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/config"
	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/server"
	"autoconfig/service"
)

const liveConfig = `
service_host: example.com
providers:
  - domains: [example.org]
    incoming: [imaps://mail.example.org]
    outgoing: [submissions://mail.example.org]
`

// config check --live against a service that is right, that serves something
// else, whose certificate nobody trusts, and that is not there.
func TestConfigCheckLive(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "autoconfig.yaml")
	if err := os.WriteFile(conf, []byte(liveConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _ := config.Load(conf)
	data, _ := cfg.Data()
	srv := server.New(server.Options{PerMinute: 60, Burst: 30, Log: quiet()})
	srv.Use(service.Settings(cfg, data, nil))
	good := httptest.NewTLSServer(srv) // its certificate is for example.com
	defer good.Close()
	other := httptest.NewTLSServer(http.NotFoundHandler())
	defer other.Close()
	authority := probetest.NewAuthority()
	root, err := os.ReadFile(authority.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, append(root,
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: good.Certificate().Raw})...), 0o600); err != nil {
		t.Fatal(err)
	}
	imap := probetest.Play(t, authority.TLS(90*probetest.Day, "mail.example.org"),
		strings.ReplaceAll(imapScript, "MEET\n", "")).Addr
	const smtps = "TLS\nS: 220 x\nC: EHLO\nS: 250-x\nS: 250 AUTH "
	smtp := probetest.Play(t, authority.TLS(90*probetest.Day, "mail.example.org"), smtps+"PLAIN").Addr
	ntlm := probetest.Play(t, authority.TLS(3*probetest.Day, "mail.example.org"), smtps+"NTLM").Addr
	others := probetest.Play(t, authority.TLS(90*probetest.Day, "mx.example.net"), smtps+"PLAIN").Addr
	dns := dnstest.Start(t, "example.com. 300 IN SOA ns.invalid. h.invalid. 1 1 1 1 300\n").Addr()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	to := func(addr string) string { return "example.com:443:" + addr }
	mail := func(imap, smtp string) []string {
		return []string{"--ca", ca, "--connect-to", to(good.Listener.Addr().String()), "--connect-to",
			"mail.example.org:993:" + imap, "--connect-to", "mail.example.org:465:" + smtp}
	}
	nobody := closed.Addr().String()
	for _, test := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"right", mail(imap, smtp), 0, "fine"},
		{"a closed port", mail(nobody, smtp), 1, conf + ":5:16: providers[0].incoming[0]: imap mail.example.org:993: "},
		{"another's certificate", mail(imap, others), 1,
			conf + ":6:16: providers[0].outgoing[0]: smtp mail.example.org:465: the certificate is for mx.example.net; announce a name that it covers, or get a certificate for mail.example.org [tls-certificate-name]"},
		{"another way to log in", mail(imap, ntlm),
			1, "the settings name the login method password, and the server offers NTLM"},
		{"another protocol", mail(smtp, smtp), 1, "[imap-answer-unexpected]"},
		{"another server", []string{"--ca", ca, "--connect-to", to(other.Listener.Addr().String())}, 1,
			"server-answer-other"},
		{"not trusted", []string{"--connect-to", to(good.Listener.Addr().String())}, 1, "server-certificate-invalid"},
		{"not there", []string{"--connect-to", to(closed.Addr().String())}, 1, "server-https-unreachable"},
		{"no address", []string{"--resolver", dns}, 1, "server-service-host-unresolved"},
		{"no resolver", []string{"--resolver", nobody}, 1, "--resolver"},
		{"bad flag", []string{"--connect-to", "x"}, 2, "write HOST:PORT:HOST:PORT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{"config", "check", "--live", conf, "--connect-to", "mail.example.org::" + nobody},
				test.args...)
			status, out, words := run1(t, "", args...)
			if status != test.status || !strings.Contains(out+words, test.want) {
				t.Errorf("%d\n%s%s", status, out, words)
			}
		})
	}
	t.Run("a reseller's host", func(t *testing.T) { // which the certificate does not cover
		reseller := filepath.Join(dir, "reseller.yaml")
		text := liveConfig + "    service_host: reseller.example.net\n"
		if err := os.WriteFile(reseller, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args := append([]string{"config", "check", "--live", reseller, "--connect-to",
			"reseller.example.net:443:" + good.Listener.Addr().String()}, mail(imap, smtp)...)
		status, out, words := run1(t, "", args...)
		if status != 1 || !strings.Contains(out+words, "clients refuse the certificate of reseller.example.net") ||
			strings.Contains(out+words, "of example.com") {
			t.Errorf("%d\n%s%s", status, out, words)
		}
	})
	if _, err := tls.Dial("tcp", good.Listener.Addr().String(), nil); err == nil {
		t.Error("the test certificate is trusted by the system, so the test shows nothing")
	}
}
