//go:build e2e

package e2e

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"autoconfig/discover/probe/probetest"
	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

// mailServers are Dovecot and Postfix for one mailbox, on loopback ports.
type mailServers struct {
	imaps, submission string // where they listen
	inbox             string // Dovecot's Maildir of the mailbox
}

const dovecotConfig = `
protocols = imap
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/dovecot.log
ssl = required
ssl_cert = <%[2]s
ssl_key = <%[3]s
disable_plaintext_auth = yes
auth_mechanisms = plain
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
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = %[4]s
    ssl = yes
  }
}
service auth {
  unix_listener %[1]s/auth {
    mode = 0666
  }
}
`

const postfixConfig = `
compatibility_level = 3.6
queue_directory = %[1]s/spool
data_directory = %[1]s/data
daemon_directory = /usr/lib/postfix/sbin
maillog_file = %[1]s/postfix.log
maillog_file_prefixes = %[1]s
myhostname = smtp.%[2]s
mydestination =
mynetworks = 192.0.2.1/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = %[2]s
virtual_mailbox_base = %[1]s/mail
virtual_mailbox_maps = static:jo@%[2]s/
virtual_minimum_uid = 65534
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_tls_cert_file = %[3]s
smtpd_tls_key_file = %[4]s
smtpd_tls_security_level = encrypt
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = %[1]s/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
`

const postfixServices = `
%s inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
tlsmgr unix - - n - 1 tlsmgr
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// startMail starts both for jo@DOMAIN with the password "right".
func startMail(t testing.TB, domain string, c tls.Certificate) *mailServers {
	t.Helper()
	return startMailWith(t, domain, c, nil)
}

// startMailWith has more lines in Dovecot's configuration, which may name files
// in its folder.
func startMailWith(t testing.TB, domain string, c tls.Certificate, more func(dir string) string) *mailServers {
	t.Helper()
	dir, err := os.MkdirTemp("", "e2e-mail") // a short path: the name of a Unix socket has 108 octets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m := &mailServers{imaps: freeport.On(t, "127.0.0.1"), submission: freeport.On(t, "127.0.0.1"),
		inbox: filepath.Join(dir, "mail", "jo@"+domain)}
	for _, sub := range []string{"", "postfix", "spool", "data"} {
		mkdir(t, filepath.Join(dir, sub), 0o755)
	}
	mkdir(t, filepath.Join(dir, "mail"), 0o777) // the mailbox's user writes there
	cert, key := probetest.Files(t, dir, c)
	lines := ""
	if more != nil {
		lines = more(dir)
	}
	startDovecot(t, m, dir, domain, cert, key, lines)
	startPostfix(t, m, dir, domain, cert, key)
	return m
}

func startDovecot(t testing.TB, m *mailServers, dir, domain, cert, key, more string) {
	t.Helper()
	dovecot := component.Need(t, "dovecot")
	users, conf := filepath.Join(dir, "users"), filepath.Join(dir, "dovecot.conf")
	write(t, users, "jo@"+domain+":{PLAIN}right\n")
	if err := os.Chmod(users, 0o644); err != nil { // Dovecot's own user reads it
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(m.imaps)
	write(t, conf, fmt.Sprintf(dovecotConfig, dir, cert, key, port)+more)
	awaitPort(t, start(t, exec.Command(dovecot, "-F", "-c", conf)), m.imaps, filepath.Join(dir, "dovecot.log"))
}

func startPostfix(t testing.TB, m *mailServers, dir, domain, cert, key string) {
	t.Helper()
	postfix := component.Need(t, "postfix")
	owner, err := user.Lookup("postfix")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(owner.Uid)
	if err := os.Chown(filepath.Join(dir, "data"), uid, -1); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "postfix")
	write(t, filepath.Join(conf, "main.cf"), fmt.Sprintf(postfixConfig, dir, domain, cert, key))
	write(t, filepath.Join(conf, "master.cf"), fmt.Sprintf(postfixServices, m.submission))
	p := start(t, exec.Command(postfix, "-c", conf, "start-fg"))
	t.Cleanup(func() { _, _ = tool(t, postfix, "-c", conf, "stop") }) // start-fg is a shell that passes no signal on
	awaitPort(t, p, m.submission, filepath.Join(dir, "postfix.log"))
}

// messages are the files of the mailbox's messages.
func (m *mailServers) messages() (files []string) {
	for _, sub := range []string{"new", "cur"} {
		more, _ := filepath.Glob(filepath.Join(m.inbox, sub, "*"))
		files = append(files, more...)
	}
	return files
}

// received is the one message of the mailbox as Dovecot keeps it.
func (m *mailServers) received(t testing.TB) string {
	t.Helper()
	files := m.messages()
	if len(files) != 1 {
		t.Fatalf("%d messages in %s", len(files), m.inbox)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func awaitPort(t testing.TB, p *process, addr, log string) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			text, _ := os.ReadFile(log)
			t.Logf("%s:\n%s", filepath.Base(log), tail(string(text), 40))
		}
	})
	until(t, filepath.Base(p.cmd.Path)+" listens on "+addr, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		if p.ended() {
			t.Fatalf("%s has ended: %s", p.cmd.Path, p.output())
		}
		return err == nil
	})
}

// mkdir makes a directory that the daemons' own users can enter.
func mkdir(t testing.TB, path string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
