package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// mutant is one change: the text between two offsets of a file is replaced.
type mutant struct {
	file       string // absolute
	at         token.Position
	start, end int
	old, new   string

	node     ast.Node // what it changes, where a schema can have it
	function [2]int   // the lines of the declaration around it
	enter    int      // the line that a test enters to get there: of the switch, for a condition of a case
}

func (m mutant) String() string {
	short := func(s string) string {
		s = strings.Join(strings.Fields(s), " ")
		if r := []rune(s); len(r) > 60 {
			s = string(r[:59]) + "…"
		}
		return s
	}
	what := fmt.Sprintf("`%s` → `%s`", short(m.old), short(m.new))
	if m.new == "" {
		what = fmt.Sprintf("without `%s`", short(m.old))
	}
	return fmt.Sprintf("%s:%d:%d %s", filepath.Base(m.file), m.at.Line, m.at.Column, what)
}

// swaps are what becomes of each operator.
var swaps = map[token.Token][]token.Token{
	token.LSS: {token.LEQ, token.GEQ}, token.LEQ: {token.LSS, token.GTR},
	token.GTR: {token.GEQ, token.LEQ}, token.GEQ: {token.GTR, token.LSS},
	token.EQL: {token.NEQ}, token.NEQ: {token.EQL},
	token.LAND: {token.LOR}, token.LOR: {token.LAND},
	token.ADD: {token.SUB}, token.SUB: {token.ADD}, token.MUL: {token.QUO}, token.QUO: {token.MUL},
}

// unseen are calls that no test can be asked to miss: those of locks, and those
// that close or log.
var unseen = map[string]bool{
	"Lock": true, "Unlock": true, "RLock": true, "RUnlock": true, "Close": true,
	"Debug": true, "Info": true, "Warn": true, "Error": true, "Log": true, "panic": true,
}

// finder collects the mutants of one file.
type finder struct {
	path string
	src  []byte
	set  *token.FileSet
	out  []mutant

	listed   map[ast.Stmt]bool // statements of a list, in the place of which there may be another kind
	function [2]int
	switches map[ast.Expr]int // the lines of the switches that conditions belong to
	enter    int
	until    token.Pos // the end of the condition that enter is for
}

// mutantsOf are all mutants of a file, in its order.
func mutantsOf(path string) ([]mutant, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &finder{path: path, src: src, set: token.NewFileSet(), listed: map[ast.Stmt]bool{}, switches: map[ast.Expr]int{}}
	tree, err := parser.ParseFile(f.set, path, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	ast.Inspect(tree, f.visit)
	return f.out, nil
}

func (f *finder) add(n ast.Node, from, to token.Pos, text string) {
	at := f.set.Position(from)
	start, end := at.Offset, f.set.Position(to).Offset
	enter := at.Line
	if from < f.until {
		enter = f.enter
	}
	if s, ok := n.(ast.Stmt); ok && !f.listed[s] {
		if _, inc := n.(*ast.IncDecStmt); !inc {
			n = nil
		}
	}
	f.out = append(f.out, mutant{f.path, at, start, end, string(f.src[start:end]), text, n, f.function, enter})
}

func (f *finder) around(n ast.Node) {
	f.function = [2]int{f.set.Position(n.Pos()).Line, f.set.Position(n.End()).Line}
}

// list notes the statements of a list.
func (f *finder) list(all []ast.Stmt) {
	for _, s := range all {
		f.listed[s] = true
	}
}

// visit looks into functions alone: what a package declares is data.
func (f *finder) visit(n ast.Node) bool {
	if e, ok := n.(ast.Expr); ok && f.switches[e] != 0 {
		f.enter, f.until = f.switches[e], e.End()
	}
	switch n := n.(type) {
	case *ast.SwitchStmt:
		for _, clause := range n.Body.List {
			if clause, ok := clause.(*ast.CaseClause); ok {
				for _, e := range clause.List {
					f.switches[e] = f.set.Position(n.Pos()).Line
				}
			}
		}
	case *ast.BlockStmt:
		f.list(n.List)
	case *ast.CaseClause:
		f.list(n.Body)
	case *ast.CommClause:
		f.list(n.Body)
	case *ast.FuncDecl:
		f.around(n)
	case *ast.GenDecl:
		f.around(n)
		return n.Tok == token.VAR // a function in a table
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			f.add(n, n.OpPos, n.OpPos+1, " ")
		}
	case *ast.IfStmt:
		switch n.Cond.(type) {
		case *ast.CallExpr, *ast.Ident, *ast.SelectorExpr:
			f.add(condition{n.Cond}, n.Cond.Pos(), n.Cond.End(), "!"+f.text(n.Cond))
		}
	case *ast.IncDecStmt:
		other := map[token.Token]string{token.INC: "--", token.DEC: "++"}
		f.add(n, n.TokPos, n.TokPos+2, other[n.Tok])
	case *ast.Ident:
		if other := map[string]string{"true": "false", "false": "true"}[n.Name]; other != "" {
			f.add(n, n.Pos(), n.End(), other)
		}
	case *ast.BranchStmt:
		if n.Label == nil && n.Tok == token.CONTINUE {
			f.add(n, n.Pos(), n.End(), "break")
		}
	case *ast.ExprStmt:
		if call, ok := n.X.(*ast.CallExpr); ok && !unseen[nameOf(call)] {
			f.add(n, n.Pos(), n.End(), "")
		}
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE && !blank(n) {
			f.add(n, n.Pos(), n.End(), "")
		}
	}
	return true
}

func (f *finder) binary(n *ast.BinaryExpr) {
	for _, other := range swaps[n.Op] {
		if n.Op == token.ADD && (isText(n.X) || isText(n.Y)) {
			continue // text has no minus
		}
		f.add(n, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), other.String())
	}
}

func (f *finder) text(n ast.Node) string {
	return string(f.src[f.set.Position(n.Pos()).Offset:f.set.Position(n.End()).Offset])
}

// condition is that of an if.
type condition struct{ ast.Expr }

func isText(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.BinaryExpr:
		return isText(e.X) || isText(e.Y)
	}
	return false
}

func nameOf(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// blank says that an assignment does nothing but drop its values.
func blank(n *ast.AssignStmt) bool {
	for _, e := range n.Lhs {
		if id, ok := e.(*ast.Ident); !ok || id.Name != "_" {
			return false
		}
	}
	return true
}
