package main

import (
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/config"
	"autoconfig/server"
)

const benchDomains = 1_000_000

// benchConfig is a configuration with a million domains, in a file or in a
// SQLite database.
func benchConfig(b *testing.B, database bool) *server.Settings {
	b.Helper()
	dir := b.TempDir()
	text := "providers:\n  - {id: hosting, incoming: [imaps://imap.hoster.example], outgoing: [submissions://smtp.hoster.example]"
	var domains strings.Builder
	for i := range benchDomains {
		fmt.Fprintf(&domains, "customer-%07d.example\n", i)
	}
	list := filepath.Join(dir, "domains.txt")
	if err := os.WriteFile(list, []byte(domains.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	if database {
		fillBench(b, filepath.Join(dir, "mail.db"), domains.String())
		text += "}\nsources:\n  - {sql: sqlite, dsn: mail.db, domain: SELECT provider FROM domain WHERE domain = :domain, list: SELECT domain FROM domain, cache: {ttl: 10h, entries: 1000000}}\n"
	} else {
		text += ", domains_file: domains.txt}\n"
	}
	path := filepath.Join(dir, "autoconfig.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cfg, found := config.Load(path)
	if config.Failed(found) {
		b.Fatal(found)
	}
	data, found := cfg.Data()
	found = append(found, newBackends(slog.New(slog.DiscardHandler), os.Getenv).with(cfg, data)...)
	if config.Failed(found) {
		b.Fatal(found)
	}
	return serverSettings(cfg, data, nil)
}

func fillBench(b *testing.B, path, domains string) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(0)")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var text strings.Builder
	text.WriteString("CREATE TABLE domain (domain TEXT PRIMARY KEY, provider TEXT) WITHOUT ROWID;\nBEGIN;\n")
	for domain := range strings.Lines(domains) {
		text.WriteString("INSERT INTO domain VALUES ('" + strings.TrimSpace(domain) + "', 'hosting');\n")
	}
	text.WriteString("COMMIT;")
	if _, err := db.Exec(text.String()); err != nil {
		b.Fatal(err)
	}
}

// sink is a ResponseWriter that keeps the status and drops the body.
type sink struct {
	h      http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(status int)      { s.status = status }

// BenchmarkSources is a request for one of a million domains, the handler
// alone and over a loopback connection: from the file, and from a database
// that has been asked for all of them.
func BenchmarkSources(b *testing.B) {
	for _, kind := range []string{"file", "sqlite"} {
		set := benchConfig(b, kind == "sqlite")
		s := server.New(server.Options{PerMinute: 60, Burst: 30, Log: slog.New(slog.DiscardHandler)})
		s.Use(set)
		r := httptest.NewRequest(http.MethodGet, "http://192.0.2.1/mail/config-v1.1.xml", nil)
		ask := func(i int) {
			r.URL.Path = "/mail/config-v1.1.xml"
			r.URL.RawQuery = fmt.Sprintf("emailaddress=user%%40customer-%07d.example", i)
			w := &sink{h: http.Header{}}
			if s.ServeHTTP(w, r); w.status != http.StatusOK {
				b.Fatalf("%d: status %d", i, w.status)
			}
		}
		for i := range benchDomains { // warm
			ask(i)
		}
		b.Run(kind+"/handler", func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				ask(i * 7919 % benchDomains)
			}
		})
		b.Run(kind+"/http", func(b *testing.B) {
			web := httptest.NewServer(s)
			defer web.Close()
			for i := 0; b.Loop(); i++ {
				resp, err := web.Client().Get(fmt.Sprintf("%s/mail/config-v1.1.xml?emailaddress=user%%40customer-%07d.example", web.URL, i*7919%benchDomains))
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal(resp, err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
}
