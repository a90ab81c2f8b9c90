package autoconfig_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every path that the pages for contributors name is there, and every make
// target too.
func TestPagesNameWhatIsThere(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, page := range []string{"architecture.md", "contributing.md"} {
		text, err := os.ReadFile(filepath.Join("docs", page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("`([a-z0-9_]+(?:/[a-zA-Z0-9_.-]*)+)`|\\]\\(([a-z-]+\\.md)\\)|`([a-z0-9_]+\\.(?:go|md|txt))`").FindAllStringSubmatch(string(text), -1) {
			path := m[1] + m[3]
			if m[2] != "" {
				path = filepath.Join("docs", m[2])
			}
			if strings.Contains(path, "XX") || path == "doc.go" || path == "encode.go" || path == "decode.go" ||
				path == "lint.go" {
				continue // of a folder to come
			}
			named++
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
		for _, m := range regexp.MustCompile("`make ([a-z]+)").FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s: no target %s in the Makefile", page, m[1])
			}
		}
	}
	if named < 60 {
		t.Errorf("only %d paths found", named)
	}
}
