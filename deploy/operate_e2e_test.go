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

// after are the checks after each command of the page, by what the command begins with.
var after = map[string]string{
	"curl -fsS https://autoconfig.customer.example/": `curl -fsS https://autoconfig.customer.example/mail/config-v1.1.xml | grep '<hostname>mail.hoster.example</hostname>'`,
	"curl -fsS http://127.0.0.1:8081/readyz":         `curl -fsS http://127.0.0.1:8081/readyz | grep '"status":"ok"'`,
	"curl -fsS http://127.0.0.1:8081/metrics":        `curl -fsS http://127.0.0.1:8081/metrics | grep -E '^autoconfig_certificate_orders_total\{result="ok"\} [1-9]'`,
}

// docs/operate.md brings a machine from nothing to a served, certified, monitored customer: its commands and files, in
// their order, on a fresh system under systemd, with Pebble as the authority.
func TestOperate(t *testing.T) {
	release := t.TempDir()
	must(t, "cp", file(t, "_amd64.deb"), release)
	must(t, "go", "build", "-trimpath", "-o", filepath.Join(release, "pebble"),
		"github.com/letsencrypt/pebble/v2/cmd/pebble")
	must(t, "go", "build", "-trimpath", "-o", filepath.Join(release, "mailhost"), "./testdata/mailhost")
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
	here, elsewhere, _ := strings.Cut(string(page), "\n## 9. ") // which acme's TestRehearse… runs
	_, last, _ := strings.Cut(elsewhere, "\n## 10. ")
	for i, block := range pageBlock.FindAllStringSubmatch(here+last, -1) {
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
	text := boot(t, release, script)
	t.Log(text)
	if did := len(passed.FindAllString(text, -1)); did != steps {
		t.Errorf("%d of %d steps", did, steps)
	}
}
