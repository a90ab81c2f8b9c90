package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"autoconfig/config"
	"autoconfig/dnssrv/dnstest"
)

// exits runs a command and wants a certain exit status: exits 2 autoconfig foo.
// Its output is for the stdout and stderr commands, as exec's.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND [ARG…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

var listening = regexp.MustCompile(`msg=listening addr=(\S+)(?: tls=(\S+))?(?: admin=(\S+))?`)

// serveInScript starts `autoconfig serve ARG…` on ports of its own, and sets
// $URL, $ADDR (its host:port) and $ADMIN. Its log is in the file log; it is stopped with the script.
func serveInScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! serve")
	}
	log, err := os.Create(ts.MkAbs("log"))
	ts.Check(err)
	path, err := exec.LookPath("autoconfig")
	ts.Check(err)
	cmd := exec.Command(path, append([]string{"serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, args...)...)
	cmd.Dir, cmd.Stderr, cmd.Stdout = ts.Getenv("WORK"), log, log
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("WORK"))
	for _, v := range config.Variables() {
		cmd.Env = append(cmd.Env, v.Name+"="+ts.Getenv(v.Name))
	}
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		_ = log.Close()
	})
	ts.Setenv("PID", strconv.Itoa(cmd.Process.Pid))
	m := waitFor(ts, listening)
	ts.Setenv("URL", "http://"+string(m[1]))
	ts.Setenv("ADDR", string(m[1]))
	ts.Setenv("ADMIN", "http://"+string(m[3]))
}

// hup sends SIGHUP to the served program.
func hup(ts *testscript.TestScript, _ bool, _ []string) {
	pid, err := strconv.Atoi(ts.Getenv("PID"))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, syscall.SIGHUP))
}

// subst puts the script's variables into a file: subst FILE.
func subst(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: subst FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o644))
}

// waitFor waits until the log matches.
func waitFor(ts *testscript.TestScript, re *regexp.Regexp) [][]byte {
	for range 1000 {
		text, err := os.ReadFile(ts.MkAbs("log"))
		ts.Check(err)
		if m := re.FindSubmatch(text); m != nil {
			return m
		}
		time.Sleep(10 * time.Millisecond)
	}
	text, _ := os.ReadFile(ts.MkAbs("log"))
	ts.Fatalf("the log never matches %s:\n%s", re, text)
	return nil
}

// fetch asks URL, with -host NAME for another Host, and wants the status:
// fetch [-host NAME] STATUS URL. The body is for the stdout command, and in
// the file body. With -until it asks again until the body matches.
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	host := ""
	var until *regexp.Regexp
	for len(args) > 2 {
		switch args[0] {
		case "-host":
			host = args[1]
		case "-until":
			until = regexp.MustCompile(args[1])
		default:
			ts.Fatalf("unknown flag %s", args[0])
		}
		args = args[2:]
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fetch [-host NAME] [-until REGEXP] STATUS URL")
	}
	status, body := 0, []byte(nil)
	for range 1000 {
		status, body = get(ts, args[1], host)
		if until == nil || until.Match(body) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Check(os.WriteFile(ts.MkAbs("body"), body, 0o644))
	if strconv.Itoa(status) != args[0] || until != nil && !until.Match(body) {
		ts.Fatalf("%d %s", status, body)
	}
}

func get(ts *testscript.TestScript, url, host string) (int, []byte) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	ts.Check(err)
	req.Host = host
	r, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	ts.Check(err)
	return r.StatusCode, body
}

// serveDNS serves zone files on a loopback port and sets $DNS: dns ZONE…
func serveDNS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: dns ZONEFILE…")
	}
	var zones []string
	for _, name := range args {
		zones = append(zones, string(bytes.TrimSpace([]byte(ts.ReadFile(name))))+"\n")
	}
	t, ok := ts.Value(testingT{}).(testing.TB)
	if !ok {
		ts.Fatalf("no testing.TB in the environment")
	}
	ts.Setenv("DNS", dnstest.Start(t, zones...).Addr())
	ts.Logf("dns %s: %s", strings.Join(args, " "), ts.Getenv("DNS"))
}

// testingT is the key of the test in a script's values.
type testingT struct{}
