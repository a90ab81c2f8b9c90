package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"autoconfig/config"
	"autoconfig/provider"
	"autoconfig/server"
)

const exportedDomains = 4_000

// BenchmarkExport writes the files of four thousand domains: as export does,
// again when nothing has changed, and bare, without rendering and renaming, by
// as many writers.
func BenchmarkExport(b *testing.B) {
	dir := b.TempDir()
	var domains strings.Builder
	for i := range exportedDomains {
		fmt.Fprintf(&domains, "c%05d.example\n", i)
	}
	path := filepath.Join(dir, "autoconfig.yaml")
	text := "providers: [{id: hosting, domains_file: domains.txt, incoming: [imaps://imap.hoster.example], outgoing: [submissions://smtp.hoster.example]}]"
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "domains.txt"), []byte(domains.String()), 0o600), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		b.Fatal(err)
	}
	a := &app{stdout: io.Discard, stderr: io.Discard, getenv: os.Getenv, configPath: path, logLevel: "error"}
	run := func(to string) {
		if err := (&export{app: a}).run(b.Context(), to); err != nil {
			b.Fatal(err)
		}
	}
	rate := func(b *testing.B, files int) {
		b.ReportMetric(float64(files)*float64(b.N)/b.Elapsed().Seconds(), "docs/s")
		b.ReportMetric(0, "ns/op")
	}
	files := files(b, path)
	b.Run("bare", func(b *testing.B) {
		for i := range b.N {
			bare(b, filepath.Join(b.TempDir(), fmt.Sprint(i)), files)
		}
		rate(b, len(files))
	})
	b.Run("fresh", func(b *testing.B) {
		for i := range b.N {
			run(filepath.Join(b.TempDir(), fmt.Sprint(i)))
		}
		rate(b, len(files))
	})
	again := filepath.Join(dir, "again")
	run(again)
	b.Run("unchanged", func(b *testing.B) {
		for range b.N {
			run(again)
		}
		rate(b, len(files))
	})
}

// files are the files of the export, rendered before.
func files(b *testing.B, path string) []server.File {
	b.Helper()
	cfg, found := config.Load(path)
	if config.Failed(found) {
		b.Fatal(found)
	}
	data, _ := cfg.Data()
	set := serverSettings(cfg, data, nil)
	var out []server.File
	for domain, err := range data.All().Domains(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		p, err := data.All().Lookup(b.Context(), provider.Address{Domain: domain})
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range server.Export(set, p, domain) {
			if f.Body != nil {
				out = append(out, f)
			}
		}
	}
	return out
}

// bare makes the folders and writes the files, and nothing else.
func bare(b *testing.B, dir string, files []server.File) {
	b.Helper()
	var wg sync.WaitGroup
	workers := 2 * runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			const batch = 6 // the files of one domain
			for i := w * batch; i < len(files); i += workers * batch {
				for _, f := range files[i:min(i+batch, len(files))] {
					path := filepath.Join(dir, f.Host, f.Path)
					err := os.WriteFile(path, f.Body, 0o600)
					if err != nil {
						if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
							err = os.WriteFile(path, f.Body, 0o600)
						}
					}
					if err != nil {
						b.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}
