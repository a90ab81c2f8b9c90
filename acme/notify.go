package acme

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
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
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // it is never used again: Raw returns an error
	return conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return errors.ErrUnsupported
		}
		defer func() { _ = c.Conn().Close(context.WithoutCancel(ctx)) }() // not back into the pool, where it would listen on
		if _, err := c.Conn().Exec(ctx, "LISTEN "+purges); err != nil {
			return err
		}
		if missed {
			heard("")
		}
		for {
			wait, cancel := context.WithTimeout(ctx, listenAlive)
			n, err := c.Conn().WaitForNotification(wait)
			cancel()
			switch {
			case err == nil && n.Channel == purges:
				heard(n.Payload)
			case wait.Err() == nil || ctx.Err() != nil:
				return errors.Join(err, ctx.Err())
			default:
				if err := c.Conn().Ping(ctx); err != nil {
					return err
				}
			}
		}
	})
}
