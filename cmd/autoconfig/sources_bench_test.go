package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"autoconfig/e2e/freeport"
)

const benchDomains = 1_000_000

// BenchmarkSources is the processor time of the whole server for a request for
// one of a million domains: from the file, and from a database that has been
// asked for all of them.
func BenchmarkSources(b *testing.B) {
	for _, kind := range []string{"file", "sqlite", "file-again", "sqlite-again"} { // in turn: a machine's speed changes
		b.Run(kind, func(b *testing.B) {
			url, pid := startBench(b, benchConfig(b, strings.HasPrefix(kind, "sqlite")))
			b.ReportMetric(1e6*askAll(b, url, pid, benchDomains, 1), "first-cpu-µs")
			b.ReportMetric(1e6*askAll(b, url, pid, 600_000, 7919), "cpu-µs")
			b.ReportMetric(resident(b, pid), "MiB")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// benchConfig writes a configuration with a million domains, in a file or in
// a SQLite database.
func benchConfig(b *testing.B, database bool) string {
	b.Helper()
	dir := b.TempDir()
	text := "providers:\n  - {id: hosting, incoming: [imaps://imap.hoster.example], outgoing: [submissions://smtp.hoster.example]"
	var domains strings.Builder
	for i := range benchDomains {
		fmt.Fprintf(&domains, "customer-%07d.example\n", i)
	}
	if database {
		fillBench(b, filepath.Join(dir, "mail.db"), domains.String())
		text += "}\nsources:\n  - {sql: sqlite, dsn: mail.db, domain: SELECT provider FROM domain WHERE domain = :domain, timeout: 30s, cache: {ttl: 10h, entries: 1000000}}\n"
	} else {
		text += ", domains_file: domains.txt}\n"
	}
	path := filepath.Join(dir, "autoconfig.yaml")
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "domains.txt"), []byte(domains.String()), 0o600),
		os.WriteFile(path, []byte(text), 0o600)); err != nil {
		b.Fatal(err)
	}
	return path
}

func fillBench(b *testing.B, path, domains string) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(0)")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var text strings.Builder
	text.WriteString("CREATE TABLE domain (domain TEXT PRIMARY KEY, provider TEXT) WITHOUT ROWID;\nBEGIN;\n")
	for domain := range strings.Lines(domains) {
		text.WriteString("INSERT INTO domain VALUES ('" + strings.TrimSpace(domain) + "', 'hosting');\n")
	}
	text.WriteString("COMMIT;")
	if _, err := db.Exec(text.String()); err != nil {
		b.Fatal(err)
	}
}

func startBench(b *testing.B, config string) (url string, pid int) {
	b.Helper()
	program, err := exec.LookPath("autoconfig") // this test's own binary
	if err != nil {
		b.Fatal(err)
	}
	addr := freeport.On(b, "127.0.0.1")
	cmd := exec.Command(program, "serve", "--config", config, "--listen", addr, "--admin", "127.0.0.1:0", "--log-level",
		"error")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	for range 1000 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			_ = conn.Close()
			return "http://" + addr, cmd.Process.Pid
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.Fatal("the server does not start")
	return "", 0
}

// askAll asks n times over eight connections and returns the server's
// processor seconds for each.
func askAll(b *testing.B, url string, pid, n, stride int) float64 {
	b.Helper()
	const connections = 8
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	before := processorSeconds(b, pid)
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() {
			for i := c; i < n; i += connections {
				r, err := client.Get(fmt.Sprintf("%s/mail/config-v1.1.xml?emailaddress=user%%40customer-%07d.example", url,
					i*stride%benchDomains))
				if err != nil {
					b.Error(err)
					return
				}
				if r.StatusCode != http.StatusOK {
					b.Errorf("%s: status %d", r.Request.URL, r.StatusCode)
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_ = r.Body.Close()
			}
		})
	}
	wg.Wait()
	return (processorSeconds(b, pid) - before) / float64(n)
}

// processorSeconds is the user and system time of a process (proc(5), stat).
func processorSeconds(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	user, uerr := strconv.Atoi(fields[11])
	system, serr := strconv.Atoi(fields[12])
	if err := errors.Join(uerr, serr); err != nil {
		b.Fatal(err)
	}
	const ticks = 100 // a second
	return float64(user+system) / ticks
}

// resident is the resident set of a process in MiB (proc(5), statm).
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		b.Fatal(err)
	}
	return float64(pages) * float64(os.Getpagesize()) / (1 << 20)
}
