package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"autoconfig/provider"
	"autoconfig/source"
	"autoconfig/tools/load"
)

const (
	inDatabase  = 10_000 // domains
	domainQuery = "SELECT provider FROM domain WHERE domain = "
)

// reportSources prints what a SQL source costs: the server's request for a domain that it remembers beside one for the
// same domains in a file, and a look-up that nothing is remembered of beside the bare query.
func reportSources(binary, dir string, rounds int, span time.Duration) error {
	file, err := writeConfig(filepath.Join(dir, "file"), inDatabase)
	if err != nil {
		return err
	}
	database, err := writeDatabase(filepath.Join(dir, "sql"))
	if err != nil {
		return err
	}
	var servers []*load.Server
	for _, config := range []string{file, filepath.Join(dir, "sql", "autoconfig.yaml")} {
		s, err := startServer(binary, config, inDatabase, false)
		if err != nil {
			return err
		}
		defer s.Stop()
		for n := range inDatabase {
			if status, _, _, err := s.Once(formats[0].request(domain(n))); err != nil || status != http.StatusOK {
				return fmt.Errorf("%s: %d, %w", domain(n), status, err)
			}
		}
		servers = append(servers, s.Server)
	}
	var warm []float64
	for range rounds {
		var cpu []float64
		for _, s := range servers {
			sample, err := load.Measure(span, load.Connections, formats[0].anyOf(inDatabase), s)
			if err != nil {
				return err
			}
			cpu = append(cpu, float64(sample.CPU))
		}
		warm = append(warm, cpu[1]/cpu[0])
	}
	printAim("GET autoconfig: SQL, remembered", "file", "", warm, 1.05)
	cold, err := coldRatios(database, rounds)
	if err != nil {
		return err
	}
	printAim("SQL look-up, nothing remembered", "bare query", "", cold, 1.1)
	return nil
}

// writeDatabase writes a configuration that serves domains out of SQLite, and returns the path of the database.
func writeDatabase(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "mail.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	var rows strings.Builder
	for n := range inDatabase {
		fmt.Fprintf(&rows, ",('%s','hoster')", domain(n))
	}
	_, err = db.Exec("CREATE TABLE domain (domain TEXT PRIMARY KEY, provider TEXT) WITHOUT ROWID; INSERT INTO domain VALUES " + //nolint:gosec,noctx // its own text
		rows.String()[1:])
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(filepath.Join(dir, "autoconfig.yaml"), []byte(`service_host: autoconfig.hoster.example
admin: ""
providers:
  - {id: hoster, name: Hoster Mail, incoming: [imaps://mail.hoster.example, pop3s://mail.hoster.example], outgoing: [submissions://mail.hoster.example]}
sources:
  - {sql: sqlite, dsn: mail.db, domain: "`+domainQuery+`:domain", cache: {ttl: 1h}}
`), 0o600)
}

// coldRatios compares a look-up that nothing is remembered of with the same query on a connection of its own.
func coldRatios(database string, rounds int) (ratios []float64, err error) {
	backend, err := source.OpenSQL(source.BackendOptions{Name: "bench", Log: slog.New(slog.DiscardHandler),
		Cache: source.CacheOptions{TTL: time.Nanosecond, Retry: time.Second, Entries: 1000, InFlight: 8, Timeout: 5 * time.Second}},
		source.SQLOptions{Dialect: source.SQLite, DSN: database, Domain: domainQuery + ":domain"})
	if err != nil {
		return nil, err
	}
	defer func() { _ = backend.Close() }()
	rows := backend.With([]*provider.Provider{{ID: "hoster"}})
	db, err := sql.Open("sqlite", "file:"+database+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	query, err := db.Prepare(domainQuery + "?") //nolint:noctx // a file
	if err != nil {
		return nil, err
	}
	defer func() { _ = query.Close() }()
	n := 0
	next := func() string { n = (n + 7919) % inDatabase; return domain(n) }
	for range rounds {
		ours := timed(func() error {
			_, err := rows.Lookup(context.Background(), provider.Address{Domain: next()})
			return err
		})
		bare := timed(func() error {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // as the source has
			defer cancel()
			var id string
			return query.QueryRowContext(ctx, next()).Scan(&id)
		})
		ratios = append(ratios, float64(ours)/float64(bare))
	}
	return ratios, nil
}
