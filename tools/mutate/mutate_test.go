package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const sample = `package sample

var limit = 3

// Small says whether n is small.
func Small(n int, log interface{ Info(string) }) bool {
	log.Info("asked")
	count := 0
	for range n {
		count++
	}
	return count < limit && !(n == -1)
}

// Zeros are n of them; with another step they never end.
func Zeros(n int) (out []byte) {
	for i := 0; i < n; i++ {
		out = append(out, make([]byte, 1<<20)...)
	}
	return out
}

func unused(n int) int { return n + 1 }
`

const sampleTest = `package sample

import "testing"

type quiet struct{}

func (quiet) Info(string) {}

func TestSmall(t *testing.T) {
	if !Small(2, quiet{}) || Small(4, quiet{}) {
		t.Error("wrong")
	}
	if len(Zeros(2)) != 2<<20 {
		t.Error("zeros")
	}
}
`

// A change that a test notices is killed, one that none does lives, and one
// where none goes is not covered.
func TestTry(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module sample\n\ngo 1.26\n", "a.go": sample, "a_test.go": sampleTest} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	r, err := try(".", options{seed: 1, memory: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(r.left)
	const want = "lived: a.go:12:15 `<` → `<=`\n" + "not covered: a.go:23:35 `+` → `-`"
	got := strings.Join(r.left, "\n")
	if got != want {
		t.Errorf("left:\n%s", got)
	}
	var text strings.Builder
	if r.print(&text); r.count[killed] < 3 || r.count[hung] != 0 || !strings.Contains(text.String(), " killed ") {
		t.Errorf("%v\n%s", r.count, &text)
	}
}
