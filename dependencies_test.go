package autoconfig_test

import (
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// docs/threat-model.md says of every library of the program what it is trusted
// with.
func TestDependenciesAreNamed(t *testing.T) {
	doc, err := os.ReadFile("docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for file, text := range sources(t) {
		if strings.Contains(file, "test/") || strings.HasPrefix(file, "e2e/") || strings.HasPrefix(file, "tools/") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range tree.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			used[path] = true
		}
	}
	count := 0
	for _, m := range regexp.MustCompile(`(?m)^\s(\S+\.\S+/\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		for path := range used {
			if !below(path, m[1]) {
				continue
			}
			count++
			short := strings.TrimPrefix(m[1], "github.com/")
			if in, ok := strings.CutPrefix(short, "golang.org/x/"); ok && !strings.Contains(in, "/") {
				short = in // {net,sync,text,time}
			}
			if !strings.Contains(string(doc), short) {
				t.Errorf("%s, for %s, is not in docs/threat-model.md", m[1], path)
			}
			break
		}
	}
	if count < 15 {
		t.Errorf("only %d libraries found", count)
	}
}
