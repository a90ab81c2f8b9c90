package source

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"autoconfig/provider"
)

// Dialect is the SQL of a database.
type Dialect string

// The databases with a driver.
const (
	Postgres Dialect = "postgres"
	MySQL    Dialect = "mysql" // and MariaDB
	SQLite   Dialect = "sqlite"
)

// Dialects lists them.
func Dialects() []Dialect { return []Dialect{Postgres, MySQL, SQLite} }

func unknownDialect(d Dialect) error { return fmt.Errorf("source: unknown database %q", d) }

// The parameters a query or a filter can have.
const (
	ParamDomain  = "domain"  // lower case, A-labels
	ParamAddress = "address" // local part and domain
	ParamLocal   = "local"   // the local part as it was sent
)

// Query is a statement of the operator's. Its :domain, :address and :local become
// bound parameters, so that no address can change the statement.
type Query struct {
	text   string   // with the dialect's own marks
	params []string // of each mark; postgres: in the order of their numbers
}

// QueryError says what is wrong with a query or a filter, and what to write.
type QueryError struct{ Problem, Fix string }

func (e *QueryError) Error() string { return e.Problem + "; " + e.Fix }

// ParseQuery reads a statement that must have one of the allowed parameters, if
// there are any. Its error is a [*QueryError].
func ParseQuery(d Dialect, text string, allowed ...string) (Query, error) {
	token := tokens[d]
	if token == nil {
		return Query{}, unknownDialect(d)
	}
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), ";"))
	var q Query
	for text != "" {
		t := token.FindString(text)
		if d == Postgres && dollarQuote.MatchString(t) {
			before, _, _ := strings.Cut(text[len(t):], t)
			t = text[:min(len(text), len(before)+2*len(t))]
		}
		text = text[len(t):]
		mark, err := q.mark(d, t, allowed)
		if err != nil {
			return Query{}, err
		}
		q.text += mark
	}
	if len(allowed) > 0 && len(q.params) == 0 {
		return Query{}, noParameter("query", allowed)
	}
	return q, nil
}

// The tokens of a statement: comments, casts and assignments, parameters, quoted names and strings, and else single
// characters. A doubled quote is a quote, and in MySQL's strings and PostgreSQL's E'…' a backslash escapes.
const (
	commonToken = `--[^\n]*|/\*.*?(?:\*/|\z)|::|:=|:[A-Za-z_]\w*|` + "`(?:[^`]|``)*`|"
	plainString = `'(?:[^']|'')*'|"(?:[^"]|"")*"|`
)

var (
	tokens = map[Dialect]*regexp.Regexp{
		Postgres: tokenOf(`[Ee]'(?:[^'\\]|''|\\.)*'|\$\w*\$|` + plainString),
		MySQL:    tokenOf(`#[^\n]*|'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"|`),
		SQLite:   tokenOf(`\[[^\]]*\]|` + plainString),
	}
	dollarQuote = regexp.MustCompile(`^\$\w*\$$`) // quotes up to its next occurrence
	quotedMark  = regexp.MustCompile("^[Ee]?['\"`[](%[dsu]|:domain|:address|:local)['\"`\\]]$")
)

func tokenOf(own string) *regexp.Regexp {
	return regexp.MustCompile(`^(?s:` + commonToken + own + `.)`)
}

// mark is what a token is in the dialect: its mark for a parameter, and else the token itself.
func (q *Query) mark(d Dialect, token string, allowed []string) (string, error) {
	first := token[0]
	switch {
	case token == "'", token == `"`, token == "`", token == "[" && d == SQLite:
		return "", &QueryError{"a quote " + token + " that does not end", "close it"}
	case quotedMark.MatchString(token):
		name := strings.NewReplacer("%d", ":domain", "%s", ":address", "%u", ":local").Replace(token)
		return "", &QueryError{strings.TrimLeft(token, "Ee") + " is a string, not a parameter",
			"write " + strings.Trim(name, "Ee'\"`[]") + " without quotes"}
	case token == "?" && d != Postgres:
		return "", &QueryError{"a ? would be a parameter without a value", "write " + marks(allowed)}
	case token == ";":
		return "", &QueryError{"more than one statement", "write one SELECT; a view or a function can hold the rest"}
	case first != ':' || len(token) == 1 || token == "::" || token == ":=":
		return token, nil
	}
	name := token[1:]
	if !slices.Contains(allowed, name) {
		return "", unknownParameter(name, allowed)
	}
	i := slices.Index(q.params, name)
	if i < 0 || d != Postgres { // whose marks have numbers
		i = len(q.params)
		q.params = append(q.params, name)
	}
	if d != Postgres {
		return "?", nil
	}
	return "$" + strconv.Itoa(i+1), nil
}

// Question is one that the operator writes: a query or a filter.
type Question struct {
	Key     string // in the configuration
	Text    string
	Allowed []string // parameters
}

// Questions are those of a source; only the first is needed.
func Questions(domain, list, user string) []Question {
	return []Question{{"domain", domain, []string{ParamDomain}}, {"list", list, nil},
		{"user", user, []string{ParamAddress, ParamLocal, ParamDomain}}}
}

// parseAll parses the questions of a source, and leaves out those without a text.
func parseAll[Q any](parse func(string, ...string) (Q, error), domain, list, user string) (out [3]Q, err error) {
	for i, q := range Questions(domain, list, user) {
		if q.Text == "" && i > 0 {
			continue
		}
		if out[i], err = parse(q.Text, q.Allowed...); err != nil {
			return out, err
		}
	}
	return out, nil
}

func noParameter(what string, allowed []string) error {
	return &QueryError{"the " + what + " has no parameter: the answer would be the same for everybody",
		"write " + marks(allowed) + " where the name is compared"}
}

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
