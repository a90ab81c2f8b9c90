package doctor

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"autoconfig/discover/probe"
	"autoconfig/finding"
	"autoconfig/provider"
)

// visits are the visits to mail servers, each begun as soon as its server is known, each server once.
type visits struct {
	prober  *probe.Prober
	permits *permits
	login   bool

	mu      sync.Mutex
	seen    map[string]bool
	waiting []provider.Server // of settings that deserve no password, unless better ones name the server too
	results []probe.Result
	running sync.WaitGroup
}

// add visits a server. With a login, one whose settings are not trusted waits for the end of discovery, as other
// clients may find it over verified https.
func (v *visits) add(ctx context.Context, s provider.Server, trusted bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen[probe.Key(s)] {
		return
	}
	if v.login && !trusted {
		v.waiting = append(v.waiting, s)
		return
	}
	v.start(ctx, s, trusted)
}

// start begins a visit; v.mu is held.
func (v *visits) start(ctx context.Context, s provider.Server, trusted bool) {
	v.seen[probe.Key(s)] = true
	v.running.Go(func() {
		allowed := v.login && trusted && v.permits.allowed(s.Host)
		r := v.prober.Run(ctx, probe.Target{Server: s, Trusted: trusted, Allowed: allowed})
		v.mu.Lock()
		defer v.mu.Unlock()
		v.results = append(v.results, r)
	})
}

// finish visits the servers that waited, and waits for all.
func (v *visits) finish(ctx context.Context) []probe.Result {
	v.mu.Lock()
	for _, s := range v.waiting {
		if !v.seen[probe.Key(s)] {
			v.start(ctx, s, false)
		}
	}
	v.mu.Unlock()
	v.running.Wait()
	order := []provider.Protocol{provider.IMAP, provider.POP3, provider.SMTP, provider.ManageSieve}
	slices.SortFunc(v.results, func(a, b probe.Result) int {
		return cmp.Or(slices.Index(order, a.Server.Protocol)-slices.Index(order, b.Server.Protocol),
			strings.Compare(probe.Key(a.Server), probe.Key(b.Server)))
	})
	probe.Advise(v.results)
	return v.results
}

func serverGroup(results []probe.Result) finding.Group {
	g := finding.Group{Title: "Mail servers"}
	if len(results) == 0 {
		g.Line = "none to look at: neither the configuration nor any program's discovery names one"
	}
	for _, r := range results {
		g.Findings = append(g.Findings, r.Findings...)
		if !r.Answered {
			continue
		}
		add := func(what, value string) {
			if value != "" {
				g.Facts = append(g.Facts, probe.Subject(r.Server)+" "+what+": "+value)
			}
		}
		add("greeting", r.Greeting)
		add("encryption", r.TLS)
		add("certificate", r.Cert)
		add("offers before STARTTLS", strings.Join(r.Before, ", "))
		add("offers", strings.Join(r.After, ", "))
	}
	return g
}

// permits answers whether a host may be given the secret.
type permits struct {
	*Doctor
	mx func() []string // the domain's mail exchangers

	mu      sync.Mutex // one question at a time
	answers map[string]bool
}

func (d *Doctor) permits(ctx context.Context) *permits {
	return &permits{Doctor: d, answers: map[string]bool{}, mx: sync.OnceValue(func() []string {
		mx, err := d.Env.MX(ctx, d.Address.Domain)
		if err != nil {
			return nil // then only the domain's own hosts are trusted
		}
		return mx
	})}
}

// allowed: the domain's own hosts and those of its mail exchangers, hosts that were named, and hosts that a person says
// yes to.
func (p *permits) allowed(host string) bool {
	if slices.ContainsFunc(p.LoginHosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return true
	}
	if !probe.Foreign(host, p.Address.Domain, p.mx()) {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, asked := p.answers[host]; !asked {
		p.answers[host] = p.Allow(host)
	}
	return p.answers[host]
}
