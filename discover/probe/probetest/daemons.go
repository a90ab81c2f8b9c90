//go:build e2e

package probetest

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

// Mail is Dovecot and Postfix with one user, jo@example.org, whose password is
// "right". The addresses are those of loopback ports.
type Mail struct {
	IMAP, IMAPS, POP3, POP3S, Sieve string // Dovecot
	Submission, Submissions         string // Postfix
	Cleartext                       string // Postfix without STARTTLS
	OldTLS                          string // Postfix on STARTTLS from TLS 1.0 on, as Debian has it
}

// StartMail starts both with a certificate, until the test ends.
func StartMail(t testing.TB, c tls.Certificate) *Mail {
	t.Helper()
	for _, module := range []string{"imap", "pop3", "managesieve"} {
		component.Need(t, "/usr/lib/dovecot/"+module)
	}
	if os.Getuid() != 0 {
		component.Missing(t, "Postfix and Dovecot are started as root here")
	}
	dir := openDir(t)
	cert, key := Files(t, dir, c)
	m := &Mail{}
	// Dovecot takes a connection from its own address for a secure one, so it
	// listens beside the address that connections come from.
	for _, addr := range []*string{&m.IMAP, &m.IMAPS, &m.POP3, &m.POP3S, &m.Sieve} {
		*addr = freeport.On(t, "127.0.0.2")
	}
	for _, addr := range []*string{&m.Submission, &m.Submissions, &m.Cleartext, &m.OldTLS} {
		*addr = freeport.On(t, "127.0.0.1")
	}
	startDovecot(t, dir, cert, key, m)
	startPostfix(t, dir, cert, key, m)
	return m
}

// openDir is a temporary directory that the daemons' own users can enter.
func openDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		chmod(t, d, 0o755)
	}
	return dir
}

const dovecotConf = `
protocols = imap pop3 sieve
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/dovecot.log
ssl = required
ssl_cert = <%[2]s
ssl_key = <%[3]s
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:%[1]s/mail/%%u
passdb {
  driver = passwd-file
  args = scheme=PLAIN %[1]s/users
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=%[1]s/mail/%%u
}
service imap-login {
  %[4]s
}
service pop3-login {
  %[5]s
}
service managesieve-login {
  %[6]s
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener %[1]s/postfix-auth {
    mode = 0666
  }
}
`

func startDovecot(t testing.TB, dir, cert, key string, m *Mail) {
	t.Helper()
	path := filepath.Join(dir, "dovecot.conf")
	write(t, path,
		fmt.Sprintf(dovecotConf, dir, cert, key, listener("imap", m.IMAP, false)+listener("imaps", m.IMAPS, true),
			listener("pop3", m.POP3, false)+listener("pop3s", m.POP3S, true), listener("sieve", m.Sieve, false)))
	write(t, filepath.Join(dir, "users"), "jo@example.org:{PLAIN}right\n")
	mkdir(t, filepath.Join(dir, "mail"), 0o777) // the mail user writes there
	background(t, filepath.Join(dir, "dovecot.log"), component.Need(t, "dovecot"), "-F", "-c", path)
	for _, addr := range []string{m.IMAP, m.IMAPS, m.POP3, m.POP3S, m.Sieve} {
		waitFor(t, addr, filepath.Join(dir, "dovecot.log"))
	}
}

func listener(name, addr string, ssl bool) string {
	host, port, _ := net.SplitHostPort(addr)
	yes := "no"
	if ssl {
		yes = "yes"
	}
	return fmt.Sprintf("inet_listener %s {\n    address = %s\n    port = %s\n    ssl = %s\n  }\n  ", name, host, port, yes)
}

const postfixMain = `
compatibility_level = 3.6
queue_directory = %[1]s/spool
data_directory = %[1]s/postfix-data
command_directory = /usr/sbin
daemon_directory = %[4]s
maillog_file = %[1]s/postfix.log
maillog_file_prefixes = %[1]s
myhostname = mail.example.org
mydestination =
mynetworks = 192.0.2.1/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
notify_classes =
smtpd_tls_cert_file = %[2]s
smtpd_tls_key_file = %[3]s
smtpd_tls_security_level = may
smtpd_tls_protocols = >=TLSv1.2
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = %[1]s/postfix-auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
`

const postfixMaster = `
%s inet n - n - - smtpd
%s inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
%s inet n - n - - smtpd -o smtpd_tls_security_level=none
%s inet n - n - - smtpd -o smtpd_tls_protocols=>=TLSv1
tlsmgr unix - - n - 1 tlsmgr
anvil unix - - n - 1 anvil
rewrite unix - - n - - trivial-rewrite
postlog unix-dgram n - n - 1 postlogd
`

func startPostfix(t testing.TB, dir, cert, key string, m *Mail) {
	t.Helper()
	conf := filepath.Join(dir, "postfix")
	for _, d := range []string{conf, filepath.Join(dir, "spool"), filepath.Join(dir, "postfix-data")} {
		mkdir(t, d, 0o755)
	}
	write(t, filepath.Join(conf, "main.cf"),
		fmt.Sprintf(postfixMain, dir, cert, key, filepath.Dir(component.Need(t, "/usr/lib/postfix/sbin/smtpd"))))
	write(t, filepath.Join(conf, "master.cf"),
		fmt.Sprintf(postfixMaster, m.Submission, m.Submissions, m.Cleartext, m.OldTLS))
	postfix := component.Need(t, "postfix")
	if out, err := command(context.Background(), "chown", "postfix",
		filepath.Join(dir, "postfix-data")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	background(t, filepath.Join(dir, "postfix.log"), postfix, "-c", conf, "start-fg")
	t.Cleanup(func() { // before the process is waited for
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = command(ctx, postfix, "-c", conf, "stop").Run()
	})
	for _, addr := range []string{m.Submission, m.Submissions, m.Cleartext, m.OldTLS} {
		waitFor(t, addr, filepath.Join(dir, "postfix.log"))
	}
}

// command is a daemon or a tool of a test.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, name, args...)
}

// background runs a daemon in the foreground of its own until the test ends.
func background(t testing.TB, log, name string, args ...string) {
	t.Helper()
	cmd := command(context.Background(), name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(log)
			t.Logf("%s: %s%s", name, out.String(), tail(string(text)))
		}
	})
}

func tail(s string) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// waitFor waits until a server accepts connections.
func waitFor(t testing.TB, addr, log string) {
	t.Helper()
	for range 300 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond) // there is no event for another process's listen
	}
	text, _ := os.ReadFile(log)
	t.Fatalf("nothing listens on %s\n%s", addr, tail(string(text)))
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, 0o644)
}

func mkdir(t testing.TB, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
}

// chmod opens a file or folder to the daemons' users.
func chmod(t testing.TB, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
