package source

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"autoconfig/provider"
)

const benchDomains = 1_000_000

func benchDomain(i int) string { return fmt.Sprintf("customer-%07d.example", i) }

// benchNames are a few thousand of them in random order, so that neither side
// finds everything in the processor's cache.
var benchNames = sync.OnceValue(func() []string {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]string, 1<<16)
	for i := range out {
		out[i] = benchDomain(r.IntN(benchDomains))
	}
	return out
})

// benchTable fills a table with a million domains.
func benchTable(b *testing.B, db *sql.DB, d Dialect) {
	b.Helper()
	if _, err := db.Exec("CREATE TABLE domain (domain VARCHAR(255) PRIMARY KEY, provider VARCHAR(60), active INTEGER)"); err != nil {
		b.Fatal(err)
	}
	tx, err := db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = tx.Close() }()
	if _, err := tx.ExecContext(b.Context(), "BEGIN"); err != nil {
		b.Fatal(err)
	}
	const rows = 1000
	var text strings.Builder
	for i := range benchDomains {
		if i%rows == 0 {
			text.Reset()
			text.WriteString("INSERT INTO domain VALUES ")
		} else {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, "('%s', 'hosting', 1)", benchDomain(i))
		if i%rows == rows-1 {
			if _, err := tx.ExecContext(b.Context(), text.String()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if _, err := tx.ExecContext(b.Context(), "COMMIT"); err != nil {
		b.Fatal(err)
	}
}

func benchSQLite(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "mail.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(0)")
	if err != nil {
		b.Fatal(err)
	}
	benchTable(b, db, SQLite)
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

func benchOptions() BackendOptions {
	return BackendOptions{Name: "bench", Log: slog.New(slog.DiscardHandler), Cache: CacheOptions{
		TTL: time.Hour, NegativeTTL: time.Hour, Retry: time.Second, Entries: benchDomains, InFlight: 8, Waiting: 1000,
		Timeout: 5 * time.Second, Rest: true}}
}

// BenchmarkLookup is one look-up among a million domains: in the file's index,
// and in what is remembered of a database.
func BenchmarkLookup(b *testing.B) {
	hosting := testProviders()[:1]
	run := func(name string, s provider.Source) {
		names := benchNames()
		b.Run(name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				if _, err := s.Lookup(context.Background(), provider.Address{Domain: names[i&(len(names)-1)]}); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
	x := NewIndex(benchDomains, 32*benchDomains)
	for i := range benchDomains {
		x.Add(benchDomain(i), hosting[0])
	}
	run("file", Chain{x})
	backend := backendOf(benchOptions(), everything{})
	rows := backend.With(hosting)
	for i := range benchDomains {
		if _, err := rows.Lookup(b.Context(), provider.Address{Domain: benchDomain(i)}); err != nil {
			b.Fatal(err)
		}
	}
	run("warm", Chain{rows})
}

// everything is a store that has every domain.
type everything struct{ store }

func (everything) domain(context.Context, string) (string, error) { return "hosting", nil }

// BenchmarkCold is a look-up that nothing is remembered of, beside the bare
// query over the same pool.
func BenchmarkCold(b *testing.B) {
	path := benchSQLite(b)
	benchCold(b, sqlQueries(SQLite, path))
}

func benchCold(b *testing.B, q SQLOptions) {
	b.Helper()
	o := benchOptions()
	o.Cache.TTL = time.Nanosecond
	o.Cache.Entries = 1000
	q.User = ""
	backend, err := OpenSQL(o, q)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = backend.Close() }()
	rows := backend.With(testProviders())
	s, ok := backend.store.(*sqlStore)
	if !ok {
		b.Fatal("no SQL store")
	}
	names := benchNames()
	b.Run("query", func(b *testing.B) {
		stmt, err := s.db.Prepare(s.queries[queryDomain].text)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = stmt.Close() }()
		i := 0
		for b.Loop() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			var id string
			if err := stmt.QueryRowContext(ctx, names[i&(len(names)-1)]).Scan(&id); err != nil {
				b.Fatal(err)
			}
			cancel()
			i++
		}
	})
	b.Run("lookup", func(b *testing.B) {
		i := 0
		for b.Loop() {
			if _, err := rows.Lookup(context.Background(), provider.Address{Domain: names[i&(len(names)-1)]}); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}

// BenchmarkMemory is what a remembered domain costs.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		before := liveHeap()
		rows := backendOf(benchOptions(), everything{}).With(testProviders())
		for i := range benchDomains {
			_, _ = rows.Lookup(b.Context(), provider.Address{Domain: benchDomain(i)})
		}
		b.ReportMetric(float64(liveHeap()-before)/benchDomains, "B/domain")
		rows.Down()
	}
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
