package service

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"autoconfig/config"
	"autoconfig/provider"
	"autoconfig/source"
)

// replicas forward purges to one another.
type replicas interface {
	Notify(ctx context.Context, domain string) error
	Listen(ctx context.Context, heard func(domain string))
}

// purge forgets a domain at all known replicas.
func (s *Service) purge(ctx context.Context, domain string) error {
	s.forget(domain)
	if s.replicas == nil {
		return nil
	}
	return s.replicas.Notify(ctx, domain)
}

// forget drops a domain from the caches of this replica, or expires all of them.
func (s *Service) forget(domain string) {
	for _, rows := range s.sources.all() {
		rows.Forget(domain)
	}
	if s.mx != nil {
		s.mx.Forget(domain)
	}
	s.srv.Purged(domain)
}

// listen forgets the domains that other replicas, or the operator's own programs, name.
func (s *Service) listen(ctx context.Context) {
	s.replicas.Listen(ctx, func(text string) {
		domain, err := provider.ParseDomain(text)
		if text != "" && err != nil {
			s.log.Warn("a purge that does not name a domain", "length", len(text))
			return
		}
		s.forget(domain)
	})
}

// listings counts the domains that databases and directories list.
type listings struct{ domains atomic.Int64 }

// The pace of counting: a list may have millions of rows.
const (
	firstCount   = 2 * time.Second // not by a program that cannot start
	countEvery   = time.Hour
	countTimeout = 10 * time.Minute
)

func (l *listings) run(ctx context.Context, log *slog.Logger, now func() *change) {
	repeat(ctx, firstCount, func() time.Duration {
		if err := l.count(ctx, now().data); err != nil && ctx.Err() == nil {
			log.Warn("the domains of a source cannot be counted", "error", err)
		}
		return countEvery
	})
}

// count keeps the last count if a list breaks off.
func (l *listings) count(ctx context.Context, data *config.Data) error {
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	n := -data.Listed.Len()
	for _, err := range data.Own().Domains(ctx) {
		if err != nil && !source.IsRowError(err) {
			return err
		}
		if err == nil {
			n++
		}
	}
	l.domains.Store(int64(n))
	return nil
}
