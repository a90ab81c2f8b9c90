package service

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
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
	"autoconfig/source"
)

// liveTimeout is how long one step of the look from outside may take.
const liveTimeout = 10 * time.Second

// Live looks from outside, through env, at the running service and at the mail servers that it announces.
func Live(ctx context.Context, env *discover.Env, cfg *config.Config, data *config.Data, now func() time.Time) (
	[]finding.Finding, error) {
	var servers []finding.Finding
	var all sync.WaitGroup
	all.Go(func() { servers = liveServers(ctx, env, cfg, now) })
	found, err := liveService(ctx, env, cfg, data)
	all.Wait()
	return append(found, servers...), cmp.Or(err, context.Cause(ctx))
}

const serversAtOnce = 16

// liveServers reports what is wrong with the mail servers that the file names, where it names them: a closed port,
// another's certificate, a login method that is not offered.
func liveServers(ctx context.Context, env *discover.Env, cfg *config.Config, now func() time.Time) []finding.Finding {
	prober := probe.New(probe.Options{Env: env, Step: liveTimeout, Now: now, Once: true})
	type announced struct {
		path string
		probe.Result
	}
	var servers []announced
	seen := map[string]bool{}
	for path, s := range cfg.Servers() {
		if key := probe.Key(s); !seen[key] {
			seen[key] = true
			servers = append(servers, announced{path, probe.Result{Server: s}})
		}
	}
	visit := func(ctx context.Context, s announced) announced {
		return announced{s.path, prober.Run(ctx, probe.Target{Server: s.Server})}
	}
	var out []finding.Finding
	for r := range query.InOrder(ctx, slices.Values(servers), serversAtOnce, visit) {
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

// liveService looks at the service as a client would, by each of its hosts.
func liveService(ctx context.Context, env *discover.Env, cfg *config.Config, data *config.Data) (
	out []finding.Finding, err error) {
	if cfg.HostMissing() {
		out = append(out, finding.New("server-service-host-missing", cfg.Name()))
	}
	set := Settings(cfg, data, nil)
	domains, err := liveDomains(ctx, set, data)
	for _, host := range cfg.ServiceHosts() {
		if err != nil {
			break
		}
		var f finding.Finding
		if f, err = liveHost(ctx, env, set, host, domains[host]); f.ID != "" {
			out = append(out, f)
		}
	}
	return out, err
}

// liveHost looks at one service host: it has an address, its certificate covers it, and what it answers about a domain,
// unless that is empty, is what these settings would serve.
func liveHost(ctx context.Context, env *discover.Env, set *server.Settings, host, domain string) (
	f finding.Finding, err error) {
	https := host + ":443"
	if _, err := env.Host(ctx, host); err != nil && env.ConnectTo(https) == https {
		f := finding.New("server-service-host-unresolved", host)
		if !errors.Is(err, provider.ErrNotFound) {
			f = f.Because("the addresses of %s cannot be found: %s", host, err).
				Do("check the resolver, or give another one with --resolver")
		}
		return f, nil
	}
	url := "https://" + host + "/v1.1/" + domain
	status, got, err := get(ctx, env, url, 1<<20)
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return finding.New("server-certificate-invalid", https).
			Because("clients refuse the certificate of %s: %s", host, untrusted.Err), nil
	}
	if err != nil {
		return finding.New("server-https-unreachable", https).
			Because("nothing answers https at %s: %s", https, err), nil
	}
	if domain == "" {
		return f, nil
	}
	p, err := set.Source.Lookup(ctx, provider.Address{Domain: domain})
	if err != nil {
		return f, err
	}
	want, err := server.Render(set, server.FormatMozilla, p, provider.Address{Domain: domain}, server.RenderOptions{})
	if err != nil || status == http.StatusOK && bytes.Equal(got, want) {
		return f, err
	}
	return finding.New("server-answer-other", url).
		Because("%s answers with status %d and %d octets, this configuration would serve %d",
			url, status, len(got), len(want)), nil
}

// liveDomains are domains to ask the service hosts about: the first of each, among the operator's first thousand.
func liveDomains(ctx context.Context, set *server.Settings, data *config.Data) (map[string]string, error) {
	out, seen := map[string]string{}, 0
	for domain, err := range data.Own().Domains(ctx) {
		if source.IsRowError(err) {
			continue
		}
		var p *provider.Provider
		if err == nil {
			p, err = set.Source.Lookup(ctx, provider.Address{Domain: domain})
		}
		if err != nil {
			return nil, err
		}
		if host := p.ServedAt(set.ServiceHost); out[host] == "" {
			out[host] = domain
		}
		if seen++; seen == 1000 || len(out) > len(set.Hosts) {
			break
		}
	}
	return out, nil
}
