package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// suite are the tests of one package.
type suite struct {
	*pkg
	binary   string
	schema   string       // the tests with many mutants
	together map[int]bool // which mutants are in the schema, by their numbers
	tests    []test
}

// test is one test, or one case of a slow one, and what it reaches in the package that is changed.
type test struct {
	name   string // TestX, or TestX/case
	took   time.Duration
	blocks map[string][]block // entered, by the file's base name
	all    map[string][]block
}

// block is a piece of code that a test enters.
type block struct{ fromLine, toLine int }

// The bounds of the tests that are run together.
const (
	slow  = 3 * time.Second // a test that takes longer is measured by its cases
	batch = 2 * time.Second // cheap tests run before the others
)

// newSuite runs each test of a package alone and notes what it reaches in p. Programs that a test starts count, where
// they are the test binary itself.
func (p *pkg) newSuite(pattern string) (*suite, error) {
	from, err := list(pattern)
	if err != nil {
		return nil, err
	}
	s := &suite{pkg: from, binary: filepath.Join(p.scratch, fmt.Sprintf("suite%d", len(p.suites)))}
	s.schema = s.binary + "schema"
	cover := "-coverpkg=" + p.ImportPath
	build := exec.Command("go", "test", "-c", "-vet=off", "-cover", cover, "-o", s.binary, s.ImportPath) //nolint:gosec // it was listed
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("its tests do not build as they are: %w\n%s", err, out)
	}
	names, err := s.command(context.Background(), s.binary, "-test.list", "^(Test|Fuzz|Example)").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the tests: %w", err)
	}
	for name := range strings.FieldsSeq(string(names)) {
		whole, cases, err := s.measure(p.scratch, name)
		if err != nil {
			return nil, err
		}
		if whole.took < slow || len(cases) < 2 {
			s.tests = append(s.tests, whole)
			continue
		}
		for _, name := range cases {
			one, _, err := s.measure(p.scratch, name)
			if err != nil {
				return nil, err
			}
			s.tests = append(s.tests, one)
		}
	}
	slices.SortStableFunc(s.tests, func(a, b test) int { return cmp.Compare(a.took, b.took) })
	return s, nil
}

var caseName = regexp.MustCompile(`(?m)^=== RUN +(\S+)$`)

// measure runs one test, and names its cases.
func (s *suite) measure(scratch, name string) (t test, cases []string, err error) {
	dir, profile := filepath.Join(scratch, "cover"), filepath.Join(scratch, "profile")
	if err := os.RemoveAll(dir); err != nil {
		return t, nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return t, nil, err
	}
	cmd := s.command(context.Background(), s.binary, "-test.short", "-test.v", "-test.gocoverdir", dir,
		"-test.run", exactly(name))
	cmd.Env = append(cmd.Environ(), "GOCOVERDIR="+dir)
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return t, nil, fmt.Errorf("%s fails as it is: %w\n%s", name, err, out)
	}
	t = test{name: name, took: time.Since(begin)}
	for _, m := range caseName.FindAllStringSubmatch(string(out), -1) {
		if parts := strings.SplitN(m[1], "/", 3); len(parts) == 2 {
			cases = append(cases, m[1])
		}
	}
	convert := exec.Command("go", "tool", "covdata", "textfmt", "-i", dir, "-o", profile) //nolint:gosec // names of its own
	if out, err := convert.CombinedOutput(); err != nil {
		return t, nil, fmt.Errorf("%s: coverage: %w\n%s", name, err, out)
	}
	t.blocks, t.all, err = readProfile(profile)
	return t, cases, err
}

// exactly is the pattern of one test or case.
func exactly(names ...string) string {
	var first, rest []string
	for _, name := range names {
		test, of, _ := strings.Cut(name, "/")
		first, rest = append(first, regexp.QuoteMeta(test)), append(rest, regexp.QuoteMeta(of))
	}
	pattern := "^(" + strings.Join(slices.Compact(first), "|") + ")$"
	if rest[0] != "" {
		pattern += "/^(" + strings.Join(rest, "|") + ")$"
	}
	return pattern
}

// readProfile reads a profile, and what of it is entered: FILE:LINE.COL,LINE.COL STATEMENTS COUNT.
func readProfile(path string) (entered, all map[string][]block, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	entered, all = map[string][]block{}, map[string][]block{}
	for line := range strings.Lines(string(text)) {
		colon := strings.LastIndexByte(line, ':')
		var b block
		var column, statements, count int
		n, _ := fmt.Sscanf(line[colon+1:], "%d.%d,%d.%d %d %d", &b.fromLine, &column, &b.toLine, &column, &statements, &count)
		if n != 6 {
			continue
		}
		name := filepath.Base(line[:colon])
		all[name] = append(all[name], b)
		if count > 0 {
			entered[name] = append(entered[name], b)
		}
	}
	return entered, all, nil
}

// reaches says whether a test enters the line of a mutant. The condition of a case is in no block of its own: every
// test that enters the switch may evaluate it. What comes after a function in a statement is in none at all: every test
// that enters the declaration around it may get there.
func (t test) reaches(m mutant) bool {
	name := filepath.Base(m.file)
	here := func(b block) bool { return b.fromLine <= m.enter && m.enter <= b.toLine }
	if slices.ContainsFunc(t.all[name], here) {
		return slices.ContainsFunc(t.blocks[name], here)
	}
	return slices.ContainsFunc(t.blocks[name], func(b block) bool {
		return m.function[0] <= b.fromLine && b.toLine <= m.function[1]
	})
}

// group are tests that run together, and how long they take one after the other.
type group struct {
	pattern string
	took    time.Duration
}

// reaching are the tests to run for a mutant, one after the other: those that reach its line, the
// quick ones first, and cases apart from whole tests.
func (s *suite) reaching(m mutant) (runs []group) {
	var names [][]string
	groupOf := map[string]int{}
	var took time.Duration
	for _, t := range s.tests {
		if !t.reaches(m) {
			continue
		}
		took += t.took
		key, _, isCase := strings.Cut(t.name, "/")
		if !isCase {
			key = ""
		}
		key = fmt.Sprint(key, " ", took > batch)
		at, ok := groupOf[key]
		if !ok {
			at = len(runs)
			groupOf[key] = at
			runs, names = append(runs, group{}), append(names, nil)
		}
		names[at] = append(names[at], t.name)
		runs[at].took += t.took
	}
	for i := range runs {
		runs[i].pattern = exactly(names[i]...)
	}
	return runs
}
