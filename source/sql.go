package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"autoconfig/provider"
)

// SQLOptions are the database to ask, and how. Domain is required; List is for
// listing the domains, User for login names.
type SQLOptions struct {
	Dialect Dialect
	DSN     string
	Domain  string // one parameter, :domain
	List    string // no parameter; one column, or a second one with the provider's id
	User    string // :address, :local, :domain
}

// OpenSQL makes a source of a database. It does not connect yet, so that the program starts while the database is down.
func OpenSQL(o BackendOptions, q SQLOptions) (*Backend, error) {
	s := &sqlStore{statements: map[string]*sql.Stmt{}, prepare: keepsStatements(q.Dialect, q.DSN)}
	parse := func(text string, allowed ...string) (Query, error) { return ParseQuery(q.Dialect, text, allowed...) }
	var err error
	if s.queries, err = parseAll(parse, q.Domain, q.List, q.User); err != nil {
		return nil, err
	}
	if s.db, err = openDatabase(q.Dialect, q.DSN, o.Cache.Timeout); err != nil {
		return nil, err
	}
	s.db.SetMaxOpenConns(o.Cache.InFlight + 1) // one more for the list
	s.db.SetMaxIdleConns(o.Cache.InFlight)
	s.db.SetConnMaxIdleTime(5 * time.Minute) // firewalls forget quiet connections
	return backendOf(o, s), nil
}

func openDatabase(d Dialect, dsn string, timeout time.Duration) (*sql.DB, error) {
	switch d {
	case Postgres:
		cfg, err := PostgresConfig(dsn, timeout)
		if err != nil {
			return nil, err
		}
		return OpenPostgres(cfg), nil
	case MySQL:
		cfg, err := mysqlConfig(dsn, timeout)
		if err != nil {
			return nil, err
		}
		connector, err := mysql.NewConnector(cfg)
		if err != nil {
			return nil, err
		}
		return sql.OpenDB(connector), nil
	case SQLite:
		return sql.Open("sqlite", sqliteName(dsn))
	}
	return nil, unknownDialect(d)
}

func mysqlConfig(dsn string, timeout time.Duration) (*mysql.Config, error) {
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, err
	}
	cfg.InterpolateParams = false // the server binds; the driver never writes a value into a statement
	cfg.MultiStatements, cfg.AllowAllFiles = false, false
	cfg.Logger = silent{}
	if cfg.Timeout == 0 {
		cfg.Timeout = timeout
	}
	return cfg, nil
}

// silent drops what the driver would print: failures are logged already.
type silent struct{}

func (silent) Print(...any) {}

// sqliteName opens a file for reading only, and waits for a writer.
func sqliteName(dsn string) string {
	if !strings.HasPrefix(dsn, "file:") {
		dsn = "file:" + (&url.URL{Path: dsn}).EscapedPath()
	}
	if !strings.Contains(dsn, "?") {
		dsn += "?mode=ro"
	}
	return dsn + "&_pragma=busy_timeout(1000)&_pragma=query_only(1)"
}

// sqlStore asks a database.
type sqlStore struct {
	db      *sql.DB
	queries [3]Query

	prepare    bool // keep prepared statements
	mu         sync.Mutex
	statements map[string]*sql.Stmt
}

func (s *sqlStore) domain(ctx context.Context, domain string) (string, error) {
	id, err := s.one(ctx, s.queries[queryDomain], provider.Address{Domain: domain})
	return id, classified(err, false)
}

func (s *sqlStore) login(ctx context.Context, a provider.Address) (string, error) {
	login, err := s.one(ctx, s.queries[queryUser], a)
	return login, classified(err, true)
}

// one is the first column of the first row.
func (s *sqlStore) one(ctx context.Context, q Query, a provider.Address) (string, error) {
	var value sql.NullString
	var err error
	// A database that was restarted leaves a pool of dead connections, and each try may meet another one.
	for range s.db.Stats().MaxOpenConnections + 2 {
		value, err = s.ask(ctx, q, a)
		if err == nil || errors.Is(err, sql.ErrNoRows) || ctx.Err() != nil || fromServer(err) {
			break
		}
	}
	if ctx.Err() != nil && err != nil && !errors.Is(err, sql.ErrNoRows) {
		err = ctx.Err()
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = provider.ErrNotFound
	}
	return value.String, err
}

func (s *sqlStore) ask(ctx context.Context, q Query, a provider.Address) (value sql.NullString, err error) {
	if !s.prepare {
		err = s.db.QueryRowContext(ctx, q.text, q.args(a)...).Scan(&value)
		return value, err
	}
	stmt, err := s.statement(ctx, q) //nolint:sqlclosecheck // kept for the next time, closed with the store
	if err == nil {
		err = stmt.QueryRowContext(ctx, q.args(a)...).Scan(&value)
	}
	return value, err
}

// statement prepares a query once; database/sql repeats that on other connections.
func (s *sqlStore) statement(ctx context.Context, q Query) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt := s.statements[q.text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.db.PrepareContext(ctx, q.text) //nolint:sqlclosecheck // as above
	if err == nil {
		s.statements[q.text] = stmt
	}
	return stmt, err
}

// list streams the rows of the list query. It may take long, so only ctx ends it.
func (s *sqlStore) list(ctx context.Context) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		if s.queries[queryList].text == "" {
			return
		}
		if err := s.rows(ctx, yield); err != nil {
			yield(row{}, err)
		}
	}
}

// rows yields the rows of the list until yield has seen enough.
func (s *sqlStore) rows(ctx context.Context, yield func(row, error) bool) error {
	rows, err := s.db.QueryContext(ctx, s.queries[queryList].text)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // read only
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	if len(columns) > 2 {
		return fmt.Errorf("%d columns, and at most two are known: the domain and its provider", len(columns))
	}
	var domain, id sql.NullString
	into := []any{&domain, &id}[:len(columns)]
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if !yield(row{domain.String, id.String}, nil) {
			return nil
		}
	}
	return rows.Err()
}

func (s *sqlStore) close() error { return s.db.Close() }

// serverError names the error of a database server by its code; empty for any other error.
func serverError(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return "PostgreSQL error " + pg.Code
	}
	if my, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return fmt.Sprintf("MySQL error %d", my.Number)
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return fmt.Sprintf("SQLite error %d", lite.Code())
	}
	return ""
}

// What server errors mean (PostgreSQL manual, appendix A; the error references of MySQL and MariaDB).
var (
	// The server is shutting down, or closed the connection.
	stopping = regexp.MustCompile(`^(PostgreSQL error (57P|08)|MySQL error (1053|1927)$)`)
	// It has no room for the question: too many connections, of all or of the user.
	overloaded = regexp.MustCompile(`^(PostgreSQL error 53|MySQL error (1040|1203)$)`)
	// Its character set or its column cannot hold the value, so that no row can have it. In MySQL: collations
	// that do not mix, of two, three and more; strings that cannot be converted, in MySQL and MariaDB;
	// malformed and too long ones.
	valueRefused = regexp.MustCompile(`^(PostgreSQL error (22021|22P05|22001)` +
		`|MySQL error (1267|1270|1271|3988|1977|1300|1366|1406))$`)
)

// fromServer reports whether the server refused the statement, so that repeating it is pointless.
func fromServer(err error) bool {
	code := serverError(err)
	return code != "" && !stopping.MatchString(code)
}

// classified is err by what it says about the value, the statement or the server. Servers quote values in their
// messages, so for a question about a person only the code is kept.
func classified(err error, person bool) error {
	code, text := serverError(err), err
	if person && code != "" {
		text = errors.New(code)
	}
	switch {
	case code == "" || stopping.MatchString(code) || overloaded.MatchString(code):
		return text
	case valueRefused.MatchString(code):
		return fmt.Errorf("%w: %w", errValue, text)
	}
	return statementError{text}
}

// statementError is a server's refusal in its own words.
type statementError struct{ error }

func (e statementError) Is(target error) bool { return target == errStatement }

func (e statementError) Unwrap() error { return e.error }
