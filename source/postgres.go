package source

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// OpenPostgres does not connect yet.
func OpenPostgres(cfg *pgconn.Config) *sql.DB { return sql.OpenDB(postgres{cfg}) }

// PostgresConfig reads a connection string of PostgreSQL; timeout is that of connecting where the string has none.
func PostgresConfig(dsn string, timeout time.Duration) (*pgconn.Config, error) {
	cfg, err := pgconn.ParseConfig(dsn) // its errors leave the password out
	if err != nil {
		return nil, err
	}
	delete(cfg.RuntimeParams, queryMode) // the server does not know it
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = timeout
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "autoconfig"
	}
	if cfg.RuntimeParams["client_encoding"] == "" {
		cfg.RuntimeParams["client_encoding"] = "UTF8" // else the database's own, and an umlaut would be two letters there
	}
	// A question nobody waits for any more is cancelled at the server too, or slow ones would pile up there.
	cfg.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &canceling{pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: 200 * time.Millisecond}}
	}
	return cfg, nil
}

// canceling cancels a statement when its context ends, and marks the connection: the server may act on the request only
// when the statement is over, and cancel the next one instead (PostgreSQL manual, "Canceling Requests in Progress").
type canceling struct {
	pgconn.CancelRequestContextWatcherHandler
}

const canceled = "canceled"

// HandleCancel implements ctxwatch.Handler.
func (h *canceling) HandleCancel(ctx context.Context) {
	h.Conn.CustomData()[canceled] = true
	h.CancelRequestContextWatcherHandler.HandleCancel(ctx)
}

// queryMode is the setting of a connection string that does without prepared statements: behind PgBouncer the next
// statement may meet another server process. The name and its values are pgx's.
const queryMode = "default_query_exec_mode"

func keepsStatements(d Dialect, dsn string) bool {
	if d != Postgres {
		return true
	}
	cfg, err := pgconn.ParseConfig(dsn)
	return err != nil || cmp.Or(cfg.RuntimeParams[queryMode], "cache_statement") == "cache_statement"
}

// postgres connects database/sql with pgconn. The driver that pgx brings knows every type of PostgreSQL, for 3 MB of
// program; here all that goes to and fro is text and bytes.
type postgres struct{ *pgconn.Config }

// Connect implements driver.Connector.
func (p postgres) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := pgconn.ConnectConfig(ctx, p.Config)
	if err != nil {
		return nil, err
	}
	return &postgresConn{PgConn: c, used: time.Now()}, nil
}

// Driver implements driver.Connector; there is none of the usual kind, which opens by name.
func (p postgres) Driver() driver.Driver { return nil }

type postgresConn struct {
	*pgconn.PgConn
	prepared int // statements so far
	used     time.Time
}

// Begin implements driver.Conn; nothing here needs transactions.
func (c *postgresConn) Begin() (driver.Tx, error) { return nil, errors.ErrUnsupported }

// Close implements driver.Conn.
func (c *postgresConn) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return c.PgConn.Close(ctx)
}

// IsValid implements driver.Validator: not when closed, nor within a transaction that a statement began, nor after a
// statement that was canceled.
func (c *postgresConn) IsValid() bool {
	return !c.IsClosed() && c.TxStatus() == 'I' && c.CustomData()[canceled] == nil
}

// ResetSession implements driver.SessionResetter: a connection that was quiet for a second is tried first, as the
// server may be gone.
func (c *postgresConn) ResetSession(ctx context.Context) error {
	if time.Since(c.used) > time.Second && c.Ping(ctx) != nil {
		return driver.ErrBadConn
	}
	c.used = time.Now()
	return nil
}

// ExecContext implements driver.ExecerContext. Without arguments there may be several statements.
func (c *postgresConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	var tag pgconn.CommandTag
	var err error
	if len(args) == 0 {
		_, err = c.Exec(ctx, query).ReadAll()
	} else {
		values, formats := postgresArgs(args)
		tag, err = c.ExecParams(ctx, query, values, nil, formats, nil).Close()
	}
	return driver.RowsAffected(tag.RowsAffected()), retryable(err)
}

// QueryContext implements driver.QueryerContext.
func (c *postgresConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	values, formats := postgresArgs(args)
	return postgresRead(c.ExecParams(ctx, query, values, nil, formats, nil))
}

// Prepare implements driver.Conn.
func (c *postgresConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *postgresConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.prepared++
	d, err := c.PgConn.Prepare(ctx, fmt.Sprintf("autoconfig_%d", c.prepared), query, nil)
	if err != nil {
		return nil, retryable(err)
	}
	return &postgresStmt{c, d}, nil
}

type postgresStmt struct {
	conn *postgresConn
	*pgconn.StatementDescription
}

// NumInput implements driver.Stmt.
func (s *postgresStmt) NumInput() int { return len(s.ParamOIDs) }

// QueryContext implements driver.StmtQueryContext.
func (s *postgresStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	values, formats := postgresArgs(args)
	return postgresRead(s.conn.ExecStatement(ctx, s.StatementDescription, values, formats, nil))
}

// Query and Exec implement driver.Stmt; database/sql calls QueryContext, and nothing else is prepared.
func (s *postgresStmt) Query([]driver.Value) (driver.Rows, error)  { return nil, errors.ErrUnsupported }
func (s *postgresStmt) Exec([]driver.Value) (driver.Result, error) { return nil, errors.ErrUnsupported }

// Close implements driver.Stmt.
func (s *postgresStmt) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return s.conn.Deallocate(ctx, s.Name)
}

// postgresArgs are the arguments as text, and as they are where they are bytes.
func postgresArgs(args []driver.NamedValue) (values [][]byte, formats []int16) {
	values, formats = make([][]byte, len(args)), make([]int16, len(args))
	for i, a := range args {
		switch v := a.Value.(type) {
		case nil:
		case []byte:
			values[i], formats[i] = v, 1
		default:
			values[i] = fmt.Append(nil, v)
		}
	}
	return values, formats
}

// postgresRows are rows as text; see [postgresValue].
type postgresRows struct {
	*pgconn.ResultReader
	columns []pgconn.FieldDescription
}

// postgresRead starts to read. An error of the statement itself shows here, where database/sql tries again on
// another connection if it may.
func postgresRead(r *pgconn.ResultReader) (driver.Rows, error) {
	rows := &postgresRows{r, slices.Clone(r.FieldDescriptions())}
	if rows.columns == nil {
		_, err := r.Close()
		return rows, retryable(err)
	}
	return rows, nil
}

// Columns implements driver.Rows.
func (r *postgresRows) Columns() (names []string) {
	for _, c := range r.columns {
		names = append(names, c.Name)
	}
	return names
}

// Next implements driver.Rows.
func (r *postgresRows) Next(into []driver.Value) error {
	if !r.NextRow() {
		return cmp.Or(r.Close(), io.EOF)
	}
	for i, text := range r.Values() {
		var err error
		if into[i], err = postgresValue(r.columns[i].DataTypeOID, text); err != nil {
			return err
		}
	}
	return nil
}

// Close implements driver.Rows.
func (r *postgresRows) Close() error {
	_, err := r.ResultReader.Close()
	return err
}

// postgresValue is the value that a text says: bytes and times, which database/sql does not read from text, else the
// text (PostgreSQL manual, "Binary Data Types", "Date/Time Output"; the numbers are those of pg_type).
func postgresValue(oid uint32, text []byte) (driver.Value, error) {
	const bytea, timestamptz = 17, 1184
	switch {
	case text == nil:
		return nil, nil
	case oid == bytea:
		return hex.DecodeString(strings.TrimPrefix(string(text), `\x`))
	case oid == timestamptz:
		return time.Parse("2006-01-02 15:04:05.999999999Z07", string(text))
	}
	return string(text), nil
}

// retryable tells database/sql to take another connection if nothing was sent on this one.
func retryable(err error) error {
	if err != nil && pgconn.SafeToRetry(err) {
		return driver.ErrBadConn
	}
	return err
}
