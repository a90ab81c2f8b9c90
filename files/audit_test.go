package files

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func events(t *testing.T, path string) (out []map[string]any) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var e map[string]any
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		out = append(out, e)
	}
	return out
}

// Two processes write at once, the file is moved away in between, and no address gets in under any key.
func TestAudit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	a, b := OpenAudit(path), OpenAudit(path)
	var wg sync.WaitGroup
	for _, log := range []*Audit{a, b} {
		wg.Go(func() {
			for range 100 {
				log.Log("purge", slog.String("domain", "customer.example"), slog.String("none", ""))
			}
			log.Close()
		})
	}
	wg.Wait()
	all := events(t, path)
	if len(all) != 200 {
		t.Errorf("%d lines of 200", len(all))
	}
	for _, e := range all {
		if len(e) != 3 || e["event"] != "purge" || e["domain"] != "customer.example" || e["time"] == nil {
			t.Fatalf("%v", e)
		}
	}
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	a = OpenAudit(path)
	a.Log("reload", slog.String("cause", "cannot read anna.secret@customer.example: no"),
		slog.Any("list", []string{"x@y.example"}))
	a.Log("order", slog.String("long", strings.Repeat("x", auditLine)))
	a.Close()
	a.Log("after the end")
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), "@") || strings.Contains(string(text), "secret") {
		t.Errorf("%s %v", text, err)
	}
	if all := events(t, path); len(all) != 1 || all[0]["event"] != "reload" {
		t.Errorf("%v", all)
	}
}

// The file does not grow without end, and the one before is kept.
func TestAuditBound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, make([]byte, auditSize-10), 0o600); err != nil {
		t.Fatal(err)
	}
	a := OpenAudit(path)
	a.Log("purge")
	a.Close()
	old, err := os.Stat(path + ".1")
	if err != nil || old.Size() != auditSize-10 || len(events(t, path)) != 1 {
		t.Errorf("%v %v", old, err)
	}
}

// A folder, a device or a missing folder in its place is a fault that ends with its cause, and nobody waits for it.
func TestAuditFault(t *testing.T) {
	dir := t.TempDir()
	for name, path := range map[string]string{
		"folder": dir, "device": "/dev/null", "missing": filepath.Join(dir, "none", "audit.log"),
	} {
		a := OpenAudit(path)
		a.Log("purge")
		a.Close()
		if a.Fault() == nil {
			t.Errorf("%s: no fault", name)
		}
	}
	var none *Audit
	none.Log("nothing")
	if none.Close(); none.Fault() != nil || OpenAudit("") != nil {
		t.Error("an audit log without a path")
	}
}
