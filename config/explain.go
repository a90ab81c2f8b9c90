package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

// explain reports a syntax error of the YAML library in lines, the first of which is the line after number before:
// where, what is wrong and what to write.
func (d *decoder) explain(before int, lines []string, err error) {
	e := syntaxError{lines: lines, line: 1, column: 1, message: strings.SplitN(err.Error(), "\n", 2)[0]}
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil {
		e.line, e.column, e.message = syntax.Token.Position.Line, syntax.Token.Position.Column, syntax.Message
	}
	e.line = min(max(e.line, 1), len(lines))
	cause, fix := e.words()
	d.syntax(Pos{Line: before + e.line, Column: e.column}, cause, fix)
}

// syntaxError is what the YAML library says, and where.
type syntaxError struct {
	lines        []string
	line, column int
	message      string
}

var (
	colonInValue = regexp.MustCompile(`^(\s*(?:- )*)([\w.-]+):\s+([^"'\[{|>&*!].*:(?:\s.*|$))`)
	bareVariable = regexp.MustCompile(`[{,]\s*[\w-]+:\s+(\$\{\w+\})`)
	noColon      = regexp.MustCompile(`^(\s*(?:- )*)([\w.-]+)(?:\s+|$)(.*)$`)
	noBlank      = regexp.MustCompile(`^(\s*(?:- )*)([a-z_]\w*):([^\s/].*)$`)
	needsQuotes  = regexp.MustCompile(`reserved character|directive|anchor|header option|sequence entries`) // messages
	valueOfKey   = regexp.MustCompile(`^(\s*(?:- )*)([\w.-]+):\s+(.*)$`)
)

// words says what is wrong and what to write. It moves the place to where the mistake is, which the library often
// notices later.
func (e *syntaxError) words() (cause, fix string) {
	if e.message == errNested.Error() {
		return fmt.Sprintf("values nested more than %d deep", maxDepth), "leave out the brackets around them"
	}
	if cause, fix := e.tab(); cause != "" {
		return cause, fix
	}
	if cause, fix := e.bracket(); cause != "" {
		return cause, fix
	}
	line := strings.TrimRight(e.lines[e.line-1], " \r")
	var m []string
	match := func(re *regexp.Regexp, line string) bool {
		m = re.FindStringSubmatch(line)
		return m != nil
	}
	switch {
	case strings.Contains(e.message, "quoted text"):
		return "the quote is not closed", "add the closing quote at the end of the value"
	case strings.Contains(e.message, "escape character"):
		return `a \ in double quotes begins an escape`, `write \\, or put the value in single quotes`
	case bareVariable.MatchString(line): // inside braces, which its own end
		at := bareVariable.FindStringSubmatchIndex(line)
		e.column = at[2] + 1
		return "a variable between braces is not in quotes", fmt.Sprintf("put it in quotes: %q", line[at[2]:at[3]])
	case match(noBlank, line):
		e.column = len(m[1]) + len(m[2]) + 2
		return "no space after the colon", fmt.Sprintf("write %s: %s", m[2], m[3])
	case match(colonInValue, beforeComment(line)):
		return "the value has a colon in it", fmt.Sprintf("put it in quotes: %s: %q", m[2], m[3])
	case needsQuotes.MatchString(e.message):
		return e.quotes(line)
	case strings.Contains(e.message, "mapping value") && e.line < len(e.lines) && strings.TrimSpace(e.lines[e.line]) != "":
		key := len(line) - len(strings.TrimLeft(line, "- ")) + 1
		e.line, e.column = e.line+1, len(e.lines[e.line])-len(strings.TrimLeft(e.lines[e.line], " "))+1
		return "the line is indented deeper than the key above it, which already has a value",
			fmt.Sprintf("begin it in column %d", key)
	case e.indented(line):
		return "the line is not indented like the lines around it", fmt.Sprintf("begin it in column %d", e.before())
	case !valueOfKey.MatchString(line) && !strings.HasSuffix(line, ":") && match(noColon, line):
		return "no colon after the key", strings.TrimRight(fmt.Sprintf("write %s: %s", m[2], m[3]), " ")
	case valueOfKey.MatchString(line) && strings.Contains(e.message, "value is not allowed"):
		return e.quotes(line)
	}
	return "this is not YAML: " + e.message, "compare the line with autoconfig.example.yaml"
}

func (e *syntaxError) quotes(line string) (cause, fix string) {
	m := valueOfKey.FindStringSubmatch(beforeComment(line))
	if m == nil {
		return "the value begins with a character that YAML reserves", "put the value in quotes"
	}
	e.column = len(m[1]) + len(m[2]) + 3
	if value := m[3]; value[0] == '[' || value[0] == '{' {
		for _, pair := range []string{"[]", "{}"} {
			if strings.Count(value, pair[:1]) < strings.Count(value, pair[1:]) {
				e.column += strings.LastIndex(value, pair[1:])
				return "one " + pair[1:] + " too many", "remove it"
			}
		}
		if strings.Contains(e.message, "reserved") {
			return "a value in the brackets begins with a character that YAML reserves", "put that value in quotes"
		}
	}
	return fmt.Sprintf("a value cannot be written with %q like this", m[3][:1]),
		fmt.Sprintf("put it in quotes: %s: %q", m[2], m[3])
}

func (e *syntaxError) tab() (cause, fix string) {
	for i, line := range e.lines[:e.line] {
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if at := strings.IndexByte(indent, '\t'); at >= 0 && strings.TrimSpace(line) != "" {
			e.line, e.column = i+1, at+1
			return "a tab at the beginning of the line", "indent with spaces"
		}
	}
	return "", ""
}

// bracket finds a [ or { that is not closed, or one that a comment cuts off.
func (e *syntaxError) bracket() (cause, fix string) {
	type open struct {
		line, column int
		closing      byte
	}
	var stack []open
	comment := open{}
	for i, line := range e.lines {
		quote := byte(0)
		for j := range len(line) {
			c := line[j]
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case (c == '"' || c == '\'') && (j == 0 || strings.IndexByte(" [{,:", line[j-1]) >= 0):
				quote = c
			case c == '[' || c == '{':
				if len(stack) > 0 || j == 0 || strings.IndexByte(" [{,", line[j-1]) >= 0 {
					stack = append(stack, open{i + 1, j + 1, c + 2}) // ] is [ + 2, } is { + 2
				}
			case len(stack) > 0 && c == stack[len(stack)-1].closing:
				stack = stack[:len(stack)-1]
			case len(stack) > 0 && (c == ']' || c == '}'):
				e.line, e.column = i+1, j+1
				return fmt.Sprintf("a %c where a %c is needed", c, stack[len(stack)-1].closing),
					"close the brackets in the order in which they are opened"
			}
			if c == '#' && quote == 0 && j > 0 && line[j-1] == ' ' {
				if len(stack) > 0 {
					comment = open{i + 1, j + 1, 0}
				}
				break
			}
		}
	}
	if len(stack) == 0 {
		return "", ""
	}
	last := stack[len(stack)-1]
	if comment.line == last.line && comment.column < len(e.lines[last.line-1]) {
		e.line, e.column = comment.line, comment.column
		word := strings.FieldsFunc(e.lines[e.line-1][e.column-1:],
			func(r rune) bool { return strings.ContainsRune(" ,}]\r", r) })[0]
		if word != "#" {
			return fmt.Sprintf("a # after a space begins a comment, so the %c is not seen", last.closing),
				fmt.Sprintf("put the value in quotes: %q", word)
		}
	}
	e.line, e.column = last.line, last.column
	return fmt.Sprintf("the bracket is not closed: no %c", last.closing),
		fmt.Sprintf("add the %c, or put the value in quotes", last.closing)
}

// before is the column of the key on the last line before this one that has something on it, 0 without one.
func (e *syntaxError) before() int {
	for i := e.line - 2; i >= 0; i-- {
		line := beforeComment(e.lines[i])
		if text := strings.TrimLeft(line, " "); text != "" {
			return len(line) - len(strings.TrimLeft(text, "- ")) + 1
		}
	}
	return 0
}

// indented reports whether the line has a key, in another column than the one before it.
func (e *syntaxError) indented(line string) bool {
	column := len(line) - len(strings.TrimLeft(line, "- ")) + 1
	key := valueOfKey.MatchString(line) || strings.HasSuffix(line, ":")
	return key && strings.Contains(e.message, "not allowed") && e.before() != 0 && e.before() != column
}
