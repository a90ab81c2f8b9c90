//go:build e2e

package dnstest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

// RunTool runs a program in dir and returns what it wrote; it must succeed.
func RunTool(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(component.Need(t, name), args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// StartNamed runs BIND's named on a free loopback port until the test ends. The configuration is what follows the
// options; its relative file names, and files, lie in a directory of the test's own. Options of the test's come in
// files["options"], as the inside of an options block. The port is free again when the test is over.
func StartNamed(t testing.TB, config string, files map[string]string) (addr string) {
	t.Helper()
	addr = freeport.On(t, "127.0.0.1")
	StartNamedAt(t, addr, config, files)
	return addr
}

// StartNamedAt is StartNamed at an address from [freePort], for servers that must know one another.
func StartNamedAt(t testing.TB, addr, config string, files map[string]string) {
	t.Helper()
	named := component.Need(t, "named")
	dir := t.TempDir()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	options := fmt.Sprintf(`options {
	directory "%s"; pid-file none; session-keyfile none; managed-keys-directory "%s"; lock-file none;
	listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; };
	%s
};
controls { };
%s
`, dir, dir, port, files["options"], config)
	for name, text := range files {
		if name != "options" {
			WriteFile(t, filepath.Join(dir, name), text)
		}
	}
	path := filepath.Join(dir, "named.conf")
	WriteFile(t, path, options)
	var log safeBuffer
	cmd := exec.Command(named, "-g", "-n", "1", "-c", path) // -g: in the foreground, as the user who runs the test
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
		if t.Failed() {
			t.Logf("named at %s:\n%s", addr, log.String())
		}
	})
	waitForNamed(t, addr, config, done, &log)
}

var primaries = regexp.MustCompile(`zone "([^"]+)" \{ type primary`)

// waitForNamed returns when the server answers for every zone that it is the primary of; without one, when it answers
// at all.
func waitForNamed(t testing.TB, addr, config string, done chan struct{}, log *safeBuffer) {
	t.Helper()
	zones := []string{"."}
	for _, m := range primaries.FindAllStringSubmatch(config, -1) {
		zones = append(zones, m[1])
	}
	c := dns.Client{Timeout: 200 * time.Millisecond}
	ready := func(zone string) bool {
		r, _, err := c.Exchange(new(dns.Msg).SetQuestion(dns.Fqdn(zone), dns.TypeSOA), addr)
		return err == nil && (zone == "." || r.Authoritative && r.Rcode == dns.RcodeSuccess)
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		select {
		case <-done:
			t.Fatalf("named ended:\n%s", log.String())
		default:
		}
		if zones = slices.DeleteFunc(zones, ready); len(zones) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond) // until it is up
	}
	t.Fatalf("named does not answer for %v:\n%s", zones, log.String())
}

// WriteFile writes a file that only its owner reads.
func WriteFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// safeBuffer is a buffer that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
