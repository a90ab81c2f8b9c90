//go:build e2e

package source

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
	"autoconfig/provider"
)

// daemon is a real backend that a test starts, stops and starts again. It runs
// as an unprivileged user: most of them refuse root.
type daemon struct {
	t    testing.TB
	dir  string
	path string
	args []string
	addr string
	stop os.Signal

	cmd *exec.Cmd
	out bytes.Buffer
}

// workDir is a folder of the test that the unprivileged user owns.
func workDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if c := unprivileged(t); c != nil {
		if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o711), os.Chown(dir, int(c.Uid), int(c.Gid))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// unprivileged is nobody when the test runs as root, else nil: as it is.
func unprivileged(t testing.TB) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (d *daemon) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), "HOME="+d.dir, "LC_ALL=C.UTF-8")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: unprivileged(d.t)}
	return cmd
}

func (d *daemon) run(path string, args ...string) {
	d.t.Helper()
	if out, err := d.command(path, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s: %v\n%s", path, err, out)
	}
}

func (d *daemon) start() {
	d.t.Helper()
	d.cmd = d.command(d.path, d.args...)
	d.cmd.Stdout, d.cmd.Stderr = &d.out, &d.out
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	until(d.t, d.path+" listens", func() bool {
		conn, err := net.Dial("tcp", d.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

func (d *daemon) halt() {
	if d.cmd == nil {
		return
	}
	_ = d.cmd.Process.Signal(d.stop)
	_ = d.cmd.Wait()
	d.cmd = nil
	if d.t.Failed() {
		d.t.Logf("%s said:\n%s", d.path, d.out.String())
	}
}

// until waits for what must come in the end.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	for range 1500 {
		if f() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

func startPostgres(t testing.TB) (*daemon, string) {
	t.Helper()
	bin := filepath.Dir(component.Need(t, "/usr/lib/postgresql/*/bin/initdb"))
	addr := freeport.On(t, "127.0.0.1")
	_, port, _ := net.SplitHostPort(addr)
	d := &daemon{t: t, dir: workDir(t), path: filepath.Join(bin, "postgres"), addr: addr, stop: syscall.SIGINT}
	data, password := filepath.Join(d.dir, "data"), filepath.Join(d.dir, "password")
	if err := os.WriteFile(password, []byte("pa ss'word"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.run(filepath.Join(bin, "initdb"), "-D", data, "-U", "mail", "-A", "scram-sha-256", "--pwfile", password, "--no-sync",
		"-E", "UTF8")
	d.args = []string{"-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c",
		"fsync=off", "-c", "shared_buffers=16MB"}
	d.start()
	t.Cleanup(d.halt)
	return d, fmt.Sprintf("host=127.0.0.1 port=%s user=mail password='pa ss\\'word' dbname=postgres sslmode=disable", port)
}

func startMariaDB(t testing.TB) (*daemon, string) {
	t.Helper()
	install, addr := component.Need(t, "mariadb-install-db"), freeport.On(t, "127.0.0.1")
	_, port, _ := net.SplitHostPort(addr)
	d := &daemon{t: t, dir: workDir(t), path: component.Need(t, "mariadbd"), addr: addr, stop: syscall.SIGTERM}
	data := filepath.Join(d.dir, "data")
	d.run(install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")
	d.args = []string{"--no-defaults", "--datadir=" + data, "--port=" + port, "--bind-address=127.0.0.1",
		"--socket=" + filepath.Join(d.dir, "s"),
		"--pid-file=" + filepath.Join(d.dir, "pid"), "--innodb-flush-log-at-trx-commit=0", "--character-set-server=utf8mb4",
		"--skip-name-resolve"}
	d.start()
	t.Cleanup(d.halt)
	dsn := "root@tcp(" + addr + ")/"
	db := openReady(t, MySQL, dsn)
	if _, err := db.Exec("CREATE DATABASE mail"); err != nil {
		t.Fatal(err)
	}
	return d, dsn + "mail"
}

// openReady opens a database for the test's own statements, once it answers.
func openReady(t testing.TB, d Dialect, dsn string) *sql.DB {
	t.Helper()
	db, err := openDatabase(d, dsn, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	until(t, "the database answers", func() bool { return db.Ping() == nil })
	return db
}

// server is what the tests of every real backend need.
type server struct {
	*daemon
	dialect Dialect // of a database
	dsn     string
	open    func(BackendOptions) *Backend
	slow    func(BackendOptions) *Backend // the domain query takes half a second
	kill    func()                        // ends the connections of everybody else
	left    func() int                    // questions still under way at the server
	ready   func()                        // waits until the server answers after a start
}

func sqlServer(t *testing.T, dialect Dialect, d *daemon, dsn, slow, others, kill, active string) server {
	t.Helper()
	db := openReady(t, dialect, dsn)
	fillTables(t, db, dialect)
	open := func(domain string) func(BackendOptions) *Backend {
		return func(o BackendOptions) *Backend {
			q := sqlQueries(dialect, dsn)
			q.Domain = domain
			return openTest(t, o, q)
		}
	}
	return server{daemon: d, dialect: dialect, dsn: dsn, open: open(testDomainQuery), slow: open(slow),
		kill: func() {
			rows, err := db.Query(others)
			if err != nil {
				t.Fatal(err)
			}
			var ids []int
			for rows.Next() {
				var id int
				if err := rows.Scan(&id); err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id)
			}
			killed := 0
			for _, id := range ids {
				if _, err := db.Exec(fmt.Sprintf(kill, id)); err == nil { // one may have ended by itself
					killed++
				}
			}
			if killed == 0 {
				t.Error("no connection was killed")
			}
		},
		left: func() (n int) {
			if err := db.QueryRow(active).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		},
		ready: func() { until(t, "the database answers again", func() bool { return db.Ping() == nil }) },
	}
}

// The same look-ups, outages and attacks over every real backend.
func TestRealBackends(t *testing.T) {
	for _, kind := range []struct {
		name  string
		start func(*testing.T) server
	}{
		{"PostgreSQL", func(t *testing.T) server {
			d, dsn := startPostgres(t)
			return sqlServer(t, Postgres, d, dsn, testDomainQuery+" AND (SELECT pg_sleep(0.5)::text) IS NOT NULL",
				"SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = 'autoconfig'",
				"SELECT pg_terminate_backend(%d)",
				"SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND application_name = 'autoconfig'")
		}},
		{"MariaDB", func(t *testing.T) server {
			d, dsn := startMariaDB(t)
			return sqlServer(t, MySQL, d, dsn,
				"SELECT provider FROM domain, (SELECT SLEEP(0.5)) AS s WHERE domain = :domain AND active = 1",
				"SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND command IN ('Sleep', 'Execute', 'Query')", "KILL %d",
				"SELECT count(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND command IN ('Execute', 'Query')")
		}},
		{"OpenLDAP", startOpenLDAP},
	} {
		t.Run(kind.name, func(t *testing.T) {
			s := kind.start(t)
			t.Run("lookups", func(t *testing.T) {
				log := &logBook{}
				testLookups(t, s.open(testOptions(log)), log)
			})
			t.Run("outage", func(t *testing.T) { testOutage(t, s) })
			if s.kill != nil {
				t.Run("killed", func(t *testing.T) { testKilled(t, s) })
				t.Run("slow", func(t *testing.T) { testSlow(t, s) })
				t.Run("full", func(t *testing.T) { testFull(t, s) })
				t.Run("refused", func(t *testing.T) { testRefused(t, s) })
			}
		})
	}
}

// testOutage stops the server under load and starts it again. What was found
// before is still answered, what was not is never "not served", and
// everything is right again afterwards.
func testOutage(t *testing.T, s server) {
	log := &logBook{}
	o := testOptions(log)
	o.Cache.TTL, o.Cache.NegativeTTL, o.Cache.Timeout = 50*time.Millisecond, 50*time.Millisecond, 2*time.Second
	b := s.open(o)
	rows := b.With(testProviders())
	for _, domain := range []string{"shop.example", "staff.example"} {
		if _, err := rows.Lookup(t.Context(), provider.Address{Domain: domain}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var asked, unknown atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if p, err := rows.Lookup(t.Context(), provider.Address{Domain: "shop.example"}); err != nil || p.ID != "hosting" {
					t.Errorf("known before: %v %v", p, err)
					return
				}
				// Asked for the first time while the server may be down.
				_, err := rows.Lookup(t.Context(), provider.Address{Local: "ann", Domain: "xn--mnchen-3ya.example"})
				if errors.Is(err, provider.ErrNotFound) {
					t.Error("a wrong \"not served\"")
					return
				}
				if errors.Is(err, provider.ErrUnavailable) {
					unknown.Add(1)
				}
				_, err = rows.Lookup(t.Context(), provider.Address{Domain: fmt.Sprintf("n%d-%d.example", i, n)})
				if err == nil {
					t.Error("a domain that nobody has")
				}
				asked.Add(1)
				time.Sleep(time.Millisecond)
			}
		})
	}
	s.halt()
	until(t, "down", func() bool { return b.Check(ctx) != nil && b.Down() })
	before := asked.Load()
	time.Sleep(2 * time.Second)
	if n := asked.Load() - before; n < 100 {
		t.Errorf("only %d rounds in two seconds without the server: clients wait", n)
	}
	s.start()
	s.ready()
	until(t, "up again", func() bool { return b.Check(ctx) == nil && !b.Down() })
	stop()
	wg.Wait()
	if unknown.Load() == 0 {
		t.Error("the outage was not noticed by anybody")
	}
	until(t, "every connection is good again", func() bool {
		p, err := rows.Lookup(t.Context(), provider.Address{Domain: "staff.example"})
		return err == nil && p.ID == "staff"
	})
	if !strings.Contains(log.String(), "source=customers query=domain") {
		t.Errorf("the log:\n%s", log)
	}
}

// testKilled ends all connections at the server; the next questions are
// answered as if nothing had been.
func testKilled(t *testing.T, s server) {
	log := &logBook{}
	o := testOptions(log)
	o.Cache.TTL = time.Nanosecond
	rows := s.open(o).With(testProviders())
	ask := func() {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for _, domain := range []string{"shop.example", "staff.example", "xn--mnchen-3ya.example"} {
					if _, err := rows.store.domain(t.Context(), domain); err != nil {
						t.Errorf("%s: %v", domain, err)
					}
				}
			})
		}
		wg.Wait()
	}
	ask()
	s.kill()
	ask()
}
