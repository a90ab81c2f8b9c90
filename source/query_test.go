package source

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"autoconfig/provider"
)

func TestParseQuery(t *testing.T) {
	all := []string{ParamDomain, ParamAddress, ParamLocal}
	for _, test := range []struct {
		dialect  Dialect
		in, want string
		params   string
	}{
		{MySQL, "SELECT 'hosting' FROM domain WHERE domain = :domain AND active = 1;",
			"SELECT 'hosting' FROM domain WHERE domain = ? AND active = 1", "domain"},
		{SQLite, "SELECT a FROM m WHERE a = :address OR (l = :local AND d = :domain)",
			"SELECT a FROM m WHERE a = ? OR (l = ? AND d = ?)", "address local domain"},
		{Postgres, "SELECT x::text FROM m WHERE d=:domain OR e=:address OR f = :domain",
			"SELECT x::text FROM m WHERE d=$1 OR e=$2 OR f = $1", "domain address"},
		{Postgres, "SELECT ':x', 'it''s :y' FROM m WHERE d=:domain -- :not\n",
			"SELECT ':x', 'it''s :y' FROM m WHERE d=$1 -- :not", "domain"},
		{Postgres, `SELECT E'it\'s :y', "a:b", $$ :z ' $$, $t$ :z $u$ $t$ FROM m WHERE d=:domain`,
			`SELECT E'it\'s :y', "a:b", $$ :z ' $$, $t$ :z $u$ $t$ FROM m WHERE d=$1`, "domain"},
		{Postgres, "SELECT $$$$, $$a$$, a[0:9] FROM m WHERE d=:domain", "SELECT $$$$, $$a$$, a[0:9] FROM m WHERE d=$1",
			"domain"},
		{Postgres, "SELECT a[1:2] FROM m WHERE d ? 'x' AND d=:domain", "SELECT a[1:2] FROM m WHERE d ? 'x' AND d=$1",
			"domain"},
		{MySQL, "SELECT 'a\\':b', `c:d` /* :e ' */ FROM m # it's :f\nWHERE d=:domain",
			"SELECT 'a\\':b', `c:d` /* :e ' */ FROM m # it's :f\nWHERE d=?", "domain"},
		{MySQL, "SELECT 1 /*/ :e ' */ FROM m WHERE d=:domain", "SELECT 1 /*/ :e ' */ FROM m WHERE d=?", "domain"},
		{Postgres, "SELECT 1 /*/ ; */ FROM m /**/ WHERE d=:domain", "SELECT 1 /*/ ; */ FROM m /**/ WHERE d=$1", "domain"},
		{SQLite, "SELECT 1 FROM m WHERE d=:domain /* :e", "SELECT 1 FROM m WHERE d=? /* :e", "domain"},
		{MySQL, "SELECT @x := :domain", "SELECT @x := ?", "domain"},
		{SQLite, "\n SELECT 1 FROM m WHERE d=:domain ; \n", "SELECT 1 FROM m WHERE d=?", "domain"},
		{Postgres, "SELECT a$b, c$ FROM m WHERE d=:domain AND a$ > 1", "SELECT a$b, c$ FROM m WHERE d=$1 AND a$ > 1",
			"domain"},
		{SQLite, "SELECT [a:b] FROM m WHERE d=:domain", "SELECT [a:b] FROM m WHERE d=?", "domain"},
		{SQLite, `SELECT '\' FROM m WHERE d=:domain`, `SELECT '\' FROM m WHERE d=?`, "domain"},
	} {
		q, err := ParseQuery(test.dialect, test.in, all...)
		if err != nil || q.text != test.want || strings.Join(q.params, " ") != test.params {
			t.Errorf("%s %s:\n got %s %v %v\nwant %s [%s]", test.dialect, test.in, q.text, q.params, err, test.want, test.params)
		}
	}
	q, _ := ParseQuery(SQLite, "SELECT 1 WHERE :address = :local AND :domain", all...)
	if got := q.args(provider.Address{Local: "Ann", Domain: "example.org"}); !slices.Equal(got,
		[]any{"Ann@example.org", "Ann", "example.org"}) {
		t.Errorf("arguments %v", got)
	}
}

func TestParseQueryRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"SELECT 1 FROM d WHERE d = ':domain'":     "':domain' is a string, not a parameter; write :domain without quotes",
		"SELECT 1 FROM d WHERE d = '%d'":          "'%d' is a string, not a parameter; write :domain without quotes",
		"SELECT 1 FROM d WHERE d = :host":         ":host is not a parameter here; write :domain",
		"SELECT 1 FROM d WHERE d = :address":      ":address is not a parameter here; write :domain",
		"SELECT 1 FROM d":                         "the query has no parameter: the answer would be the same for everybody; write :domain where the name is compared",
		"SELECT 1 FROM d WHERE d=:domain; DROP d": "more than one statement; write one SELECT; a view or a function can hold the rest",
		"SELECT 'a FROM d WHERE d=:domain":        "a quote ' that does not end; close it",
		"SELECT 1 FROM d WHERE d=?":               "a ? would be a parameter without a value; write :domain",
	} {
		_, err := ParseQuery(MySQL, in, ParamDomain)
		var e *QueryError
		if !errors.As(err, &e) || err.Error() != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
	if _, err := ParseQuery(SQLite, "SELECT d FROM d WHERE d = :domain"); err == nil ||
		!strings.Contains(err.Error(), "write the query without parameters") {
		t.Errorf("a list with a parameter: %v", err)
	}
}

// Whatever stands in a query, its parameters are the only marks that are put
// in, and nothing makes the scanner stop or step outside.
func FuzzParseQuery(f *testing.F) {
	f.Add("SELECT $a$ :domain $a$ '", byte(0))
	f.Add("SELECT 'x' /* -- # :domain */ WHERE d=:domain::text", byte(1))
	f.Fuzz(func(t *testing.T, text string, kind byte) {
		d := Dialects()[int(kind)%3]
		q, err := ParseQuery(d, text, ParamDomain)
		if err != nil {
			return
		}
		if len(q.params) == 0 {
			t.Error("accepted without a parameter")
		}
		if d == SQLite && strings.Count(q.text, "?") < len(q.params) {
			t.Errorf("%d parameters in %q", len(q.params), q.text)
		}
	})
}
