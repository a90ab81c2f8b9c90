//go:build e2e

package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/discover/probe/probetest"
)

// TestDoctorRealServers: the whole command against Dovecot and Postfix, for a
// healthy domain and three broken ones. Run with -v for the transcripts.
func TestDoctorRealServers(t *testing.T) {
	right := filepath.Join(t.TempDir(), "right")
	wrong := filepath.Join(t.TempDir(), "wrong")
	for path, text := range map[string]string{right: "right\n", wrong: "wrong\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, servesXML)
	m := probetest.StartMail(t, w.ca.Certificate(90*probetest.Day, "mail.example.org"))
	dovecot := []string{"993:" + m.IMAPS, "4190:" + m.Sieve}

	run := func(name string, w *world, status int, ports []string, want []string, args ...string) {
		t.Run(name, func(t *testing.T) {
			w := *w
			for _, p := range ports {
				w.args = append(w.args[:len(w.args):len(w.args)], "--connect-to", "mail.example.org:"+p)
			}
			stdout, stderr, got := w.doctor(t, append([]string{"jo@example.org"}, args...)...)
			t.Logf("$ autoconfig doctor jo@example.org %s …\n%s%s", strings.Join(args, " "), stdout, stderr)
			for _, line := range want {
				if !strings.Contains(stdout, line) {
					t.Errorf("no %q", line)
				}
			}
			if got != status {
				t.Errorf("status %d, want %d", got, status)
			}
		})
	}
	run("healthy", w, exitOK, append(dovecot, "587:"+m.Submission), []string{
		"7 of 11 programs find settings",
		"ok    imap mail.example.org:993: it answers with TLS 1.3", "ok    imap mail.example.org:993: the IMAP server took user name and password",
		"ok    smtp mail.example.org:587: it answers with TLS 1.3", "ok    smtp mail.example.org:587: the SMTP server took user name and password",
		"ok    managesieve mail.example.org:4190: it answers with TLS 1.3", "example.org: 0 to mend"},
		"--password-file", right)
	run("stripped and wrong password", w, exitProblem, append(dovecot, "587:"+m.Cleartext), []string{
		"FAIL  smtp mail.example.org:587: STARTTLS is missing [smtp-starttls-stripped]",
		"FAIL  imap mail.example.org:993: Wrong user name or password [imap-auth-failed]"},
		"--password-file", wrong)

	submissions := newWorldOf(t, w.ca, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/mail/config-v1.1.xml" {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(rw, strings.NewReplacer(">587<", ">465<", ">STARTTLS<", ">SSL<").Replace(doctorXML))
	})
	run("implicit TLS where STARTTLS is, and IMAP shut", submissions, exitProblem, []string{"465:" + m.Submission, "4190:" + m.Sieve}, []string{
		"ok    managesieve mail.example.org:4190",
		"FAIL  smtp mail.example.org:465: SSL/TLS chosen on a STARTTLS port [tls-mode-implicit]",
		"FAIL  imap mail.example.org:993: The connection was refused [connect-port-refused]",
		"FAIL  example.org: SRV records and the document disagree [discover-srv-differs]"})

	t.Run("expired", func(t *testing.T) {
		w := newWorld(t, servesXML)
		m := probetest.StartMail(t, w.ca.Certificate(-probetest.Day, "mail.example.org"))
		for _, p := range []string{"993:" + m.IMAPS, "587:" + m.Submission, "4190:" + m.Sieve} {
			w.args = append(w.args, "--connect-to", "mail.example.org:"+p)
		}
		stdout, stderr, status := w.doctor(t, "jo@example.org", "--password-file", right)
		t.Logf("$ autoconfig doctor jo@example.org --password-file right …\n%s%s", stdout, stderr)
		if strings.Count(stdout, "[tls-certificate-expired]") != 3 || strings.Count(stdout, "no login was tried") != 3 || strings.Contains(stdout, "took user name") || status != exitProblem {
			t.Errorf("status %d", status)
		}
	})
}
