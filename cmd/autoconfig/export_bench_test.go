package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"autoconfig/config"
	"autoconfig/provider"
	"autoconfig/server"
	"autoconfig/service"
)

const exportedDomains = 2_000

// BenchmarkExport writes the files of two thousand domains as export does, in
// turn with the same files bare, rendered before and by as many writers; and
// again when nothing has changed.
func BenchmarkExport(b *testing.B) {
	dir := b.TempDir()
	var domains strings.Builder
	for i := range exportedDomains {
		fmt.Fprintf(&domains, "c%05d.example\n", i)
	}
	path := filepath.Join(dir, "autoconfig.yaml")
	text := "providers: [{id: hosting, domains_file: domains.txt, incoming: [imaps://imap.hoster.example], outgoing: [submissions://smtp.hoster.example]}]"
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "domains.txt"), []byte(domains.String()), 0o600),
		os.WriteFile(path, []byte(text), 0o600)); err != nil {
		b.Fatal(err)
	}
	a := &app{stdout: io.Discard, stderr: io.Discard, env: os.LookupEnv, configPath: path, logLevel: "error"}
	run := func(to string) {
		if err := a.export(b.Context(), to, nil); err != nil {
			b.Fatal(err)
		}
	}
	files := rendered(b, path)
	rate := func(b *testing.B, name string, took time.Duration) {
		b.ReportMetric(float64(len(files)*b.N)/took.Seconds(), name)
		b.ReportMetric(0, "ns/op")
	}
	b.Run("fresh", func(b *testing.B) {
		var alone, exported time.Duration
		for i := range b.N {
			to := filepath.Join(b.TempDir(), fmt.Sprint(i))
			steps := []func(){
				func() { alone += timed(func() { bare(b, to+"-bare", files) }) },
				func() { exported += timed(func() { run(to) }) },
			}
			if i%2 == 1 { // a disk gets slower as it fills: each is first in turn
				slices.Reverse(steps)
			}
			for _, step := range steps {
				step()
			}
		}
		rate(b, "bare-docs/s", alone)
		rate(b, "docs/s", exported)
	})
	b.Run("unchanged", func(b *testing.B) {
		to := filepath.Join(b.TempDir(), "tree")
		run(to)
		var took time.Duration
		for b.Loop() {
			took += timed(func() { run(to) })
		}
		rate(b, "docs/s", took)
	})
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// rendered are the files of the export.
func rendered(b *testing.B, path string) []server.File {
	b.Helper()
	cfg, found := config.Load(path)
	if config.Failed(found) {
		b.Fatal(found)
	}
	data, _ := cfg.Data()
	set := service.Settings(cfg, data, nil)
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
