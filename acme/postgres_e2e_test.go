//go:build e2e

package acme

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"autoconfig/acme/pgtest"
)

func open(t *testing.T, dsn string) *Postgres {
	t.Helper()
	s, err := OpenPostgres(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestPostgres(t *testing.T) {
	pg := pgtest.Start(t)
	t.Run("Keys", func(t *testing.T) { keys(t, open(t, pg.DSN)) })
	t.Run("Locks", func(t *testing.T) { lockers(t, pg.DSN) })
	t.Run("LockOfTheDead", func(t *testing.T) { deadHolder(t, open(t, pg.DSN)) })
	t.Run("LockedTable", func(t *testing.T) { lockedTable(t, open(t, pg.DSN)) })
	t.Run("Down", func(t *testing.T) { down(t, pg, open(t, pg.DSN)) })
}

func keys(t *testing.T, s *Postgres) {
	ctx := t.Context()
	if _, err := s.Load(ctx, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load: %v", err)
	}
	if _, err := s.Stat(ctx, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat: %v", err)
	}
	if _, err := s.List(ctx, "none", true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("List: %v", err)
	}
	if err := s.Delete(ctx, "none"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	for _, key := range []string{"c/x/a.crt", "c/x/a.key", "c/y", "c0", "c-", "C/z"} {
		if err := s.Store(ctx, key, []byte("first")); err != nil {
			t.Fatal(err)
		}
		if err := s.Store(ctx, key, []byte(key)); err != nil {
			t.Fatal(err)
		}
		if value, err := s.Load(ctx, key); err != nil || string(value) != key {
			t.Errorf("%s: %q %v", key, value, err)
		}
	}
	if got, err := s.List(ctx, "c", false); err != nil || !slices.Equal(got, []string{"c/x", "c/y"}) {
		t.Errorf("%v %v", got, err)
	}
	if got, err := s.List(ctx, "c", true); err != nil ||
		!slices.Equal(got, []string{"c/x", "c/x/a.crt", "c/x/a.key", "c/y"}) {
		t.Errorf("%v %v", got, err)
	}
	if info, err := s.Stat(ctx, "c/y"); err != nil || !info.IsTerminal || info.Size != 3 ||
		time.Since(info.Modified).Abs() > time.Minute {
		t.Errorf("%+v %v", info, err)
	}
	if info, err := s.Stat(ctx, "c/x"); err != nil || info.IsTerminal {
		t.Errorf("%+v %v", info, err)
	}
	if err := s.Delete(ctx, "c"); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"c": false, "c/x": false, "c/x/a.crt": false, "c0": true, "c-": true,
		"C/z": true} {
		if s.Exists(ctx, key) != want {
			t.Errorf("%s exists: %v", key, !want)
		}
	}
}

// Of 12 holders over two replicas never two hold the lock, and all get it.
func lockers(t *testing.T, dsn string) {
	replicas := []*Postgres{open(t, dsn), open(t, dsn)}
	var holding, turns atomic.Int32
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			s := replicas[i%2]
			if err := s.Lock(t.Context(), "name"); err != nil {
				t.Error(err)
				return
			}
			if holding.Add(1) != 1 {
				t.Error("two hold the lock")
			}
			turns.Add(1)
			holding.Add(-1)
			if err := s.Unlock(t.Context(), "name"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if turns.Load() != 12 {
		t.Errorf("%d turns", turns.Load())
	}
	if err := replicas[0].Unlock(t.Context(), "name"); err == nil {
		t.Error("a lock that is not held was unlocked")
	}
	if err := replicas[0].Lock(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*poll)
	defer cancel()
	if err := replicas[1].Lock(ctx, "other"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// The lock of a replica that died is free once its lease has ended, not before.
func deadHolder(t *testing.T, s *Postgres) {
	ctx := t.Context()
	if got, err := s.take(ctx, "dead", "gone"); err != nil || !got { // nobody moves its end on
		t.Fatal(got, err)
	}
	if got, err := s.take(ctx, "dead", "me"); err != nil || got {
		t.Fatal(got, err)
	}
	if _, err := s.db.ExecContext(ctx,
		`UPDATE autoconfig_locks SET ends = clock_timestamp() - interval '1 second' WHERE name = 'dead'`); err != nil {
		t.Fatal(err)
	}
	if got, err := s.take(ctx, "dead", "me"); err != nil || !got {
		t.Fatal(got, err)
	}
}

// A table that somebody else locks costs a bounded wait, and works afterwards.
func lockedTable(t *testing.T, s *Postgres) {
	ctx := t.Context()
	if err := s.Store(ctx, "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	tx, err := s.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Close() }()
	if _, err := tx.ExecContext(ctx, `BEGIN; LOCK TABLE autoconfig_certificates IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	waiting := 1 // a question that was given up is cancelled at the server, too
	for deadline := time.Now().Add(20 * time.Second); waiting > 0 &&
		time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		_, err := tx.ExecContext(ctx, `SELECT pg_stat_clear_snapshot()`)
		if err == nil {
			err = tx.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`).Scan(&waiting)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if waiting > 0 {
		t.Errorf("%d questions wait at the server for nobody", waiting)
	}
	if _, err := tx.ExecContext(ctx, `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	if value, err := s.Load(ctx, "k"); err != nil || string(value) != "v" {
		t.Errorf("%q %v", value, err)
	}
}

// A database that was down is used again without a restart.
func down(t *testing.T, pg *pgtest.Server, s *Postgres) {
	ctx := t.Context()
	if err := s.Store(ctx, "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	pg.Down(t)
	if _, err := s.Load(ctx, "k"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	pg.Up(t)
	if value, err := s.Load(ctx, "k"); err != nil || string(value) != "v" {
		t.Errorf("%q %v", value, err)
	}
}
