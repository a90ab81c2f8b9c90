package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"autoconfig/config"
	"autoconfig/discover"
	"autoconfig/discover/probe"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/server"
	"autoconfig/service"
	"autoconfig/source"
)

// liveTimeout is how long one step of the look from outside may take.
const liveTimeout = 10 * time.Second

// configLive looks at the service and at the mail servers that it announces.
func (a *app) configLive(ctx context.Context, n *network, cfg *config.Config, data *config.Data) ([]finding.Finding, error) {
	var servers []finding.Finding
	var all sync.WaitGroup
	all.Go(func() { servers = a.liveServers(ctx, n, cfg) })
	found, err := a.liveService(ctx, n, cfg, data)
	all.Wait()
	return append(found, servers...), cmp.Or(err, context.Cause(ctx))
}

// serversAtOnce is how many mail servers are looked at at a time.
const serversAtOnce = 16

// liveServers reports what is wrong with the mail servers that the file names,
// where it names them: a closed port, another's certificate, a login method that
// is not offered.
func (a *app) liveServers(ctx context.Context, n *network, cfg *config.Config) []finding.Finding {
	prober := probe.New(probe.Options{LookupHost: n.dnsClient(cfg, 0).LookupHost, Roots: n.roots, ConnectTo: n.connect.to,
		AllowPrivate: true, Step: liveTimeout, Now: a.today, Once: true})
	type announced struct {
		path string
		probe.Result
	}
	seen := map[string]bool{}
	servers := func(yield func(announced) bool) {
		for path, s := range cfg.Servers() {
			if key := visitKey(s); !seen[key] {
				seen[key] = true
				if !yield(announced{path, probe.Result{Server: s}}) {
					return
				}
			}
		}
	}
	visit := func(ctx context.Context, s announced) announced {
		return announced{s.path, prober.Run(ctx, probe.Target{Server: s.Server})}
	}
	var out []finding.Finding
	for r := range query.InOrder(ctx, servers, serversAtOnce, visit) {
		for _, f := range r.Findings {
			if f.Level != finding.Fail && f.Level != finding.Warn {
				continue
			}
			if f.ID == "tls-certificate-name" { // the catalogue's words are for people with a mail program
				f = f.Because("the certificate is for %s", strings.Join(f.Got, " ")).
					Do("announce a name that it covers, or get a certificate for %s", r.Server.Host)
			}
			said := cfg.Fault(f.ID, r.path, f.Subject+": "+f.Cause, f.Fix)
			said.Level = f.Level
			out = append(out, said)
		}
	}
	return out
}

// liveService looks at the service as a client would: the service host has an
// address, its certificate covers it, and this configuration is what answers.
func (a *app) liveService(ctx context.Context, n *network, cfg *config.Config, data *config.Data) ([]finding.Finding, error) {
	host := cfg.ServiceHost
	if host == "" {
		return []finding.Finding{finding.New("server-service-host-missing", cfg.Name())}, nil
	}
	look := liveLook{env: n.environment(n.dnsClient(cfg, 0)), host: host}
	look.env.AllowPrivate = true
	if f := look.resolves(ctx); f.ID != "" {
		return []finding.Finding{f}, nil
	}
	if f := look.covered(ctx); f.ID != "" {
		return []finding.Finding{f}, nil
	}
	set := service.Settings(cfg, data, nil)
	for domain, err := range data.Own().Domains(ctx) { // the first will do
		if source.IsRowError(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return look.same(ctx, set, domain)
	}
	return nil, nil
}

type liveLook struct {
	env  *discover.Env
	host string
}

func (l *liveLook) resolves(ctx context.Context) finding.Finding {
	if l.env.ConnectTo(l.host+":443") != l.host+":443" {
		return finding.Finding{}
	}
	_, err := l.env.Host(ctx, l.host)
	switch {
	case errors.Is(err, provider.ErrNotFound):
		return finding.New("server-service-host-unresolved", l.host)
	case err != nil:
		return finding.New("server-service-host-unresolved", l.host).Because("the addresses of %s cannot be found: %s", l.host, err).Do("check the resolver, or give another one with --resolver")
	}
	return finding.Finding{}
}

func (l *liveLook) covered(ctx context.Context) finding.Finding {
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	conn, err := l.env.Connect(ctx, "tcp", l.host+":443")
	if err != nil {
		return finding.New("server-https-unreachable", l.host+":443").Because("nothing answers https at %s: %s", l.host, err)
	}
	defer func() { _ = conn.Close() }()
	if err := tls.Client(conn, &tls.Config{ServerName: l.host, RootCAs: l.env.Roots}).HandshakeContext(ctx); err != nil {
		return finding.New("server-certificate-invalid", l.host+":443").Because("clients refuse the certificate of %s: %s", l.host, strings.TrimPrefix(err.Error(), "tls: "))
	}
	return finding.Finding{}
}

// same asks for a domain of one's own, and compares the bytes with what this
// configuration serves.
func (l *liveLook) same(ctx context.Context, set *server.Settings, domain string) ([]finding.Finding, error) {
	p, err := set.Source.Lookup(ctx, provider.Address{Domain: domain})
	if err != nil {
		return nil, err
	}
	want, err := server.Render(set, server.FormatMozilla, p, provider.Address{Domain: domain}, server.RenderOptions{})
	if err != nil {
		return nil, err
	}
	url := "https://" + l.host + "/v1.1/" + domain
	status, got, err := l.get(ctx, url)
	switch {
	case err != nil:
		return []finding.Finding{finding.New("server-https-unreachable", url).Because("%s", err)}, nil
	case status != http.StatusOK || !bytes.Equal(got, want):
		return []finding.Finding{finding.New("server-answer-other", url).Because("%s answers with status %d and %d octets, this configuration would serve %d", url, status, len(got), len(want))}, nil
	}
	return nil, nil
}

func (l *liveLook) get(ctx context.Context, url string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	tr := &http.Transport{DialContext: l.env.Connect, TLSClientConfig: &tls.Config{RootCAs: l.env.Roots}, DisableKeepAlives: true}
	r, err := tr.RoundTrip(req)
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", url, err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	return r.StatusCode, body, err
}
