package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"autoconfig/discover/probe"
	"autoconfig/provider"
)

// visits are the visits to mail servers, each begun as soon as its server is
// known, each server once.
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

func visitKey(s provider.Server) string { return probe.Subject(s) + "/" + string(s.Security) }

// add visits a server. With a login, one whose settings are not trusted waits
// for the end of discovery, as other clients may find it over verified https.
func (v *visits) add(ctx context.Context, s provider.Server, trusted bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen[visitKey(s)] {
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
	v.seen[visitKey(s)] = true
	v.running.Go(func() {
		r := v.prober.Run(ctx, v.permits.target(s, trusted, v.login))
		v.mu.Lock()
		defer v.mu.Unlock()
		v.results = append(v.results, r)
	})
}

// finish visits the servers that waited, and waits for all.
func (v *visits) finish(ctx context.Context) []probe.Result {
	v.mu.Lock()
	for _, s := range v.waiting {
		if !v.seen[visitKey(s)] {
			v.start(ctx, s, false)
		}
	}
	v.mu.Unlock()
	v.running.Wait()
	order := []provider.Protocol{provider.IMAP, provider.POP3, provider.SMTP, provider.ManageSieve}
	slices.SortFunc(v.results, func(a, b probe.Result) int {
		return cmp.Or(slices.Index(order, a.Server.Protocol)-slices.Index(order, b.Server.Protocol),
			strings.Compare(visitKey(a.Server), visitKey(b.Server)))
	})
	probe.Advise(v.results)
	return v.results
}

// serverGroup is what was seen of the servers.
func serverGroup(results []probe.Result) findingGroup {
	g := findingGroup{title: "Mail servers"}
	if len(results) == 0 {
		g.line = "none to look at: neither the configuration nor any program's discovery names one"
	}
	for _, r := range results {
		g.findings = append(g.findings, r.Findings...)
		if !r.Answered {
			continue
		}
		add := func(what, value string) {
			if value != "" {
				g.facts = append(g.facts, probe.Subject(r.Server)+" "+what+": "+value)
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
