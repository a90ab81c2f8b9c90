package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"autoconfig/discover"
	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
)

const discoverConfig = `listen: 127.0.0.1:0
listen_tls: 127.0.0.1:0
admin: ""
service_host: autoconfig.hoster.example
tls: {cert_file: CERT, key_file: KEY}
providers:
  - domains: [example.org]
    incoming: [imaps://imap.example.org, pop3s://imap.example.org]
    outgoing: [submissions://smtp.example.org]
    activesync: https://eas.example.org/Microsoft-Server-ActiveSync
`

// command runs the program in this process.
func command(ctx context.Context, stderr io.Writer, args ...string) (stdout string, status int) {
	var out bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: stderr,
		env: func(string) (string, bool) { return "", false }}
	status = a.main(ctx, args)
	return out.String(), status
}

// TestDiscoverOurselves: what we serve, with the records we plan, is found by
// every program, without a question, a disagreement or a finding.
func TestDiscoverOurselves(t *testing.T) {
	t.Parallel()
	dir, ca := t.TempDir(), probetest.NewAuthority()
	cert, key := probetest.Files(t, dir,
		ca.Certificate(90*probetest.Day, "autoconfig.example.org", "autodiscover.example.org", "ua-auto-config.example.org",
			"example.org", "autoconfig.hoster.example"))
	path := filepath.Join(dir, "autoconfig.yaml")
	if err := os.WriteFile(path, []byte(strings.NewReplacer("CERT", cert, "KEY", key).Replace(discoverConfig)),
		0o600); err != nil {
		t.Fatal(err)
	}
	plain, secure := serveOurselves(t, path)
	records, status := command(t.Context(), io.Discard, "dns", "plan", "example.org", "--format", "zone", "--config", path)
	if status != exitOK {
		t.Fatalf("dns plan: %d\n%s", status, records)
	}
	dns := dnstest.Start(t, "example.org. 3600 IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 300\n"+records+
		"\nexample.org. 3600 IN MX 10 mx.example.org.\n")
	var errs bytes.Buffer
	stdout, status := command(t.Context(), &errs, "discover", "you@example.org", "--json", "--config", path, "--resolver",
		dns.Addr(), "--ca", ca.Root(t),
		"--connect-to", ":80:"+plain, "--connect-to", ":443:"+secure, "--ispdb", "https://autoconfig.hoster.example/v1.1")
	var r discoverJSON
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || status != exitOK {
		t.Fatalf("status %d, %v\n%s%s", status, err, stdout, errs.String())
	}
	for _, c := range r.Clients {
		want := "imap imap.example.org:993 tls"
		if c.Client == "apple" || c.Client == "outlook-new" {
			want = "activesync https://eas.example.org/Microsoft-Server-ActiveSync"
		}
		if c.Verdict != discover.Found || c.Settings.Incoming.String() != want ||
			c.Settings.Incoming.Username != "you@example.org" {
			t.Errorf("%s: %s: %s", c.Client, c.Verdict, c.Line)
		}
	}
	if len(r.Clients) != len(discover.Clients()) || len(r.Disagreements) > 0 || len(r.Findings) > 0 {
		t.Errorf("%d clients, disagreements %+v, findings %+v", len(r.Clients), r.Disagreements, r.Findings)
	}
}

// serveOurselves starts the program and returns where it listens.
func serveOurselves(t *testing.T, config string) (plain, secure string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	read, write := io.Pipe()
	done := make(chan int, 1)
	go func() {
		_, status := command(ctx, write, "serve", "--config", config)
		_ = write.Close()
		done <- status
	}()
	t.Cleanup(func() {
		stop()
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			t.Error("serve does not end")
		}
	})
	line := regexp.MustCompile(`msg=listening addr=(\S+) tls=(\S+)`)
	var log []byte
	for buf := make([]byte, 4096); ; {
		n, err := read.Read(buf)
		log = append(log, buf[:n]...)
		if m := line.FindSubmatch(log); m != nil {
			go func() { _, _ = io.Copy(io.Discard, read) }()
			return string(m[1]), string(m[2])
		}
		if err != nil {
			t.Fatalf("serve ended:\n%s", log)
		}
	}
}

// Programs that end alike are printed together: with the same verdict and the
// same settings, the best verdict first.
func TestPrintVerdicts(t *testing.T) {
	t.Parallel()
	end := func(title string, verdict discover.Verdict, host string) discover.Result {
		r := discover.Result{Title: title, Verdict: verdict, Line: "why"}
		if host != "" {
			server := &discover.Server{Protocol: "imap", Host: host, Port: 993, Security: "tls", Username: "jo"}
			r.Settings = &discover.Settings{Incoming: server}
		}
		return r
	}
	var b bytes.Buffer
	p := &printer{w: &b, width: 80}
	printVerdicts(p, []discover.Result{end("One", discover.Nothing, ""), end("Two", discover.Found, "a.example"),
		end("Three", discover.Asks, "a.example"),
		end("Four", discover.Found, "b.example"), end("Five", discover.Found, "a.example"), end("Six", discover.Refused, ""),
		end("Seven", discover.Nothing, "")})
	const want = `  found    Two, Five
           imap a.example:993 tls
           user name jo
  found    Four
           imap b.example:993 tls
           user name jo
  asks     Three
           imap a.example:993 tls
           user name jo
  refused  Six
           why
  nothing  One, Seven
`
	if b.String() != want || p.err != nil {
		t.Errorf("%v\n%s", p.err, &b)
	}
}
