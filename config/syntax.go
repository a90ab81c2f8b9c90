package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"autoconfig/finding"
)

// parse reads the YAML tree of text. A part that is not YAML is reported and left out, so that the mistakes in the rest
// are found as well; nil: nothing can be read.
func (d *decoder) parse(text []byte) *ast.File {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // editors on Windows write it
	if at, cause, fix := unreadableText(text); cause != "" {
		d.syntax(at, cause, fix)
		return nil
	}
	d.lines = strings.Split(string(text), "\n")
	file, err := parseYAML(string(text))
	if err == nil {
		return file
	}
	d.partial = true
	kept := d.leaveOut()
	if len(d.faults) == 0 { // no single part is to blame
		d.explain(0, d.lines, err)
		return nil
	}
	if file, err = parseYAML(strings.Join(kept, "\n")); err != nil {
		return nil
	}
	return file
}

const (
	notText    = "a NUL byte: the file is not text in UTF-8"
	saveAsText = "save it as UTF-8; editors on Windows also offer UTF-16"
)

// unreadableText says why text cannot be YAML in UTF-8, and where.
func unreadableText(text []byte) (at Pos, cause, fix string) {
	lineOf := func(i int) Pos {
		return Pos{Line: 1 + bytes.Count(text[:i], []byte("\n")), Column: i - bytes.LastIndexByte(text[:i], '\n')}
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return lineOf(i), notText, saveAsText
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return lineOf(i), "a byte that is not UTF-8", "save the file as UTF-8"
		}
		i += n
	}
	if at := oddSpace.FindSubmatchIndex(text); at != nil {
		i := max(at[2], at[4])
		r, _ := utf8.DecodeRune(text[i:])
		return lineOf(i), fmt.Sprintf("a space that is not an ordinary one (%U)", r),
			"write ordinary spaces; text that was copied from a web page often has others"
	}
	return Pos{}, "", ""
}

// oddSpace is a space that YAML takes for a letter, where it was meant to indent a line or to follow a colon.
var oddSpace = regexp.MustCompile(strings.ReplaceAll(`(?m)^[ -]*(?:([ODD])[ ODD-]*[a-z_0-9]+:|[a-z_0-9]+:([ODD]))`,
	"ODD", `\x{a0}\x{2000}-\x{200a}\x{202f}\x{3000}`))

func (d *decoder) syntax(at Pos, cause, fix string) {
	at.File = d.file
	d.faults = append(d.faults, finding.New("config-syntax", at.String()).Because("%s", cause).Do("%s", fix))
}

// maxDepth bounds values inside of values in the file.
const maxDepth = 50

var errNested = errors.New("nested too deeply")

// parseYAML parses text with values nested at most maxDepth deep: the memory that the library needs grows with the
// square of the depth.
func parseYAML(text string) (*ast.File, error) {
	tokens := lexer.Tokenize(text)
	depth, entries, line := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType: // several on one line are lists inside of lists
			if t.Position.Line != line {
				entries, line = 0, t.Position.Line
			}
			entries++
		}
		if max(depth, entries) > maxDepth {
			return nil, &yaml.SyntaxError{Message: errNested.Error(), Token: t}
		}
	}
	return parser.Parse(tokens, parser.Mode(0), parser.AllowDuplicateMapKey())
}

// leaveOut reports the parts of the file that are not YAML and returns its lines without them: a top-level key with
// what is below it, or one entry of a top-level list.
func (d *decoder) leaveOut() []string {
	kept := slices.Clone(d.lines)
	for _, part := range parts(d.lines) {
		lines := d.lines[part.from:part.to]
		_, err := parseYAML(strings.Join(lines, "\n"))
		if err == nil {
			continue
		}
		d.explain(part.from, lines, err)
		d.broken = append(d.broken, part.path)
		for i := part.from; i < part.to; i++ {
			kept[i] = ""
		}
		if part.dash > 0 { // the entries after it keep their number
			kept[part.from] = strings.Repeat(" ", part.dash-1) + "- {}"
		}
	}
	return kept
}

// part is lines [from, to) of the file: what belongs to the value at path. An entry of a list begins with its dash,
// whose column counts from 1.
type part struct {
	path           string
	from, to, dash int
}

// parts splits a file at its top-level keys, and their block lists into entries.
func parts(lines []string) []part {
	var out []part
	key, entries, dash := "", 0, 0
	begin := func(i int, p part) {
		if len(out) > 0 {
			out[len(out)-1].to = i
		}
		p.from, p.to = i, len(lines)
		out = append(out, p)
	}
	for i, line := range lines {
		text := strings.TrimLeft(line, " ")
		indent := len(line) - len(text)
		text = strings.TrimRight(text, " \r")
		isEntry := text == "-" || strings.HasPrefix(text, "- ")
		switch {
		case text == "" || strings.HasPrefix(text, "#"):
		case indent == 0 && !isEntry && !strings.ContainsAny(text[:1], "]}[{\t"):
			key, entries, dash = keyPattern.FindString(text), 0, 0
			if !strings.HasSuffix(beforeComment(text), ":") {
				dash = -1 // the value is on this line
			}
			begin(i, part{path: key})
		case isEntry && dash >= 0 && (dash == 0 || dash == indent+1):
			dash = indent + 1
			begin(i, part{path: fmt.Sprintf("%s[%d]", key, entries), dash: dash})
			entries++
		case dash == 0:
			dash = -1 // a mapping
		}
	}
	return out
}

var keyPattern = regexp.MustCompile(`^[\w.-]+`)

func beforeComment(line string) string {
	if i := strings.Index(line, " #"); i >= 0 {
		line = line[:i]
	}
	return strings.TrimRight(line, " \t\r")
}

// Excerpt is the line that a finding of this package is about with a caret under the place, or "". Secrets are left
// out.
func Excerpt(text, subject string) string {
	at := ParsePos(subject)
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	if at.Line < 1 || at.Column < 1 || at.Line > len(lines) {
		return ""
	}
	line := strings.TrimRight(lines[at.Line-1], "\r")
	line = secretPattern.ReplaceAllString(line, "$1 ********")
	runes := []rune(line)
	if len(runes) > 200 || at.Column > len(runes)+1 || !utf8.ValidString(line) {
		return ""
	}
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, string(runes[:at.Column-1]))
	return fmt.Sprintf("%6d | %s\n       | %s^", at.Line, line, pad)
}

var secretPattern = regexp.MustCompile(`((?:dsn|password|storage)["']?\s*:)\s.*`)
