package source

import (
	"database/sql/driver"
	"reflect"
	"testing"
	"time"
)

// What goes to PostgreSQL and comes from it as text; a real server is asked under the tag e2e.
func TestPostgresText(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 5e8, time.UTC)
	for _, test := range []struct {
		oid  uint32
		text []byte
		want driver.Value // nil: an error, or NULL
	}{
		{25, []byte("mail"), "mail"}, {25, []byte{}, ""}, {25, nil, nil}, {16, []byte("t"), "t"},
		{17, []byte(`\x00ff`), []byte{0, 255}}, {17, []byte(`\x`), []byte{}}, {17, []byte(`\000`), nil},
		{1184, []byte("2026-03-01 12:00:00.5+00"), at}, {1184, []byte("2026-03-01 14:00:00.5+02"), at},
		{1184, []byte("infinity"), nil},
	} {
		got, err := postgresValue(test.oid, test.text)
		if when, ok := got.(time.Time); ok && err == nil {
			got = when.UTC()
		}
		if err == nil && !reflect.DeepEqual(got, test.want) || err != nil && test.want != nil {
			t.Errorf("%d %q: %v, %v", test.oid, test.text, got, err)
		}
	}
	values, formats := postgresArgs([]driver.NamedValue{{Value: "a"}, {Value: nil}, {Value: []byte{0}}, {Value: 1.5},
		{Value: int64(7)}})
	if want := [][]byte{[]byte("a"), nil, {0}, []byte("1.5"), []byte("7")}; !reflect.DeepEqual(values, want) ||
		!reflect.DeepEqual(formats, []int16{0, 0, 1, 0, 0}) {
		t.Errorf("%q %v", values, formats)
	}
}

// Behind PgBouncer nothing is prepared; the setting for that is not sent to the server.
func TestKeepsStatements(t *testing.T) {
	for dsn, want := range map[string]bool{
		"host=db.example": true, "postgres://db.example/mail": true,
		"host=db.example default_query_exec_mode=cache_statement":            true,
		"host=db.example default_query_exec_mode=exec":                       false,
		"postgres://db.example/mail?default_query_exec_mode=simple_protocol": false,
	} {
		if got := keepsStatements(Postgres, dsn); got != want {
			t.Errorf("%s: %v", dsn, got)
		}
		if cfg, err := PostgresConfig(dsn, time.Second); err != nil || cfg.RuntimeParams[queryMode] != "" {
			t.Errorf("%s: %v %v", dsn, cfg, err)
		}
	}
	if !keepsStatements(MySQL, "") || !keepsStatements(SQLite, "") {
		t.Error("the others keep statements")
	}
}
