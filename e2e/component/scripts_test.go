//go:build e2e

package component

import (
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var word = regexp.MustCompile(`(?m)(?:^|[|&(]|\$\(|\b(?:if|then|do|not|eventually|exec|step|sudo|check "[^"]*")\b)\s*([a-z][a-z0-9._+-]*)`)

// Every word of a script that is a program on this machine belongs to a listed
// package, or to one that every Debian has.
func TestScriptsUseListedPrograms(t *testing.T) {
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		t.Skip("no Debian: no packages to compare with")
	}
	var packages []string
	for _, e := range entries() {
		packages = append(packages, e.debian)
	}
	packages = append(packages, "apt", "git", "make", "golang-go") // to install, to clone, to begin and to build with
	base := entries()[slices.IndexFunc(entries(), func(e entry) bool { return e.debian == "base" })].names
	owner := map[string]string{} // of the words that are programs
	for _, m := range word.FindAllStringSubmatch(scripts(t), -1) {
		if path, ok := find(m[1]); ok && !slices.Contains(base, m[1]) {
			if real, err := filepath.EvalSymlinks(path); err == nil {
				path = real
			}
			owner[m[1]] = path
		}
	}
	if len(owner) < 20 {
		t.Errorf("only %d programs found", len(owner))
	}
	paths := slices.Sorted(maps.Values(owner))
	for _, path := range paths {
		paths = append(paths, strings.TrimPrefix(path, "/usr")) // as packages from before the merge of /usr have it
	}
	out, _ := exec.Command("dpkg-query",
		append([]string{"-S"}, paths...)...).Output() // an error: some belong to no package, such as Go
	for line := range strings.Lines(string(out)) {
		debian, path, _ := strings.Cut(strings.TrimSpace(line), ": ")
		debian, _, _ = strings.Cut(debian, ":")
		about, err := exec.Command("dpkg-query", "-W", "-f", "${Essential} ${Priority}", debian).Output()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(packages, debian) && !strings.HasPrefix(string(about), "yes") &&
			!strings.HasSuffix(string(about), " required") {
			t.Errorf("a script runs %s of %s, which components.txt lacks", path, debian)
		}
	}
}
