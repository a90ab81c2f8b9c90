package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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

// Kind is what a number is called.
func Kind(n int) string {
	switch {
	case n > 2:
		return "many"
	case n < 1:
		return "none"
	}
	return "few"
}

// Next is the number after n.
func Next(n int) int { return n + 1 }
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

func TestFew(t *testing.T) {
	if Kind(2) != "few" || Kind(1) != "few" {
		t.Error("not few")
	}
}

func TestMany(t *testing.T) {
	if Kind(3) != "many" {
		t.Error("not many")
	}
}

func TestNone(t *testing.T) {
	if Kind(0) != "none" {
		t.Error("not none")
	}
}
`

const otherTest = `package other

import (
	"testing"

	"sample"
)

func TestNext(t *testing.T) {
	if sample.Next(1) != 2 {
		t.Error("wrong")
	}
}
`

// A change that a test notices is killed, one that none does lives, and one
// where none goes is not covered. The tests of another package count where they are named.
func TestTry(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module sample\n\ngo 1.26\n", "a.go": sample, "a_test.go": sampleTest,
		"other/other.go": "// Package other uses it.\npackage other\n", "other/other_test.go": otherTest,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	const lives, unreached = "lived: a.go:12:15 `<` → `<=`", "not covered: a.go:35:33 `+` → `-`"
	for tests, want := range map[string]string{"": lives + "\n" + unreached, ".,./other": lives} {
		r, err := try(t.Context(), ".", options{seed: 1, tests: tests, memory: 1 << 10, patience: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(r.left)
		if got := strings.Join(r.left, "\n"); got != want {
			t.Errorf("with the tests of %q these are left:\n%s", tests, got)
		}
		var text strings.Builder
		if r.print(&text); r.count[killed] < 3 || r.count[hung] != 0 || !strings.Contains(text.String(), " killed ") {
			t.Errorf("%v\n%s", r.count, &text)
		}
	}
}

// Whole tests and cases of a slow test run apart, and the quick ones first.
func TestReaching(t *testing.T) {
	m := mutant{file: "/a/a.go", enter: 5}
	here, elsewhere := map[string][]block{"a.go": {{4, 6}}}, map[string][]block{"a.go": {{7, 9}}, "b.go": {{1, 9}}}
	all := map[string][]block{"a.go": {{1, 3}, {4, 6}, {7, 9}}, "b.go": {{1, 9}}}
	s := suite{tests: []test{
		{"TestA", 0, here, all}, {"TestFar", 0, elsewhere, all}, {"TestScript/a.b", 0, here, all}, {"TestB", 0, here, all},
		{"TestScript/c", batch + 1, here, all}, {"TestSlow", batch, here, all},
	}}
	want := []string{"^(TestA|TestB)$", `^(TestScript)$/^(a\.b)$`, "^(TestScript)$/^(c)$", "^(TestSlow)$"}
	patterns := func() (out []string) {
		for _, g := range s.reaching(m) {
			out = append(out, g.pattern)
		}
		return out
	}
	if got := patterns(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	m.enter, m.function = 10, [2]int{7, 12} // in no block
	if got := patterns(); !slices.Equal(got, []string{"^(TestFar)$"}) {
		t.Errorf("%q", got)
	}
}
