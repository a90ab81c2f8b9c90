package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The README's demo is real: its yaml block is the configuration, and each line
// after a $ in its console block prints what stands below it.
func TestReadmeDemo(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "autoconfig.yaml"), []byte(block(t, string(text), "yaml")),
		0o600); err != nil {
		t.Fatal(err)
	}
	var command, want string
	ran := 0
	check := func() {
		if command == "" {
			return
		}
		ran++
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Dir = dir
		got, err := cmd.CombinedOutput()
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("$ %s (%v) -README +real:\n%s", command, err, diff)
		}
	}
	for line := range strings.Lines(block(t, string(text), "console")) {
		if next, ok := strings.CutPrefix(line, "$ "); ok {
			check()
			command, want = strings.TrimSuffix(next, "\n"), ""
			continue
		}
		want += line
	}
	check()
	if ran < 4 {
		t.Errorf("only %d lines run", ran)
	}
}

// block is the first fenced block of a language.
func block(t *testing.T, text, language string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "```"+language+"\n")
	inner, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("no %s block", language)
	}
	return inner
}
