package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A schema is a package with many mutants in it at once, each behind a question
// whether it is the one that counts in this run: the tests are built once for all
// of them. The number of the mutant is in GOCOVERDIR, which test scripts hand on
// to the programs they start.

// support is what the code of a schema asks.
const support = `package %s

import (
	"os"
	"strconv"
	"strings"
)

var mutantNow = func() int {
	n, _ := strconv.Atoi(strings.TrimPrefix(os.Getenv("GOCOVERDIR"), "` + chosen + `"))
	return n
}()

func mutantIs(n int) bool { return mutantNow == n }

func mutantAnd(n int, x bool, y func() bool) bool { return x && (mutantIs(n) || y()) || mutantIs(n) && y() }

func mutantOr(n int, x bool, y func() bool) bool {
	if mutantIs(n) {
		return x && y()
	}
	return x || y()
}

type mutantNumber interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64
}

func mutantAdd[T mutantNumber](minus bool, x, y T) T {
	if minus {
		return x - y
	}
	return x + y
}

func mutantMul[T mutantNumber](through bool, x, y T) T {
	if through {
		return x / y
	}
	return x * y
}
`

const chosen = "mutant-"

// change is a piece of a file with its mutants, by their numbers.
type change struct {
	node       ast.Node
	start, end int
	mutants    []int
}

// offset is where a position is in its file, which is the only one of its set.
func offset(p token.Pos) int { return int(p) - 1 }

// schemaFile writes a file with its mutants in it.
type schemaFile struct {
	src     []byte
	all     []mutant
	changes []change // what is around others first
}

// schemaOf is the text of a file with the mutants that are wanted.
func schemaOf(src []byte, all []mutant, wanted func(int) bool) string {
	f := &schemaFile{src: src, all: all}
	for i, m := range all {
		if m.node == nil || !wanted(i) {
			continue
		}
		at := slices.IndexFunc(f.changes, func(c change) bool { return c.node == m.node })
		if at < 0 {
			at = len(f.changes)
			f.changes = append(f.changes, change{node: m.node, start: offset(m.node.Pos()), end: offset(m.node.End())})
		}
		f.changes[at].mutants = append(f.changes[at].mutants, i)
	}
	slices.SortStableFunc(f.changes, func(a, b change) int {
		_, outer := b.node.(condition) // has the place of what it is around
		if _, is := a.node.(condition); is || outer {
			return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end), map[bool]int{true: -1, false: 1}[is])
		}
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
	return f.text(0, len(src), 0)
}

// text is a piece of the file with the changes from the first one on that are in it.
func (f *schemaFile) text(start, end, first int) string {
	var out strings.Builder
	at := start
	for i := first; i < len(f.changes); i++ {
		c := f.changes[i]
		if c.start < at || c.end > end {
			continue
		}
		out.Write(f.src[at:c.start])
		out.WriteString(f.changed(i))
		at = c.end
	}
	out.Write(f.src[at:end])
	return out.String()
}

// changed is a piece with its mutants.
func (f *schemaFile) changed(i int) string {
	c := f.changes[i]
	id := c.mutants[0]
	is := fmt.Sprintf("mutantIs(%d)", id+1)
	inner := func() string { return f.text(c.start, c.end, i+1) }
	switch n := c.node.(type) {
	case *ast.BinaryExpr:
		return f.binary(i, n)
	case *ast.UnaryExpr, condition:
		return "((" + inner() + ") != " + is + ")"
	case *ast.Ident:
		if n.Name == "true" {
			return "!" + is
		}
		return is
	case *ast.IncDecStmt:
		x := string(f.src[c.start : c.end-2])
		return fmt.Sprintf("func() { if %s { %s%s } else { %s%s } }()", is, x, f.all[id].new, x, n.Tok)
	case *ast.BranchStmt:
		return "if " + is + " { break } else { continue }"
	}
	return "if !" + is + " { " + inner() + " }"
}

var negations = map[string]string{"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}

func (f *schemaFile) binary(i int, n *ast.BinaryExpr) string {
	c, op := f.changes[i], n.Op.String()
	x := f.text(c.start, offset(n.X.End()), i+1)
	y := f.text(offset(n.Y.Pos()), c.end, i+1)
	id := c.mutants[0] + 1
	switch op {
	case "&&":
		return fmt.Sprintf("mutantAnd(%d, %s, func() bool { return %s })", id, x, y)
	case "||":
		return fmt.Sprintf("mutantOr(%d, %s, func() bool { return %s })", id, x, y)
	case "+":
		return fmt.Sprintf("mutantAdd(mutantIs(%d), %s, %s)", id, x, y)
	case "-":
		return fmt.Sprintf("mutantAdd(!mutantIs(%d), %s, %s)", id, x, y)
	case "*":
		return fmt.Sprintf("mutantMul(mutantIs(%d), %s, %s)", id, x, y)
	case "/":
		return fmt.Sprintf("mutantMul(!mutantIs(%d), %s, %s)", id, x, y)
	}
	usual := fmt.Sprintf("(%s %s %s)", x, op, y)
	var bounds strings.Builder
	for _, k := range c.mutants {
		if other := f.all[k].new; other == negations[op] {
			usual = fmt.Sprintf("(%s != mutantIs(%d))", usual, k+1)
		} else {
			fmt.Fprintf(&bounds, "if mutantIs(%d) { return %s %s %s }; ", k+1, oneLine(x), other, oneLine(y))
		}
	}
	if bounds.Len() == 0 {
		return usual
	}
	return "func() bool { " + bounds.String() + "return " + usual + " }()"
}

// oneLine keeps the lines of a file where they are, if its text is written twice.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// buildSchema builds the tests of a suite with as many of the mutants as the compiler takes together, and notes which.
func (p *pkg) buildSchema(s *suite, all []mutant) error {
	left := map[int]bool{}
	for i, m := range all {
		left[i] = m.node != nil
	}
	for range 100 {
		overlay, err := p.writeSchema(all, left)
		if err != nil {
			return err
		}
		cmd := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-gcflags="+p.ImportPath+"=-e", //nolint:gosec // it was listed
			"-overlay", overlay, "-o", s.schema, s.ImportPath)
		out, err := cmd.CombinedOutput()
		if err == nil {
			s.together = left
			return nil
		}
		if !dropFaulty(string(out), all, left) {
			return fmt.Errorf("%w\n%s", err, out)
		}
	}
	return errors.New("the compiler finds more and more faults")
}

var packageName = regexp.MustCompile(`(?m)^package (\w+)`)

// writeSchema writes the files of a schema, and the overlay that names them.
func (p *pkg) writeSchema(all []mutant, left map[int]bool) (overlay string, err error) {
	replace, name := map[string]string{}, ""
	for _, file := range p.GoFiles {
		path := filepath.Join(p.Dir, file)
		src, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		name = string(packageName.FindSubmatch(src)[1])
		text := schemaOf(src, all, func(i int) bool { return left[i] && all[i].file == path })
		replace[path] = filepath.Join(p.scratch, "schema_"+file)
		if err := os.WriteFile(replace[path], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	extra := filepath.Join(p.scratch, "schema_support.go")
	replace[filepath.Join(p.Dir, "mutant_support.go")] = extra
	list, err := json.Marshal(map[string]any{"Replace": replace})
	overlay = filepath.Join(p.scratch, "schema.json")
	return overlay,
		errors.Join(err, os.WriteFile(overlay, list, 0o600), os.WriteFile(extra, fmt.Appendf(nil, support, name), 0o600))
}

var faultLine = regexp.MustCompile(`(?m)(\w+\.go):(\d+):\d+:`)

// dropFaulty takes the mutants out that the compiler complains of: those of its lines, or else of the functions that
// these lines are in, since a loop with a break in it may want a return after it.
func dropFaulty(said string, all []mutant, left map[int]bool) (dropped bool) {
	drop := func(wrong func(m mutant) bool) (some bool) {
		for i, m := range all {
			if left[i] && wrong(m) {
				left[i], some = false, true
			}
		}
		return some
	}
	for _, fault := range faultLine.FindAllStringSubmatch(said, -1) {
		name := strings.TrimPrefix(fault[1], "schema_")
		line, _ := strconv.Atoi(fault[2])
		dropped = drop(func(m mutant) bool { return filepath.Base(m.file) == name && m.at.Line == line }) ||
			drop(func(m mutant) bool {
				return filepath.Base(m.file) == name && m.function[0] <= line && line <= m.function[1]
			}) || dropped
	}
	return dropped
}
