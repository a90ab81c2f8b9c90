// Package pgtest starts a PostgreSQL server of its own for a test: on a
// loopback port, its data in the test's folder, stopped with the test.
package pgtest

import (
	"bytes"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

// Server is a running PostgreSQL.
type Server struct {
	DSN string // of its first database, as its superuser
	Bin string // folder of PostgreSQL's programs

	data string
	as   *syscall.Credential
	port string
}

// Start starts a server with an empty database. Without PostgreSQL the test is
// skipped, or fails where CI is set.
func Start(t testing.TB) *Server {
	t.Helper()
	addr := freeport.On(t, "127.0.0.1")
	s := &Server{DSN: "postgres://postgres@" + addr + "/postgres?sslmode=disable",
		Bin:  filepath.Dir(component.Need(t, "/usr/lib/postgresql/*/bin/initdb")),
		data: filepath.Join(t.TempDir(), "data"), port: strings.TrimPrefix(addr, "127.0.0.1:")}
	s.unprivileged(t)
	s.run(t, "initdb", "-D", s.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	s.Up(t)
	t.Cleanup(func() { s.Down(t) })
	return s
}

// unprivileged hands the folder to a user that PostgreSQL runs as: it refuses root.
func (s *Server) unprivileged(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid) // numbers on every Unix
	gid, _ := strconv.Atoi(u.Gid)
	s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	dir := filepath.Dir(s.data)
	for _, err := range []error{os.Chown(dir, uid, gid), os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Up starts the server, and waits until it answers.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	s.run(t, "pg_ctl", "-D", s.data, "-w", "-t", "60", "-l", filepath.Join(filepath.Dir(s.data), "log"),
		"-o", "-h 127.0.0.1 -p "+s.port+" -c fsync=off -c shared_buffers=16MB -k ''", "start")
}

// Down stops the server at once, as a crash would for those connected.
func (s *Server) Down(t testing.TB) {
	t.Helper()
	cmd := s.command("pg_ctl", "-D", s.data, "-m", "immediate", "-w", "stop")
	_ = cmd.Run() // it may be down already
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.Bin, name), args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd
}

func (s *Server) run(t testing.TB, name string, args ...string) {
	t.Helper()
	var out bytes.Buffer
	cmd := s.command(name, args...)
	cmd.Stderr = &out // not stdout: the server would keep the pipe open
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out.String())
	}
}
