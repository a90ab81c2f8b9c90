package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// pkg is a package under test.
type pkg struct {
	ImportPath, Dir string
	GoFiles         []string

	scratch  string
	suites   []*suite
	patience time.Duration // with tests that run together, besides six times what they take
	memory   int           // their address space, in MiB
}

// list reads what go list says of a package.
func list(pattern string) (*pkg, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles", pattern) //nolint:gosec // the developer names it
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	p := &pkg{}
	return p, json.Unmarshal(out, p)
}

// load finds a package, and runs each of the tests once with the package as it is.
func load(pattern string, o options) (*pkg, error) {
	p, err := list(pattern)
	if err != nil {
		return nil, err
	}
	p.memory, p.patience = o.memory, o.patience
	if p.scratch, err = os.MkdirTemp("", "mutate"); err != nil {
		return nil, err
	}
	if o.tests == "" {
		o.tests = pattern
	}
	for name := range strings.SplitSeq(o.tests, ",") {
		s, err := p.newSuite(name)
		if err != nil {
			p.close()
			return nil, err
		}
		p.suites = append(p.suites, s)
	}
	return p, nil
}

func (p *pkg) close() { _ = os.RemoveAll(p.scratch) }

// mutants are those of all files whose name contains only.
func (p *pkg) mutants(only string) ([]mutant, error) {
	var all []mutant
	for _, name := range p.GoFiles {
		if !strings.Contains(name, only) {
			continue
		}
		found, err := mutantsOf(filepath.Join(p.Dir, name))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// together builds each suite once with all the mutants that can be told apart when it runs.
func (p *pkg) together(all []mutant) {
	for _, s := range p.suites {
		if err := p.buildSchema(s, all); err != nil {
			fmt.Fprintf(os.Stderr, "mutate: %s: each mutant is built alone: %v\n", s.ImportPath, err)
		}
	}
}

// test runs the tests that reach a mutant, given by its number too, until one notices.
func (p *pkg) test(ctx context.Context, number int, m mutant) (outcome, error) {
	result := uncovered
	for _, s := range p.suites {
		runs := s.reaching(m)
		if len(runs) == 0 {
			continue
		}
		binary, name := s.schema, fmt.Sprint(chosen, number+1)
		if !s.together[number] {
			binary, name = s.binary, ""
			if ok, err := p.build(s, m); err != nil || !ok {
				return stillborn, err
			}
		}
		for _, run := range runs {
			if result = p.run(ctx, s, binary, name, run); result != lived {
				return result, nil
			}
		}
	}
	return result, nil
}

// build builds the tests of a suite with a mutant in place, where it is valid Go.
func (p *pkg) build(s *suite, m mutant) (ok bool, err error) {
	src, err := os.ReadFile(m.file)
	if err != nil {
		return false, err
	}
	changed := bytes.Join([][]byte{src[:m.start], []byte(m.new), src[m.end:]}, nil)
	file, overlay := filepath.Join(p.scratch, "mutant.go"), filepath.Join(p.scratch, "overlay.json")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{m.file: file}})
	if err != nil {
		return false, err
	}
	if err := errors.Join(os.WriteFile(file, changed, 0o600), os.WriteFile(overlay, list, 0o600)); err != nil {
		return false, err
	}
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", overlay, "-o", s.binary, s.ImportPath) //nolint:gosec // it was listed
	return cmd.Run() == nil, nil
}

// run runs some tests of a suite, with the mutant of a schema or with the one that was built.
func (p *pkg) run(ctx context.Context, s *suite, binary, name string, tests group) outcome {
	ctx, cancel := context.WithTimeout(ctx, p.patience+6*tests.took)
	defer cancel()
	// Without a limit, a loop that appends and never ends takes the machine's memory, not the test's.
	limited := fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, p.memory<<10)
	cmd := s.command(ctx, "sh", "-c", limited, binary, "-test.short", "-test.failfast", "-test.run", tests.pattern)
	cmd.Env = append(cmd.Environ(), "GOCOVERDIR="+name)
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return hung
	case err != nil:
		return killed
	}
	return lived
}

// command is a program that runs where the tests of a suite do.
func (s *suite) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // it was just built
	cmd.Dir = s.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what a test has started ends with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}
