package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

// Behind a proxy that passes https through, the client is who the proxy says,
// and who is no trusted proxy can say nothing.
func TestProxyProtocol(t *testing.T) {
	var cert Certificate
	cert.Store(keyPair(t, 1))
	log := &lockedBuffer{}
	o := testOptions(nil)
	o.Log, o.ServesTLS, o.AccessLog, o.LogClients = slog.New(slog.NewTextHandler(log, nil)), true, true, true
	o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}
	s := New(o)
	s.Use(world(t))
	ctx, stop := context.WithCancel(t.Context())
	addrs, ended := running(t, ctx, s, log,
		Listen{HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Admin: "127.0.0.1:0", Certificate: &cert, ProxyProtocol: true})
	header := func(version byte) string {
		client, server := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 55), Port: 5},
			&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}
		b, err := proxyproto.HeaderProxyFromAddrs(version, client, server).Format()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, test := range []struct{ name, from, header, client string }{
		{"the proxy, version 1", "127.0.0.2", header(1), "192.0.2.55"},
		{"the proxy, version 2", "127.0.0.2", header(2), "192.0.2.55"},
		{"the proxy's own check", "127.0.0.2", "PROXY UNKNOWN\r\n", "127.0.0.2"},
		{"the proxy without a word", "127.0.0.2", "", ""},
		{"the proxy, garbled", "127.0.0.2", "PROXY TCP4 192.0.2.300 192.0.2.1 1 443\r\n", ""},
		{"a stranger who claims", "127.0.0.3", header(1), ""},
		{"a stranger", "127.0.0.3", "", "127.0.0.3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := len(log.String())
			status, err := askThrough(t, addrs[2], test.from, test.header)
			if served := err == nil && status == http.StatusOK; served != (test.client != "") {
				t.Fatalf("status %d, %v", status, err)
			}
			if test.client == "" || test.client == "127.0.0.2" { // a proxy's own address is not logged as a client's
				return
			}
			var logged []string
			for range 1000 {
				if logged = regexp.MustCompile(`client=(\S+)`).FindStringSubmatch(log.String()[before:]); logged != nil {
					break
				}
				time.Sleep(5 * time.Millisecond) // the line is written after the answer
			}
			if logged == nil || logged[1] != test.client {
				t.Errorf("the log has %v", logged)
			}
		})
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// askThrough asks by https from an address, with something sent before.
func askThrough(t *testing.T, addr, from, before string) (status int, err error) {
	t.Helper()
	conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(conn, before); err != nil {
		return 0, err
	}
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, ServerName: "autoconfig.example.org"})
	if _, err := io.Copy(secure,
		strings.NewReader("GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.example.org\r\nConnection: close\r\n\r\n")); err != nil {
		return 0, err
	}
	r, err := http.ReadResponse(bufio.NewReader(secure), nil)
	if err != nil {
		return 0, err
	}
	return r.StatusCode, r.Body.Close()
}
