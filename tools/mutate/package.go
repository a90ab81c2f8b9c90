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

	scratch string
	blocks  map[string][]block // by the file's base name
	limit   time.Duration      // for the tests of one mutant
	memory  int                // their address space, in MiB
}

// block is a piece of code that the tests enter.
type block struct{ fromLine, fromCol, toLine, toCol int }

// load finds a package, and runs its tests once as they are.
func load(pattern string, o options) (*pkg, error) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles", pattern).Output() //nolint:gosec // the developer names it
	if err != nil {
		return nil, err
	}
	p := &pkg{blocks: map[string][]block{}, memory: o.memory}
	if err := json.Unmarshal(out, p); err != nil {
		return nil, err
	}
	if p.scratch, err = os.MkdirTemp("", "mutate"); err != nil {
		return nil, err
	}
	profile := filepath.Join(p.scratch, "cover")
	begin := time.Now()
	cmd := exec.Command("go", "test", "-short", "-count=1", "-vet=off", "-coverprofile", profile, p.ImportPath) //nolint:gosec // the same
	if out, err := cmd.CombinedOutput(); err != nil {
		p.close()
		return nil, fmt.Errorf("its tests fail as they are: %w\n%s", err, out)
	}
	p.limit = o.patience + 6*time.Since(begin)
	return p, p.readProfile(profile)
}

func (p *pkg) close() { _ = os.RemoveAll(p.scratch) }

// readProfile reads a profile of go test: FILE:LINE.COL,LINE.COL STATEMENTS COUNT.
func (p *pkg) readProfile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		colon := strings.LastIndexByte(line, ':')
		var b block
		var statements, count int
		if n, _ := fmt.Sscanf(line[colon+1:], "%d.%d,%d.%d %d %d", &b.fromLine, &b.fromCol, &b.toLine, &b.toCol, &statements, &count); n == 6 && count > 0 {
			name := filepath.Base(line[:colon])
			p.blocks[name] = append(p.blocks[name], b)
		}
	}
	return nil
}

// covered says whether a test enters the line of a mutant: conditions of case
// clauses lie in no block of their own, so the lines around one count.
func (p *pkg) covered(m mutant) bool {
	for _, b := range p.blocks[filepath.Base(m.file)] {
		if b.fromLine <= m.at.Line && m.at.Line <= b.toLine {
			return true
		}
	}
	return false
}

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

// test runs the package's tests with a mutant in place.
func (p *pkg) test(m mutant) (outcome, error) {
	src, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	changed := bytes.Join([][]byte{src[:m.start], []byte(m.new), src[m.end:]}, nil)
	file, overlay, binary := filepath.Join(p.scratch, "mutant.go"), filepath.Join(p.scratch, "overlay.json"), filepath.Join(p.scratch, "test")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{m.file: file}})
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(file, changed, 0o600), os.WriteFile(overlay, list, 0o600)); err != nil {
		return "", err
	}
	if exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", overlay, "-o", binary, p.ImportPath).Run() != nil { //nolint:gosec // the same
		return stillborn, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.limit)
	defer cancel()
	// Without a limit, a loop that appends and never ends takes the machine's memory, not the test's.
	limited := fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, p.memory<<10)
	cmd := exec.CommandContext(ctx, "sh", "-c", limited, binary, "-test.short", "-test.failfast") //nolint:gosec // it was just built
	cmd.Dir = p.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what a test has started ends with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return hung, nil
	case err != nil:
		return killed, nil
	}
	return lived, nil
}
