//go:build e2e

package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pageBlock is a block of commands or of a file.
var pageBlock = regexp.MustCompile("(?s)```(sh|yaml)\n(.*?)```")

// after are the checks after each command of the page, by what the command
// begins with.
var after = map[string]string{
	"curl -fsS https://autoconfig.customer.example/": `curl -fsS https://autoconfig.customer.example/mail/config-v1.1.xml | grep '<hostname>mail.hoster.example</hostname>'`,
	"curl -fsS http://127.0.0.1:8081/readyz":         `curl -fsS http://127.0.0.1:8081/readyz | grep '"status":"ok"'`,
	"curl -fsS http://127.0.0.1:8081/metrics":        `curl -fsS http://127.0.0.1:8081/metrics | grep -E '^autoconfig_certificate_orders_total\{result="ok"\} [1-9]'`,
}

// docs/operate.md brings a machine from nothing to a served, certified,
// monitored customer: its commands and files, in their order, on a fresh system
// under systemd, with Pebble as the authority.
func TestOperate(t *testing.T) {
	if os.Getuid() != 0 {
		missing(t, "only root can start a systemd of its own")
	}
	release := t.TempDir()
	must(t, "cp", file(t, "_amd64.deb"), release)
	must(t, "go", "build", "-o", filepath.Join(release, "pebble"), "github.com/letsencrypt/pebble/v2/cmd/pebble")
	page, err := os.ReadFile("../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	setup, err := os.ReadFile("testdata/operate.sh")
	if err != nil {
		t.Fatal(err)
	}
	script, steps := string(setup), 0
	step := func(command string) {
		script += "step '" + strings.ReplaceAll(command, "'", `'\''`) + "'\n"
		steps++
	}
	for i, block := range pageBlock.FindAllStringSubmatch(string(page), -1) {
		if block[1] == "yaml" {
			if i == 1 { // after the installation: the configuration
				text := strings.Replace(block[2], "acme: {", `acme: {directory: "https://127.0.0.1:14000/dir", `, 1)
				script += "cat > /etc/autoconfig/autoconfig.yaml <<'END'\n" + text + "END\n"
			}
			continue
		}
		for command := range strings.Lines(block[2]) {
			command = strings.TrimSpace(command)
			step(command)
			for begins, check := range after {
				if strings.HasPrefix(command, begins) {
					step(check)
				}
			}
		}
	}
	if steps < 12+len(after) {
		t.Fatalf("%d steps", steps)
	}
	if did := boot(t, release, script); did != steps {
		t.Errorf("%d of %d steps", did, steps)
	}
}

// boot runs a script under a systemd of its own, and counts its lines that begin
// with ok.
func boot(t *testing.T, release, script string) (ok int) {
	t.Helper()
	dir := t.TempDir()
	probe, out := filepath.Join(dir, "probe.sh"), filepath.Join(dir, "out")
	for path, text := range map[string]string{probe: script, out: ""} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	said, err := run("", nil, "unshare", "--mount", "bash", "testdata/boot.sh", dir, release, probe, out)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\n%s", text, said)
	return len(regexp.MustCompile(`(?m)^ok   `).FindAll(text, -1))
}
