package main

import (
	"database/sql"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// sqliteScript runs the statements of a file in a SQLite database, which it
// makes if need be: sqlite DATABASE FILE.
func sqliteScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite DATABASE FILE")
	}
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0]))
	ts.Check(err)
	defer func() { _ = db.Close() }()
	for statement := range strings.SplitSeq(ts.ReadFile(args[1]), ";\n") {
		_, err := db.Exec(statement)
		ts.Check(err)
	}
}

// waitLog waits until the log of the served program matches: waitlog REGEXP.
func waitLog(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitlog REGEXP")
	}
	waitFor(ts, regexp.MustCompile(args[0]))
}
