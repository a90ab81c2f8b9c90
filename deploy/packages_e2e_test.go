//go:build e2e

// Package deploy_test builds the release and does with it what people do:
// compare it with another build, unpack it, install it, run it.
package deploy_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"autoconfig/e2e/component"
)

var update = flag.Bool("update", false, "write the golden files again")

// dist is the release of a copy of this tree, its commit tagged v1.2.3.
var dist string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "autoconfig-release")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	tree := filepath.Join(dir, "tree")
	dist = filepath.Join(tree, "dist")
	if out, err := run("..", nil, "bash", "-c", commitCopy, "commit-copy", tree); err != nil {
		fmt.Fprintf(os.Stderr, "no copy of the tree: %v\n%s", err, out)
		return 1
	}
	if out, err := run(tree, nil, "make", "release"); err != nil {
		fmt.Fprintf(os.Stderr, "make release: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// commitCopy puts what git would commit of this folder into another, and commits and tags it there.
const commitCopy = `set -eu
mkdir "$1"
git ls-files -co --exclude-standard -z | while read -r -d '' f; do
  if [ -e "$f" ]; then printf '%s\0' "$f"; fi
done | xargs -0 cp --parents -t "$1"
cd "$1"
git init -q
git add -A
# In some time zones that is December.
export GIT_AUTHOR_DATE='2026-11-30T20:00:00Z' GIT_COMMITTER_DATE='2026-11-30T20:00:00Z'
git -c user.name=test -c user.email=test@example.org commit -q -m release
git tag v1.2.3`

// run runs a program to its end, bounded in time, with more in its environment.
func run(dir string, env []string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), "TZ=UTC", "LC_ALL=C"), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must is run, and what it printed.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	if !filepath.IsAbs(name) { // not what the test has unpacked
		name = component.Need(t, name)
	}
	out, err := run("", nil, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// file is the one file of the release with this ending.
func file(t *testing.T, ending string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dist, "*"+ending))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v %v, want one *%s", found, err, ending)
	}
	return found[0]
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (make it again with -update if that is right): got\n%s\nwant\n%s", path, got, want)
	}
}

// Another clone in another folder, made and built by somebody with another time zone, language, umask and, where the
// test may change it, host name, has the same bytes.
func TestReproducible(t *testing.T) {
	there := filepath.Join(t.TempDir(), "a longer", "path")
	env := []string{"TZ=Pacific/Kiritimati", "LANG=de_DE.UTF-8", "LC_ALL=", "GOAMD64=v3", "CGO_ENABLED=1"}
	build := []string{"bash", "-c", `umask 077 && git clone -q "$1" "$2" && cd "$2" && make release`, "build",
		filepath.Dir(dist), there}
	if os.Getuid() == 0 {
		build = append([]string{"unshare", "--uts", "bash", "-c", `hostname elsewhere && exec "$@"`, "host"}, build...)
	}
	out, err := run("", env, build[0], build[1:]...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	names, err := os.ReadDir(dist)
	if err != nil {
		t.Fatal(err)
	}
	others, err := os.ReadDir(filepath.Join(there, "dist"))
	if err != nil || len(others) != len(names) {
		t.Fatalf("%d files, then %d %v", len(names), len(others), err)
	}
	for _, f := range names {
		first, err1 := os.ReadFile(filepath.Join(dist, f.Name()))
		second, err2 := os.ReadFile(filepath.Join(there, "dist", f.Name()))
		if err1 != nil || err2 != nil || !bytes.Equal(first, second) {
			t.Errorf("%s differs (%v, %v)", f.Name(), err1, err2)
		}
	}
	sums, err := run(dist, nil, "sha256sum", "--check", "--strict", "SHA256SUMS")
	if err != nil || strings.Count(sums, ": OK") != len(names)-1 {
		t.Errorf("%v\n%s", err, sums)
	}
	t.Logf("the same twice:\n%s", sums)
}

// The lists of what is in each package, without sizes and dates. Pages of docs
// come and go: one line stands for them all.
func TestContents(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	collapse := func(lines string) string {
		page := regexp.MustCompile(`(?m)^.*/docs/[^/\n]*\.md\n`)
		if n := len(page.FindAllString(lines, -1)); n != len(pages) {
			t.Errorf("%d pages of docs, want %d", n, len(pages))
		}
		return page.ReplaceAllString(lines, "")
	}
	for _, arch := range []string{"amd64", "arm64"} {
		list := must(t, "dpkg-deb", "-c", file(t, "_"+arch+".deb"))
		columns := regexp.MustCompile(`(?m)^(\S+ \S+) +\d+ 2026-11-30 20:00 `)
		golden(t, "deb-contents.golden", collapse(columns.ReplaceAllString(list, "$1 ")))
	}
	control := must(t, "dpkg-deb", "-f", file(t, "_amd64.deb"))
	golden(t, "deb-control.golden", regexp.MustCompile(`(Installed-Size:) \d+`).ReplaceAllString(control, "$1 N"))
	if got := must(t, "dpkg-deb", "-I", file(t, "_amd64.deb"), "conffiles"); got != "/etc/autoconfig/autoconfig.yaml\n" {
		t.Errorf("conffiles %q", got)
	}
	for _, arch := range []string{"x86_64", "aarch64"} {
		list := must(t, "rpm", "-qp", "--queryformat",
			"[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILEFLAGS:fflags} %{FILENAMES}\n]", file(t, "."+arch+".rpm"))
		golden(t, "rpm-contents.golden", collapse(list))
	}
	for _, arch := range []string{"amd64", "arm64"} {
		list := strings.Split(must(t, "tar", "-tzf", file(t, "_linux_"+arch+".tar.gz")), "\n")
		slices.Sort(list)
		text := strings.ReplaceAll(strings.Join(list[1:], "\n")+"\n", "_"+arch+"/", "_ARCH/")
		golden(t, "tar-contents.golden", collapse(text))
	}
}

// Every one of the four is what its name says, and both programs are of this version and of these sources.
func TestPrograms(t *testing.T) {
	revision := strings.TrimSpace(must(t, "git", "-C", filepath.Dir(dist), "rev-parse", "HEAD"))
	for arch, machine := range map[string]string{"amd64": "\x3e\x00", "arm64": "\xb7\x00"} {
		dir := t.TempDir()
		must(t, "dpkg-deb", "-x", file(t, "_"+arch+".deb"), dir)
		must(t, "tar", "-xzf", file(t, "_linux_"+arch+".tar.gz"), "-C", dir)
		program, err := os.ReadFile(filepath.Join(dir, "usr/bin/autoconfig"))
		if err != nil {
			t.Fatal(err)
		}
		if string(program[18:20]) != machine { // e_machine (elf(5))
			t.Errorf("%s: machine %x", arch, program[18:20])
		}
		again, err := os.ReadFile(filepath.Join(dir, "autoconfig_1.2.3_linux_"+arch, "autoconfig"))
		if err != nil || !bytes.Equal(program, again) {
			t.Errorf("%s: the deb and the tar.gz have different programs (%v)", arch, err)
		}
		if !bytes.Contains(program, []byte(revision)) {
			t.Errorf("%s: revision %s is not in the program", arch, revision)
		}
		for _, path := range []string{"/home/", filepath.Dir(dist)} {
			if bytes.Contains(program, []byte(path)) {
				t.Errorf("%s: the program has the path %s of the machine that built it", arch, path)
			}
		}
	}
}

// The deb unpacked: its program with its configuration, as it is.
func TestServes(t *testing.T) {
	dir := t.TempDir()
	must(t, "dpkg-deb", "-x", file(t, "_amd64.deb"), dir)
	program, config := filepath.Join(dir, "usr/bin/autoconfig"), filepath.Join(dir, "etc/autoconfig/autoconfig.yaml")
	t.Log(must(t, program, "version"), must(t, program, "config", "check", config))
	if got := must(t, program, "version"); !strings.HasPrefix(got, "autoconfig 1.2.3\nrevision ") ||
		strings.Contains(got, "unknown") {
		t.Errorf("%q", got)
	}
	// Other ports, since this machine may use the usual ones.
	cmd := exec.CommandContext(context.Background(), program, "serve", "--config", config, "--listen", "127.0.0.1:0",
		"--admin", "127.0.0.1:0")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("it ends with %v", err)
		}
	}()
	var m []string
	for said, b := "",
		make([]byte, 4096); m == nil; m = regexp.MustCompile(`msg=listening addr=(\S+) `).FindStringSubmatch(said) {
		n, err := log.Read(b)
		said += string(b[:n])
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	r, err := http.Get("http://" + m[1] + "/mail/config-v1.1.xml?emailaddress=you@live.co.uk")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 200 || !strings.Contains(string(body), "<hostname>outlook.office365.com</hostname>") {
		t.Errorf("%s %v\n%s", r.Status, err, body)
	}
}

// The rules of Debian, where lintian is installed.
func TestLintian(t *testing.T) {
	out, err := run("", nil, component.Need(t, "lintian"), "--fail-on", "error,warning", "--allow-root",
		file(t, "_amd64.deb"))
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The packages under a real systemd: installed, reloaded, killed, upgraded,
// rolled back, removed and purged (testdata/probe.sh).
func TestUnderSystemd(t *testing.T) {
	component.Need(t, "rpm")
	probe, err := os.ReadFile("testdata/probe.sh")
	if err != nil {
		t.Fatal(err)
	}
	text := boot(t, dist, string(probe))
	did := len(passed.FindAllString(text, -1))
	if want := len(regexp.MustCompile(`(?m)^check "`).FindAll(probe, -1)); did != want || did == 0 {
		t.Errorf("%d of %d checks passed\n%s", did, want, text)
	}
	t.Logf("%d checks passed%s", did, regexp.MustCompile(`\n +under load: .*`).FindString(text))
}
