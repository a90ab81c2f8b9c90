package export

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/config"
	"autoconfig/service"
	"autoconfig/source"
)

// options are those of a configuration with these domains.
func options(t *testing.T, domains string) Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "autoconfig.yaml")
	text := fmt.Sprintf("providers: [{domains: [%s], incoming: [imaps://mail.example.org], outgoing: [submissions://mail.example.org]}]\n", domains)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, found := config.Load(path)
	if config.Failed(found) {
		t.Fatal(found)
	}
	data, _ := cfg.Data()
	return Options{Settings: service.Settings(cfg, data, nil), Data: data, Progress: func(int, int) {},
		Bad: func(row *source.RowError) { t.Error(row) }}
}

func TestRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "www")
	run := func(domains string, only ...string) Done {
		t.Helper()
		o := options(t, domains)
		o.Only = only
		done, err := Run(t.Context(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	there := func(domain string) bool {
		_, err := os.Stat(filepath.Join(dir, "autoconfig."+domain, "mail", "config-v1.1.xml"))
		return err == nil
	}
	first := run("a.example, b.example")
	if first.Unchanged+first.Removed > 0 || first.Domains < 100 || first.Written < 4*first.Domains ||
		!there("a.example") || !there("live.co.uk") {
		t.Errorf("a new folder: %+v", first)
	}
	if again := run("a.example, b.example"); again.Written+again.Removed > 0 || again.Unchanged != first.Written {
		t.Errorf("nothing has changed: %+v", again)
	}
	if alone := run("a.example, c.example", "c.example"); alone.Domains != 1 || alone.Removed > 0 || !there("b.example") ||
		!there("c.example") {
		t.Errorf("one domain alone: %+v", alone)
	}
	if moved := run("a.example, c.example"); moved.Domains != first.Domains || moved.Written > 0 || moved.Removed < 4 ||
		there("b.example") {
		t.Errorf("a domain is gone: %+v", moved)
	}
	if left, err := filepath.Glob(filepath.Join(dir, marker, "*")); len(left) > 0 || err != nil {
		t.Errorf("left over: %v %v", left, err)
	}
}

// A folder with other people's files, a domain that is not served, and a folder
// that was not finished leave everything as it was.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "theirs")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), dir, options(t, "a.example")); !errors.Is(err, ErrForeign) ||
		!strings.HasPrefix(err.Error(), dir+" is not empty") {
		t.Error(err)
	}
	o := options(t, "a.example")
	o.Only = []string{"gone.example"}
	_, err := Run(t.Context(), filepath.Join(dir, "new"), o)
	if err == nil || !strings.Contains(err.Error(), "gone.example is not served") {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
		t.Errorf("%v %v", entries, err)
	}
}
