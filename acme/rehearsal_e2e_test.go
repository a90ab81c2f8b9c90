//go:build e2e

package acme

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"autoconfig/acme/pgtest"
)

// page runs a block of commands of docs/operate.md, the one that holds a line.
func page(t *testing.T, pg *pgtest.Server, dir, line string, env ...string) {
	t.Helper()
	text := string(readFile(t, "../docs/operate.md"))
	var found []string
	for block := range strings.SplitSeq(text, "\n```sh\n") {
		if commands, _, ok := strings.Cut(block, "\n```\n"); ok && strings.Contains(commands, line) {
			found = append(found, commands)
		}
	}
	if len(found) != 1 {
		t.Fatalf("docs/operate.md has %d blocks with %q", len(found), line)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", found[0])
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "PATH="+pg.Bin+":"+os.Getenv("PATH")), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v\n%s", found[0], err, out)
	}
}

// another is a further empty database.
func another(t *testing.T, pg *pgtest.Server, name string, statements ...string) string {
	t.Helper()
	u, err := url.Parse(pg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, pg.DSN, "CREATE DATABASE "+name)
	u.Path = "/" + name
	execute(t, u.String(), statements...)
	return u.String()
}

func execute(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	store := open(t, dsn)
	for _, statement := range statements {
		if _, err := store.db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// serves is a new process, as far as it knows, over a storage: it has the certificate, and orders none.
func (s *site) serves(t *testing.T, what string, storage Storage, name, serial string) {
	t.Helper()
	before := s.Orders()[name]
	_, a := testManager(t, s.Directory, storage)
	cert, err := handshake(t, a.TLSConfig(), name)
	if err != nil || cert.SerialNumber.String() != serial || s.Orders()[name] != before {
		t.Errorf("%s: another certificate for %s, %d orders: %v", what, name, s.Orders()[name]-before, err)
	}
}

const c1, c2, c3 = "autoconfig.c1.example", "autoconfig.c2.example", "autoconfig.c3.example"

// Certificates that were backed up are there after a restore, out of PostgreSQL and out of a folder, and the folder's can
// be moved to PostgreSQL.
func TestRehearseBackup(t *testing.T) {
	pg, folder, dir := pgtest.Start(t), t.TempDir(), t.TempDir()
	for what, storage := range map[string]Storage{"database": open(t, pg.DSN), "folder": Folder(folder)} {
		t.Run(what, func(t *testing.T) {
			s := startSite(t, storage)
			serial, err := s.get(c1)
			if err != nil {
				t.Fatal(err)
			}
			if what == "database" {
				restored := another(t, pg, "restored")
				page(t, pg, dir, "pg_dump", "DATABASE="+pg.DSN)
				page(t, pg, dir, "$RESTORED", "RESTORED="+restored)
				s.serves(t, "restored", open(t, restored), c1, serial)
				return
			}
			moved := another(t, pg, "moved")
			page(t, pg, dir, "find . -type f", "DATABASE="+moved, "FOLDER="+folder)
			s.serves(t, "moved", open(t, moved), c1, serial)
			accounts, err := open(t, moved).List(t.Context(), "acme", true)
			if err != nil || len(accounts) == 0 {
				t.Errorf("the accounts have not moved: %v", err)
			}
			if err := os.CopyFS(filepath.Join(dir, "copy"), os.DirFS(folder)); err != nil {
				t.Fatal(err)
			}
			s.serves(t, "copied", Folder(filepath.Join(dir, "copy")), c1, serial)
		})
	}
}

// The database is away for an hour: what is in memory is served, nothing is ordered, and within seconds after it is back
// both names that waited and those in use go on.
func TestRehearseOutage(t *testing.T) {
	pg := pgtest.Start(t)
	s := startSite(t, open(t, pg.DSN))
	serial, err := s.get(c1)
	if err != nil {
		t.Fatal(err)
	}
	pg.Down(t)
	for minute := range 60 {
		s.world.clock.Store(int64(minute * 60))
		if now, err := s.get(c1); err != nil || now != serial {
			t.Fatalf("minute %d: %v", minute, err)
		}
		if minute%20 == 0 {
			if _, err := s.get(c2); err == nil {
				t.Errorf("minute %d: a certificate that cannot be stored", minute)
			}
		}
	}
	if n := s.Orders()[c2]; n != 0 {
		t.Errorf("%d orders in the hour", n)
	}
	if _, reasons := s.Status(); len(reasons) == 0 || !strings.Contains(reasons[0], "storage") {
		t.Errorf("/readyz says %q", reasons)
	}
	pg.Up(t)
	s.world.clock.Store(3600)
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if _, err = s.get(c2); err == nil || time.Now().After(end) {
			break
		}
		s.world.clock.Add(1)
	}
	if now, again := s.get(c1); err != nil || again != nil || now != serial {
		t.Errorf("after the hour: %v, %v", err, again)
	}
	if waited := s.world.clock.Load() - 3600; waited > 15 {
		t.Errorf("orders went on after %d s", waited)
	}
}

// The tables of the first release, tables of a later one with a column more, and a role that may create nothing are all
// good enough.
func TestRehearseSchema(t *testing.T) {
	pg := pgtest.Start(t)
	first := string(readFile(t, "testdata/schema-1.sql"))
	execute(t, pg.DSN, "CREATE ROLE served LOGIN")
	later := "ALTER TABLE autoconfig_certificates ADD note text NOT NULL DEFAULT ''; ALTER TABLE autoconfig_locks ADD note text NOT NULL DEFAULT ''"
	granted := "GRANT ALL ON autoconfig_certificates, autoconfig_locks TO served; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
	for name, statements := range map[string][]string{"first": {first}, "later": {first, later},
		"granted": {first, granted}, "empty": nil} {
		t.Run(name, func(t *testing.T) {
			dsn := another(t, pg, name, statements...)
			if name == "granted" {
				dsn = strings.Replace(dsn, "postgres@", "served@", 1)
			}
			s := startSite(t, open(t, dsn))
			serial, err := s.get(c3)
			if err != nil {
				t.Fatal(err, s.world.log.String())
			}
			s.serves(t, name, open(t, dsn), c3, serial)
		})
	}
}
