package acme

import (
	"context"
	"database/sql"
	_ "embed" // schema.sql
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5/pgconn"

	"autoconfig/source"
)

// The bounds of the storage's work.
const (
	queryTimeout = 5 * time.Second // a locked table must not hang a handshake
	connections  = 8
	idle         = 5 * time.Minute
)

//go:embed schema.sql
var schema string

// Postgres keeps the certificates of several replicas in PostgreSQL: keys, certificates, the authority's account, and
// locks so that each certificate is ordered once. It makes its two tables itself. It is safe for concurrent use.
//
// A lock is a row with a holder and an end, which the holder moves on while it works: a replica that dies frees its
// locks within [lease]. All times are the database's own, so that the replicas' clocks do not matter.
type Postgres struct {
	db    *sql.DB
	cfg   *pgconn.Config // for a connection that listens
	ready sync.Mutex     // held while the tables are made
	made  bool

	locks locks
}

var _ certmagic.Storage = (*Postgres)(nil)

// OpenPostgres takes a connection string of PostgreSQL (postgres://user:password@host/name). It does not connect: a
// database that is down shows when it is used.
func OpenPostgres(dsn string) (*Postgres, error) {
	cfg, err := source.PostgresConfig(dsn, queryTimeout)
	if err != nil {
		return nil, err
	}
	db := source.OpenPostgres(cfg)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(idle)
	return &Postgres{db: db, cfg: cfg}, nil
}

// Close ends all connections. Locks still held end by themselves.
func (s *Postgres) Close() error { return s.db.Close() }

// in runs f in the time a query may take, with the tables made.
func (s *Postgres) in(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err := s.tables(ctx)
	if err == nil {
		err = f(ctx)
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // the database reports the cancellation in words of its own
	}
	if err != nil {
		return fmt.Errorf("certificate storage: %w", err)
	}
	return nil
}

// exec reports whether a statement changed exactly one row.
func (s *Postgres) exec(ctx context.Context, statement string, args ...any) (one bool, err error) {
	err = s.in(ctx, func(ctx context.Context) error {
		result, err := s.db.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		one = n == 1
		return err
	})
	return one, err
}

// tables makes the tables, once.
func (s *Postgres) tables(ctx context.Context) error {
	s.ready.Lock()
	defer s.ready.Unlock()
	if s.made {
		return nil
	}
	var there bool
	err := s.db.QueryRowContext(ctx, `SELECT to_regclass('autoconfig_locks') IS NOT NULL`).Scan(&there)
	if err == nil && !there { // the role may lack the right to create where the tables were made for it
		_, err = s.db.ExecContext(ctx, schema)
	}
	s.made = err == nil
	return err
}

// Store implements certmagic.Storage.
func (s *Postgres) Store(ctx context.Context, key string, value []byte) error {
	_, err := s.exec(ctx, `INSERT INTO autoconfig_certificates (key, value) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET value = $2, modified = now()`, key, value)
	return err
}

// Load implements certmagic.Storage; fs.ErrNotExist without the key.
func (s *Postgres) Load(ctx context.Context, key string) (value []byte, err error) {
	err = s.in(ctx, func(ctx context.Context) error {
		return found(s.db.QueryRowContext(ctx, `SELECT value FROM autoconfig_certificates WHERE key = $1`, key).Scan(&value))
	})
	return value, err
}

func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fs.ErrNotExist
	}
	return err
}

// below is the condition for a key and all that lies below it: in the C collation '0' follows '/'.
const below = `(key = $1 OR (key >= $1 || '/' AND key < $1 || '0'))`

// Delete implements certmagic.Storage: the key and all below it.
func (s *Postgres) Delete(ctx context.Context, key string) error {
	_, err := s.exec(ctx, `DELETE FROM autoconfig_certificates WHERE `+below, key)
	return err
}

// Exists implements certmagic.Storage. While the database is down nothing exists.
func (s *Postgres) Exists(ctx context.Context, key string) bool {
	_, err := s.Stat(ctx, key)
	return err == nil
}

// Stat implements certmagic.Storage; fs.ErrNotExist without the key.
func (s *Postgres) Stat(ctx context.Context, key string) (info certmagic.KeyInfo, err error) {
	info.Key = key
	err = s.in(ctx, func(ctx context.Context) error {
		var first string
		err := s.db.QueryRowContext(ctx, `SELECT key, modified, length(value) FROM autoconfig_certificates
			WHERE `+below+` ORDER BY key LIMIT 1`, key).Scan(&first, &info.Modified, &info.Size)
		info.IsTerminal = first == key
		return found(err)
	})
	return info, err
}

// List implements certmagic.Storage: the keys below path, with recursive all of them and the folders between.
func (s *Postgres) List(ctx context.Context, path string, recursive bool) (keys []string, err error) {
	err = s.in(ctx, func(ctx context.Context) error {
		rows, err := s.db.QueryContext(ctx, `SELECT key FROM autoconfig_certificates WHERE `+below+` ORDER BY key`, path)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err reports what went wrong
		seen := map[string]bool{}
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			keys = entries(keys, seen, path, key, recursive)
		}
		return rows.Err()
	})
	if err == nil && len(keys) == 0 {
		return nil, fmt.Errorf("certificate storage: %w", fs.ErrNotExist)
	}
	return keys, err
}

// entries adds the folders on the way to a key, and the key.
func entries(keys []string, seen map[string]bool, path, key string, recursive bool) []string {
	rest, ok := strings.CutPrefix(key, path+"/")
	if !ok {
		return keys // path itself
	}
	end := len(path)
	for part := range strings.SplitSeq(rest, "/") {
		end += len("/") + len(part)
		if entry := key[:end]; !seen[entry] {
			seen[entry] = true
			keys = append(keys, entry)
		}
		if !recursive {
			break
		}
	}
	return keys
}

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
	missed := false
	every(ctx, listenAgain, func() {
		_ = s.listen(ctx, missed, heard) // a database that is down is reported by the orders
		missed = true
	})
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
