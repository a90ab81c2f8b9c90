package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"autoconfig/finding"
)

// Pos is a place in a file; line and column count from 1.
type Pos struct {
	File         string
	Line, Column int
}

// String is file:line:column, without the parts that are not known.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// ParsePos reads what [Pos.String] wrote, the subject of a finding of this package.
func ParsePos(s string) Pos {
	m := posPattern.FindStringSubmatch(s)
	line, _ := strconv.Atoi(m[2]) // 0 where it is left out
	column, _ := strconv.Atoi(m[3])
	return Pos{m[1], line, column}
}

var posPattern = regexp.MustCompile(`^(?s:(.*?))(?::(\d{1,9}))?(?::(\d{1,9}))?$`)

// places is where each value is written, by its path.
type places struct {
	file  string
	at    map[string]Pos
	leafs map[string]bool // values that are one text or number, with nothing below
}

// find is where the value at path is written, or the nearest thing around it; key is its path, or the path of the short
// form that holds it.
func (p places) find(path string) (at Pos, key string) {
	for near := path; near != ""; near = parentPath(near) {
		if at, ok := p.at[near]; ok {
			if p.leafs[near] {
				path = near
			}
			return at, path
		}
	}
	return Pos{File: p.file, Line: 1, Column: 1}, path
}

func joinPath(path, key string) string {
	if path == "" || key == "" {
		return path + key
	}
	return path + "." + key
}

func parentPath(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// lastKey is the key that a path ends in, without an index.
func lastKey(path string) string {
	path, _, _ = strings.Cut(path[strings.LastIndexByte(path, '.')+1:], "[")
	return path
}

// Fault is the finding id about the value at path.
func (c *Config) Fault(id, path, cause, fix string) finding.Finding {
	at, key := c.pos.find(path)
	f := finding.New(id, at.String()).Because("%s", cause)
	f.Key, f.Fix = key, cmp.Or(fix, f.Fix)
	return f
}

// ordered puts findings into the order of the lines they are about, the configuration before the files it names, each
// once.
func (c *Config) ordered(list []finding.Finding) []finding.Finding {
	place := func(f finding.Finding) Pos {
		at := ParsePos(f.Subject)
		if at.File == c.Path {
			at.File = "" // sorts first
		}
		return at
	}
	slices.SortStableFunc(list, func(a, b finding.Finding) int {
		p, q := place(a), place(b)
		return cmp.Or(strings.Compare(p.File, q.File), p.Line-q.Line, p.Column-q.Column)
	})
	return slices.CompactFunc(list, func(a, b finding.Finding) bool { return a.String() == b.String() })
}
