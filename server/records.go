package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"autoconfig/dnssrv"
	"autoconfig/finding"
	"autoconfig/pages"
	"autoconfig/provider"
)

// RecordPlan plans the records of one of the operator's domains; look asks DNS what is published of them. Without a
// plan nothing can be published there.
type RecordPlan func(ctx context.Context, domain string) (plan []dnssrv.RR, look Look, err error)

// Look asks DNS what is published.
type Look = func(context.Context) []finding.Finding

// looks are what DNS said lately. A page that is loaded again asks nothing.
type looks struct {
	mu       sync.Mutex
	byDomain map[string]seen
}

type seen struct {
	at    time.Time
	found func() pages.Records
}

// The bounds of looking, for strangers ask for it.
const (
	lookFor   = 5 * time.Second
	looksGood = time.Minute
	looksKept = 1000
	looksCost = 5 // of a client's allowance, on top of the page's own
	looksMost = 4 // at once
)

// recordsPage shows the owner of a domain what to publish, what is published, and what mail programs find. There is one
// for the operator's own domains; whether any other is served is not said.
func (s *Server) recordsPage(r *request) answer {
	domain, err := provider.ParseDomain(r.Param("domain"))
	if err != nil || r.set.Records == nil {
		return s.missing(r)
	}
	p, err := s.ownProvider(r, domain)
	if err == nil && off(p.Pages.Records) {
		err = provider.ErrNotFound
	}
	if err != nil {
		return s.noPage(r, err)
	}
	plan, look, err := r.set.Records(r.ctx(), domain)
	if err != nil || len(plan) == 0 {
		s.opts.Log.Warn("no records can be planned", "domain", domain, "error", err)
		return s.missing(r)
	}
	of := s.owners(r, pages.Records{Domain: domain, Plan: plan}, p.ServedAt(r.set.ServiceHost), look)
	return s.page(s.pages.Records(s.visit(r), of)).about(domain)
}

// off reports whether a provider's pages are switched off where those of others are not.
func off(pages *bool) bool { return pages != nil && !*pages }

// ownProvider is the provider of one of the operator's own domains.
func (s *Server) ownProvider(r *request, domain string) (*provider.Provider, error) {
	a := provider.Address{Domain: domain}
	p, err := s.question(r, a)
	if err == nil {
		_, err = r.set.Listed.Lookup(r.ctx(), a)
	}
	if err == nil && p.Personal {
		err = provider.ErrNotFound
	}
	m, err := r.atHost(match{Provider: p, Address: a}, err)
	return m.Provider, err
}

// noPage is the answer where there is no page of a domain, or nobody can tell.
func (s *Server) noPage(r *request, err error) answer {
	if errors.Is(err, provider.ErrNotFound) {
		return s.missing(r)
	}
	return s.trouble(r, err)
}

// owners fills in what DNS says about a domain's records, unless the client has asked for too much, and what programs
// find by that.
func (s *Server) owners(r *request, of pages.Records, host string, ask Look) (out pages.Records) {
	set := r.set
	found, ok := set.looks.get(of.Domain, func() bool { return s.allow(r, looksCost) }, func() pages.Records {
		of.Found = s.look(ask)
		of.Programs = s.programs(host, of)
		return of
	})
	if !ok {
		of.Programs = s.programs(host, of)
		return of
	}
	s.away(r, func() { out = found() })
	if out.Found == nil {
		set.looks.forget(of.Domain)
	}
	return out
}

// look asks DNS, when not too many do.
func (s *Server) look(ask Look) []finding.Finding {
	if !s.looking.enter() {
		return nil
	}
	defer s.looking.leave()
	ctx, cancel := context.WithTimeout(context.Background(), lookFor)
	defer cancel()
	return ask(ctx)
}

// get is what was seen of a domain lately, or a new look if that may be.
func (l *looks) get(domain string, may func() bool, look func() pages.Records) (found func() pages.Records, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if have, ok := l.byDomain[domain]; ok && now.Sub(have.at) < looksGood {
		return have.found, true
	}
	if !may() {
		return nil, false
	}
	if l.byDomain == nil || len(l.byDomain) >= looksKept {
		l.byDomain = map[string]seen{}
	}
	found = sync.OnceValue(look)
	l.byDomain[domain] = seen{now, found}
	return found, true
}

func (l *looks) forget(domain string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.byDomain, domain)
}
