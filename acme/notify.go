package acme

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// purges is the channel on which replicas, and the operator's own programs, name a domain to be forgotten.
const purges = "autoconfig_purge"

// The bounds of listening.
const (
	listenAgain = time.Second      // after the connection was lost
	listenAlive = 30 * time.Second // how often a silent connection is tried
)

// Notify names a domain to be forgotten to all replicas that listen.
func (s *Postgres) Notify(ctx context.Context, domain string) error {
	_, err := s.exec(ctx, `SELECT pg_notify($1, $2)`, purges, domain)
	return err
}

// Listen hears of domains to be forgotten until ctx ends. After a time without a connection it hears of "": some may
// have been missed.
func (s *Postgres) Listen(ctx context.Context, heard func(domain string)) {
	for missed := false; ; missed = true {
		_ = s.listen(ctx, missed, heard) // a database that is down is reported by the orders
		select {
		case <-ctx.Done():
			return
		case <-time.After(listenAgain):
		}
	}
}

func (s *Postgres) listen(ctx context.Context, missed bool, heard func(domain string)) error {
	cfg := s.cfg.Copy()
	cfg.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { heard(n.Payload) }
	c, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if err := c.Exec(ctx, "LISTEN "+purges).Close(); err != nil {
		return err
	}
	if missed {
		heard("")
	}
	for {
		wait, cancel := context.WithTimeout(ctx, listenAlive)
		err := c.WaitForNotification(wait)
		cancel()
		if wait.Err() != nil && ctx.Err() == nil {
			err = c.Ping(ctx)
		}
		if err != nil {
			return err
		}
	}
}
