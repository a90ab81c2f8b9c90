package server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"autoconfig/acme"
	"autoconfig/provider"
)

// The manager of certificates asks the server which names are listed, and shows
// in /readyz and the metrics.
func TestACMEListener(t *testing.T) {
	log := &lockedBuffer{}
	s := newTestServer(t, func(o *Options, _ *Settings) { o.Log = slog.New(slog.NewTextHandler(log, nil)) })
	ctx, stop := context.WithCancel(t.Context())
	from := acme.Options{Authorities: []acme.Authority{{Directory: "http://127.0.0.1:1/directory"}}, Storage: acme.Folder(t.TempDir())}
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

// /ask says yes where a name leads here, no where it leads elsewhere, and neither
// while DNS does not say, unless it led here before.
func TestAskLeads(t *testing.T) {
	at, now := map[string]string{}, time.Now()
	s := newTestServer(t, func(_ *Options, set *Settings) {
		set.Leads = acme.NewLeads(acme.LeadsOptions{Now: func() time.Time { return now },
			Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
				switch at[host] {
				case "":
					return nil, provider.ErrNotFound
				case "silent":
					return nil, provider.ErrUnavailable
				}
				return []netip.Addr{netip.MustParseAddr(at[host])}, nil
			}})
	})
	at[s.settings.Load().ServiceHost] = "203.0.113.1"
	for _, step := range []struct {
		host, leads string
		status      int
	}{
		{"autoconfig.example.org", "203.0.113.1", 200},
		{"autodiscover.example.org", "203.0.113.2", 404},
		{"ua-auto-config.example.org", "", 404},
		{"ua-auto-config.example.net", "silent", 503},
		{"autoconfig.example.org", "silent", 200},
		{"autoconfig.example.org:443", "203.0.113.2", 404},
		{"autoconfig.stranger.example", "203.0.113.1", 404},
		{s.settings.Load().ServiceHost, "silent", 200},
	} {
		at[strings.TrimSuffix(step.host, ":443")] = step.leads
		now = now.Add(time.Hour)
		if r := ask(t, s.Admin(), "GET /ask?domain="+step.host, ""); r.StatusCode != step.status {
			t.Errorf("%s leads to %q: %d", step.host, step.leads, r.StatusCode)
		}
	}
	metrics := bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))
	for _, want := range []string{`{reason="acme-name-elsewhere"} 3`, `{reason="acme-name-unanswered"} 2`, `{reason="acme-name-unlisted"} 1`} {
		if !strings.Contains(metrics, "autoconfig_certificates_refused_total"+want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}
