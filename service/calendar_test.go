package service

import (
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"autoconfig/config"
	"autoconfig/files"
	"autoconfig/provider"
)

// A server that runs into the day of a change says what is true from then on,
// without a restart and without a change of any file.
func TestCalendar(t *testing.T) {
	t.Parallel()
	var now atomic.Pointer[time.Time]
	on := func(day string) {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		now.Store(&at)
	}
	on("2026-12-30")
	path := filepath.Join(t.TempDir(), "autoconfig.yaml")
	text := "providers:\n  - id: microsoft365\n    domains: [shop.example]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, found := config.LoadWith(new(files.Reader), path, *now.Load())
	data, more := cfg.Data()
	if config.Failed(append(found, more...)) {
		t.Fatal(found, more)
	}
	s := New(cfg, nil,
		Options{Log: slog.New(slog.DiscardHandler), Env: os.LookupEnv, Now: func() time.Time { return *now.Load() }})
	s.commit(&change{cfg: cfg, data: data, set: Settings(cfg, data, nil)})
	s.reloads(t.Context(), nil)
	status := func() provider.PasswordStatus {
		p, err := s.served.Load().data.Listed.Lookup(t.Context(), provider.Address{Domain: "shop.example"})
		if err != nil {
			t.Fatal(err)
		}
		return p.PasswordLogin.For(provider.SMTP).Status
	}
	if got := status(); got != provider.PasswordWorks {
		t.Fatalf("on 30 December it is %q", got)
	}
	on("2026-12-31")
	for end := time.Now().Add(30 * time.Second); status() != provider.PasswordRetired; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("on 31 December nothing has changed")
		}
	}
}
