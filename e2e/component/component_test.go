package component

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// lookups are the names of programs that the project's tests and their helpers
// write down, for Need and for exec, and all their texts.
func lookups(t *testing.T) (needed, started map[string]string, texts []string) {
	t.Helper()
	needed, started = map[string]string{}, map[string]string{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			if d != nil && d.IsDir() && err == nil {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(filepath.Dir(path), "test") ||
			!strings.HasSuffix(path, ".go") {
			return nil
		}
		tree, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				s, _ := strconv.Unquote(lit.Value) // the parser took it
				texts = append(texts, s)
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			on, _ := f.X.(*ast.Ident)
			if on == nil {
				return true
			}
			switch on.Name + "." + f.Sel.Name {
			case "component.Need":
				note(needed, call, 1, path)
			case "exec.Command", "exec.LookPath":
				note(started, call, 0, path)
			case "exec.CommandContext":
				note(started, call, 1, path)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return needed, started, texts
}

// note keeps an argument that is a text.
func note(into map[string]string, call *ast.CallExpr, i int, path string) {
	if i < len(call.Args) {
		if lit, ok := call.Args[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			name, _ := strconv.Unquote(lit.Value) // the parser took it
			into[name] = path
		}
	}
}

// Every program that a test looks up or starts by name is one that `make deps`
// installs, or that every machine has; and all that is installed is used.
func TestListIsWhatTestsLookUp(t *testing.T) {
	needed, started, texts := lookups(t)
	var listed, base []string
	for _, e := range entries() {
		listed = append(listed, e.names...)
		if e.debian == "base" {
			base = e.names
		}
	}
	for name, file := range needed {
		if !slices.Contains(listed, name) {
			t.Errorf("%s needs %s, which components.txt lacks", file, name)
		}
	}
	for name, file := range started {
		if !slices.Contains(base, name) && name != "autoconfig" { // the program itself, by testscript
			t.Errorf("%s starts %s by name: write component.Need(t, %q)", file, name, name)
		}
	}
	if len(needed) < 20 || len(started) < 5 {
		t.Errorf("only %d and %d look-ups found", len(needed), len(started))
	}
	texts = append(texts, scripts(t), "/usr/include/stdlib.h") // the latter for the race detector
	for _, name := range listed {
		if !slices.Contains(base, name) && !slices.ContainsFunc(texts, func(s string) bool {
			return strings.Contains(s, name) || len(s) > 8 && strings.HasPrefix(name, s)
		}) {
			t.Errorf("components.txt lists %s, which no test needs", name)
		}
	}
}

// fenced are the commands that a page has tests type.
var fenced = regexp.MustCompile("(?s)```(?:console|sh|bash)\n(.*?)```")

// scripts is the text of what runs other programs and is not Go.
func scripts(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for _, pattern := range []string{"Makefile", ".ci/*", "deploy/package/*", "deploy/testdata/*.sh", "docs/operate.md",
		"README.md"} {
		files, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // a folder
			}
			if !strings.HasSuffix(file, ".md") {
				out.Write(text)
			}
			for _, block := range fenced.FindAllSubmatch(text, -1) {
				out.Write(block[1])
			}
		}
	}
	return out.String()
}
