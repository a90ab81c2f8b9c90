//go:build e2e

package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"autoconfig/e2e/component"
)

// passed is a line of a script that did what it should.
var passed = regexp.MustCompile(`(?m)^ok   `)

// boot starts a systemd over a copy of this machine that is thrown away (testdata/boot.sh), has it run a script with
// the folder release at hand, and returns what that printed. A kernel that does not let root do so is not a component
// that could be installed: there the test is left out with a line.
func boot(t *testing.T, release, script string) string {
	t.Helper()
	component.Need(t, "/lib/systemd/systemd")
	if os.Getuid() != 0 {
		component.Missing(t, "only root can start a systemd of its own")
	}
	if out, err := run("", nil, "unshare", "--mount", "--pid", "--fork", "--net", "--uts", "--ipc", "--cgroup", "bash",
		"-c", mountable, "mountable", t.TempDir()); err != nil {
		t.Skipf("no systemd of its own can be started here: %v\n%s", err, out)
	}
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
	return string(text) + said
}

// mountable tries what boot.sh needs of the kernel.
const mountable = `set -e
mkdir "$1"/{cgroup,upper,root}
mount -t cgroup2 cgroup2 "$1/cgroup"
mkdir "$1/cgroup/try-$$" && rmdir "$1/cgroup/try-$$"
mount -t tmpfs tmpfs "$1/upper" && mkdir "$1"/upper/{files,work}
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper/files,workdir=$1/upper/work" "$1/root"`
