package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"autoconfig/provider"
)

// Dialect is a database's way to write statements.
type Dialect string

// The databases there are drivers for.
const (
	Postgres Dialect = "postgres"
	MySQL    Dialect = "mysql" // and MariaDB
	SQLite   Dialect = "sqlite"
)

// Dialects lists them.
func Dialects() []Dialect { return []Dialect{Postgres, MySQL, SQLite} }

// The parameters a query or a filter can have.
const (
	ParamDomain  = "domain"  // lower case, A-labels
	ParamAddress = "address" // local part and domain
	ParamLocal   = "local"   // the local part as it was sent
)

// Query is a statement of the operator's. Its :domain, :address and :local are
// bound parameters of the database, so that no address can change the
// statement.
type Query struct {
	text   string   // with the dialect's own marks
	params []string // what each mark stands for; postgres: in the order of their numbers
}

// QueryError says what is wrong with a query or a filter, and what to write.
type QueryError struct{ Problem, Fix string }

func (e *QueryError) Error() string { return e.Problem + "; " + e.Fix }

// ParseQuery reads a statement that may have the parameters allowed and, if
// there are any, must have one of them. Its error is a [*QueryError].
func ParseQuery(d Dialect, text string, allowed ...string) (Query, error) {
	text = strings.TrimSpace(text)
	text = strings.TrimSpace(strings.TrimSuffix(text, ";"))
	s := scanner{dialect: d, text: text, allowed: allowed}
	if err := s.run(); err != nil {
		return Query{}, err
	}
	if len(allowed) > 0 && len(s.params) == 0 {
		return Query{}, noParameter("query", allowed)
	}
	return Query{text: s.out.String(), params: s.params}, nil
}

// noParameter is the error for a query or a filter without any.
func noParameter(what string, allowed []string) error {
	return &QueryError{"the " + what + " has no parameter: the answer would be the same for everybody",
		"write " + marks(allowed) + " where the name is compared"}
}

// unknownParameter is the error for a parameter that is not allowed here.
func unknownParameter(name string, allowed []string) error {
	return &QueryError{fmt.Sprintf(":%s is not a parameter here", name), "write " + marks(allowed)}
}

func marks(names []string) string {
	if len(names) == 0 {
		return "the query without parameters"
	}
	return ":" + strings.Join(names, " or :")
}

// args are the values of the marks for an address.
func (q Query) args(a provider.Address) []any {
	out := make([]any, len(q.params))
	for i, name := range q.params {
		out[i] = parameter(name, a)
	}
	return out
}

func parameter(name string, a provider.Address) string {
	switch name {
	case ParamDomain:
		return a.Domain
	case ParamAddress:
		return a.String()
	}
	return a.Local
}

// scanner copies a statement and puts the dialect's marks for the parameters,
// but not inside quotes and comments.
type scanner struct {
	dialect Dialect
	text    string
	allowed []string

	at     int
	out    strings.Builder
	params []string
}

func (s *scanner) run() error {
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		switch c := rest[0]; {
		case c == '\'', c == '"', c == '`', c == '[' && s.dialect == SQLite:
			if err := s.quoted(c); err != nil {
				return err
			}
		case strings.HasPrefix(rest, "--"), c == '#' && s.dialect == MySQL:
			s.copyTo(1, "\n")
		case strings.HasPrefix(rest, "/*"):
			s.copyTo(2, "*/")
		case c == '$' && s.dialect == Postgres:
			s.dollar(rest)
		case strings.HasPrefix(rest, "::"), strings.HasPrefix(rest, ":="): // a cast, an assignment
			s.copy(2)
		case c == ':':
			if err := s.parameter(rest[1:]); err != nil {
				return err
			}
		case c == '?' && s.dialect != Postgres:
			return &QueryError{"a ? would be a parameter without a value", "write " + marks(s.allowed)}
		case c == ';':
			return &QueryError{"more than one statement", "write one SELECT; a view or a function can hold the rest"}
		default:
			s.copy(1)
		}
	}
	return nil
}

func (s *scanner) copy(n int) {
	n = min(n, len(s.text)-s.at)
	s.out.WriteString(s.text[s.at : s.at+n])
	s.at += n
}

// copyTo copies what begins with n bytes up to and with end, or all that is left.
func (s *scanner) copyTo(n int, end string) {
	before, _, _ := strings.Cut(s.text[s.at+n:], end)
	s.copy(n + len(before) + len(end))
}

// quoted copies a string or a quoted name. A doubled quote is a quote, and in
// MySQL's strings and PostgreSQL's E'…' a backslash escapes.
func (s *scanner) quoted(open byte) error {
	end := open
	if open == '[' {
		end = ']'
	}
	before := s.text[:s.at]
	escapes := open != '`' && s.dialect == MySQL ||
		open == '\'' && s.dialect == Postgres && (strings.HasSuffix(before, "E") || strings.HasSuffix(before, "e"))
	i := s.at + 1
	for ; i < len(s.text); i++ {
		doubled := i+1 < len(s.text) && s.text[i+1] == end
		if s.text[i] == end && !doubled {
			break
		}
		if s.text[i] == end || escapes && s.text[i] == '\\' {
			i++
		}
	}
	if i >= len(s.text) {
		return &QueryError{fmt.Sprintf("a quote %c that does not end", open), "close it"}
	}
	content := s.text[s.at+1 : i]
	mark := map[string]string{"%d": ":domain", "%s": ":address", "%u": ":local",
		":domain": ":domain", ":address": ":address", ":local": ":local"}[content]
	if mark != "" {
		problem := fmt.Sprintf("%c%s%c is a string, not a parameter", open, content, end)
		return &QueryError{problem, "write " + mark + " without quotes"}
	}
	s.copy(i + 1 - s.at)
	return nil
}

// dollar copies a dollar-quoted string, $$…$$ or $tag$…$tag$, or the $ alone.
func (s *scanner) dollar(rest string) {
	tag := rest[:1+wordLength(rest[1:])]
	if len(tag) < len(rest) && rest[len(tag)] == '$' {
		tag += "$"
		s.copy(len(tag) - 1)
		s.copyTo(1, tag)
		return
	}
	s.copy(1)
}

func wordLength(s string) int {
	const word = "_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return len(s) - len(strings.TrimLeft(s, word))
}

// parameter writes the mark for the name after a colon.
func (s *scanner) parameter(rest string) error {
	n := wordLength(rest)
	if n == 0 || rest[0] <= '9' { // a slice of an array
		s.copy(1)
		return nil
	}
	name := rest[:n]
	if !slices.Contains(s.allowed, name) {
		return unknownParameter(name, s.allowed)
	}
	s.at += 1 + n
	if s.dialect != Postgres {
		s.out.WriteByte('?')
		s.params = append(s.params, name)
		return nil
	}
	i := slices.Index(s.params, name)
	if i < 0 {
		i = len(s.params)
		s.params = append(s.params, name)
	}
	s.out.WriteString("$" + strconv.Itoa(i+1))
	return nil
}
