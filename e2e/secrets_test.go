//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Neither a command line, an environment, a log nor what a crash leaves behind
// shows a secret that the configuration names.
func TestSecretsStayInside(t *testing.T) {
	const secret = "s3cret-of-the-database"
	for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGSEGV} {
		t.Run(signal.String(), func(t *testing.T) {
			keys := t.TempDir()
			write(t, filepath.Join(keys, "dsn"), "postgres://autoconfig:"+secret+"@127.0.0.1:1/mail?sslmode=disable\n")
			s := startService(t, fmt.Sprintf(`
sources:
  - {name: mail, sql: postgres, dsn_file: %s/dsn, provider: example, domain: "SELECT 1 FROM domain WHERE name = :domain"}
providers:
  - {id: example, incoming: ["imaps://mail.example.org"], outgoing: ["submissions://mail.example.org"], domains: [example.org]}
`, keys), func(cmd *exec.Cmd) { // as the shell has it: ulimit -c unlimited
				cmd.Args = append([]string{"sh", "-c", `ulimit -c unlimited; exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
				cmd.Path = "/bin/sh"
			})
			if status, _, err := newAsker(s.http, false).get("autoconfig.other.example", settingsPath); err != nil ||
				status != http.StatusServiceUnavailable {
				t.Errorf("the database is not there: %d %v", status, err)
			}
			for _, name := range []string{"cmdline", "environ"} {
				text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, name))
				if err != nil || strings.Contains(string(text), secret) {
					t.Errorf("%s: %v %q", name, err, text)
				}
			}
			s.signal(t, signal)
			until(t, "it has ended", s.ended)
			if out := s.output(); strings.Contains(out, secret) || strings.Contains(out, keys+"/dsn:") &&
				strings.Contains(out, "s3cret") {
				t.Errorf("what it said holds the secret:\n%s", out)
			}
			left, err := filepath.Glob(filepath.Join(s.dir, "*core*"))
			if err != nil || len(left) > 0 {
				t.Errorf("it left %v %v", left, err)
			}
			if state, ok := s.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || state.CoreDump() {
				t.Errorf("the system wrote a core dump: %v", s.cmd.ProcessState)
			}
		})
	}
}
