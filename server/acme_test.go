package server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"strings"
	"testing"

	"autoconfig/acme"
)

// The manager of certificates asks the server which names are listed, and shows
// in /readyz and the metrics.
func TestACMEListener(t *testing.T) {
	log := &lockedBuffer{}
	s := newTestServer(t, func(o *Options, _ *Settings) { o.Log = slog.New(slog.NewTextHandler(log, nil)) })
	ctx, stop := context.WithCancel(t.Context())
	from := acme.Options{Directory: "http://127.0.0.1:1/directory", Storage: acme.Folder(t.TempDir())}
	addrs, ended := running(t, ctx, s, log, Listen{HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", ACME: &from})
	for _, name := range []string{"autoconfig.stranger.example", "autoconfig.example.org"} {
		if _, err := tls.Dial("tcp", addrs[2], &tls.Config{ServerName: name, InsecureSkipVerify: true}); err == nil {
			t.Error(name, "has a certificate from nowhere")
		}
	}
	ready := bodyOf(t, ask(t, s.Admin(), "GET /readyz", ""))
	for _, want := range []string{`"degraded"`, `"failing":1`, "acme-authority-unreachable"} {
		if !strings.Contains(ready, want) {
			t.Errorf("no %s in %s", want, ready)
		}
	}
	metrics := bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))
	for _, want := range []string{"autoconfig_certificates_failing 1\n", `autoconfig_certificate_orders_total{result="failed"} 1` + "\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s", want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
