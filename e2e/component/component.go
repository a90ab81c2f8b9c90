// Package component finds the programs and files of others that tests need. Each
// is listed with its Debian package in components.txt, from which `make deps`
// installs them; one that is not listed fails the test even where it exists.
package component

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

//go:embed components.txt
var list string

// entry is a line of the list.
type entry struct {
	debian string
	extra  bool
	names  []string
}

func entries() []entry {
	var out []entry
	for line := range strings.Lines(list) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		extra := f[0] == "extra" || f[0] == "optional"
		if extra {
			f = f[1:]
		}
		out = append(out, entry{f[0], extra, f[1:]})
	}
	return out
}

// Need is the path of a program, or the last file that matches a pattern.
// Without it the test fails where CI=true, and is skipped elsewhere or when it
// is an extra.
func Need(t testing.TB, name string) string {
	t.Helper()
	all := entries()
	i := slices.IndexFunc(all, func(e entry) bool { return slices.Contains(e.names, name) })
	if i < 0 {
		t.Fatalf("%s is not in e2e/component/components.txt, so `make deps` does not install it", name)
	}
	path, ok := find(name)
	switch missing := fmt.Sprintf("%s is missing: apt-get install %s", name, all[i].debian); {
	case ok:
	case all[i].extra:
		t.Skip(missing)
	default:
		Missing(t, "%s", missing)
	}
	return path
}

func find(name string) (path string, ok bool) {
	if strings.HasPrefix(name, "/") {
		found, _ := filepath.Glob(name) // the patterns are well-formed
		if len(found) == 0 {
			return "", false
		}
		return found[len(found)-1], true
	}
	for _, try := range []string{name, "/usr/sbin/" + name} { // a user's PATH may lack the latter
		if path, err := exec.LookPath(try); err == nil {
			return path, true
		}
	}
	return "", false
}

// Missing ends a test for want of something: in CI that is a failure.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
