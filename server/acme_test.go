package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"autoconfig/acme"
	"autoconfig/acme/acmetest"
	"autoconfig/provider"
	"autoconfig/source"
)

// The manager of certificates asks the server which names are listed, and shows
// in /readyz and the metrics.
func TestACMEListener(t *testing.T) {
	log := &lockedBuffer{}
	s := newTestServer(t, func(o *Options, _ *Settings) { o.Log = slog.New(slog.NewTextHandler(log, nil)) })
	ctx, stop := context.WithCancel(t.Context())
	from := acme.Options{Authorities: []acme.Authority{{Directory: "http://127.0.0.1:1/directory"}},
		Storage: acme.Folder(t.TempDir())}
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
	for _, want := range []string{"autoconfig_certificates_failing 1\n",
		`autoconfig_certificate_orders_total{result="failed"} 1` + "\n"} {
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
		said := map[int]string{200: "yes\n", 404: "no\n", 503: "temporarily unavailable\n"}[step.status]
		r := ask(t, s.Admin(), "GET /ask?domain="+step.host, "")
		if body := bodyOf(t, r); r.StatusCode != step.status || body != said ||
			(r.Header.Get("Retry-After") != "") != (step.status == 503) {
			t.Errorf("%s leads to %q: %d %q %v", step.host, step.leads, r.StatusCode, body, r.Header)
		}
	}
	metrics := bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))
	for _, want := range []string{`{reason="acme-name-elsewhere"} 3`, `{reason="acme-name-unanswered"} 2`,
		`{reason="acme-name-unlisted"} 1`} {
		if !strings.Contains(metrics, "autoconfig_certificates_refused_total"+want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}

// After a purge of its domain a name is looked up again at once, and one that leads here by now may have a certificate.
func TestAskAfterPurge(t *testing.T) {
	at, now := "203.0.113.2", time.Now()
	s := newTestServer(t, func(_ *Options, set *Settings) {
		set.Leads = acme.NewLeads(acme.LeadsOptions{Now: func() time.Time { return now },
			Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
				if host == set.ServiceHost {
					return []netip.Addr{netip.MustParseAddr("203.0.113.1")}, nil
				}
				return []netip.Addr{netip.MustParseAddr(at)}, nil
			}})
	})
	for _, step := range []struct {
		purged string
		status int
	}{{"", 404}, {"", 404}, {"example.net", 404}, {"example.org", 200}} {
		if step.purged != "" {
			s.Purged(step.purged)
		}
		if r := ask(t, s.Admin(), "GET /ask?domain=autoconfig.example.org", ""); r.StatusCode != step.status {
			t.Errorf("after a purge of %q: %d, want %d", step.purged, r.StatusCode, step.status)
		}
		at = "203.0.113.1"
	}
}

// A certificate in memory says in the metrics when it ends, and is no longer used once its domain is unlisted and
// purged.
func TestPurgedCertificate(t *testing.T) {
	log := &lockedBuffer{}
	s := newTestServer(t, func(o *Options, _ *Settings) { o.Log = slog.New(slog.NewTextHandler(log, nil)) })
	ctx, stop := context.WithCancel(t.Context())
	storage, directory, end := acme.Folder(t.TempDir()), "http://127.0.0.1:1/directory", time.Now().Add(80*24*time.Hour)
	acmetest.Keep(t, storage, directory, "autoconfig.example.org", time.Now().Add(-time.Hour), end)
	from := acme.Options{Authorities: []acme.Authority{{Directory: directory}}, Storage: storage}
	addrs, ended := running(t, ctx, s, log, Listen{HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", ACME: &from})
	served := func() bool {
		conn, err := tls.Dial("tcp", addrs[2], &tls.Config{ServerName: "autoconfig.example.org", InsecureSkipVerify: true})
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}
	gone := world(t)
	gone.Listed = source.NewIndex(1, 1)
	manager := s.acme.Load()
	for range 2 { // the first use has it looked after as well, and only the first
		s.Use(world(t))
		if !served() {
			t.Fatal("the certificate that is there is not served")
		}
		want := fmt.Sprintf("autoconfig_certificate_expiry_seconds %g\n", float64(end.Unix()))
		if !strings.Contains(bodyOf(t, ask(t, s.Admin(), "GET /metrics", "")), want) {
			t.Error("no " + want)
		}
		s.Use(gone)
		s.Purged("example.org")
		eventually(t, "the certificate is dropped", func() bool { return manager.InMemory("autoconfig.example.org") == nil })
		if served() {
			t.Error("a certificate of a domain that is not listed")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
