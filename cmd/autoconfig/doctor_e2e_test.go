//go:build e2e

package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autoconfig/discover/probe/probetest"
	"autoconfig/e2e/component"
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
				w.args = append(slices.Clip(w.args), "--connect-to", "mail.example.org:"+p)
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
		" programs find settings",
		"ok    imap mail.example.org:993: it answers with TLS 1.3", "ok    imap mail.example.org:993: The login works",
		"ok    smtp mail.example.org:587: it answers with TLS 1.3", "ok    smtp mail.example.org:587: The login works",
		"ok    managesieve mail.example.org:4190: it answers with TLS 1.3", "example.org: 0 errors"},
		"--password-file", right)
	run("stripped and wrong password", w, exitProblem, append(dovecot, "587:"+m.Cleartext), []string{
		"FAIL  smtp mail.example.org:587: STARTTLS is missing", "[smtp-starttls-stripped]",
		"FAIL  imap mail.example.org:993: Wrong user name or password", "[imap-auth-failed]"},
		"--password-file", wrong)

	submissions := newWorldOf(t, w.ca, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/mail/config-v1.1.xml" {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(rw, strings.NewReplacer(">587<", ">465<", ">STARTTLS<", ">SSL<").Replace(doctorXML))
	})
	run("implicit TLS where STARTTLS is, and IMAP shut", submissions, exitProblem,
		[]string{"465:" + m.Submission, "4190:" + m.Sieve}, []string{
			"ok    managesieve mail.example.org:4190",
			"FAIL  smtp mail.example.org:465: ", "[tls-mode-implicit]",
			"FAIL  imap mail.example.org:993: The connection was refused", "[connect-port-refused]",
			"FAIL  example.org: SRV records and the document disagree", "[discover-srv-differs]"})

	t.Run("expired", func(t *testing.T) {
		w := newWorld(t, servesXML)
		m := probetest.StartMail(t, w.ca.Certificate(-probetest.Day, "mail.example.org"))
		for _, p := range []string{"993:" + m.IMAPS, "587:" + m.Submission, "4190:" + m.Sieve} {
			w.args = append(w.args, "--connect-to", "mail.example.org:"+p)
		}
		stdout, stderr, status := w.doctor(t, "jo@example.org", "--password-file", right)
		t.Logf("$ autoconfig doctor jo@example.org --password-file right …\n%s%s", stdout, stderr)
		if strings.Count(stdout, ": The certificate has expired\n") != 3 || strings.Count(stdout,
			"No login was tried") != 3 || strings.Contains(stdout, "The login works") || status != exitProblem {
			t.Errorf("status %d", status)
		}
	})
}

// TestDoctorAsksPerson: at a terminal the password is asked for without echo,
// and a host of another domain is named before it gets it. The terminal is that
// of script(1).
func TestDoctorAsksPerson(t *testing.T) {
	program := self(t)
	for answer, want := range map[string]int{"y": 1, "n": 0} {
		w, s := foreignWorld(t)
		command := program + " doctor jo@example.org --login " + strings.Join(w.args, " ")
		cmd := exec.Command(component.Need(t, "script"), "--quiet", "--return", "--command", command, "/dev/null")
		cmd.Dir = t.TempDir()
		typed, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		shown := &conversation{typed: typed,
			answers: []string{"Password for jo@example.org: ", "secret", "Send it the password? [y/N] ", answer}}
		cmd.Stdout, cmd.Stderr = shown, shown
		_ = cmd.Run() // the domain has no healthy SMTP server
		if text := shown.all.String(); strings.Contains(text, "secret") ||
			!strings.Contains(text, "mail.hoster.example is not a host of example.org") {
			t.Errorf("shown:\n%s", text)
		}
		if s.Heard(inBase64) != want {
			t.Errorf("%s: heard %q", answer, s.Said())
		}
	}
}

// conversation types each answer when its question is shown.
type conversation struct {
	typed   io.Writer
	answers []string
	all     bytes.Buffer
	seen    int
}

func (c *conversation) Write(b []byte) (int, error) {
	c.all.Write(b)
	if len(c.answers) > 1 {
		if i := strings.Index(c.all.String()[c.seen:], c.answers[0]); i >= 0 {
			c.seen += i + len(c.answers[0])
			_, _ = io.WriteString(c.typed, c.answers[1]+"\n")
			c.answers = c.answers[2:]
		}
	}
	return len(b), nil
}
