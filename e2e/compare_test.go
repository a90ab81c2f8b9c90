//go:build e2e

package e2e

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The comparison finds no difference between this server and itself, and
// shows those to a server that answers everything with one document.
func TestCompare(t *testing.T) {
	compare := filepath.Join(t.TempDir(), "compare")
	build := exec.Command("go", "build", "-trimpath", "-o", compare, "./compare")
	build.Dir = filepath.Join("..", "tools")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := startService(t,
		"service_host: ispdb.test\nproviders:\n  - domains: [own.test]\n    name: Own\n    incoming: [imaps://imap.own.test, pop3s://pop.own.test]\n    outgoing: [submission://smtp.own.test]\n")
	out, err := tool(t, compare, "-binary", program, "-url", "http://"+s.http, "-domain", "own.test", "-span", "50ms",
		"-rounds", "1")
	if err != nil {
		t.Fatal(err)
	}
	answers, load, _ := strings.Cut(out, "\n\n")
	rows := strings.Split(answers, "\n")[2:]
	for _, row := range rows {
		if !strings.HasSuffix(row, "| the same |") {
			t.Errorf("a difference to itself: %s", row)
		}
	}
	if len(rows) < 20 || strings.Count(load, "| ours |") < 4 {
		t.Errorf("it prints:\n%s", out)
	}

	document := s.document(t, "autoconfig.", settingsPath, "", "jo@own.test")
	lax := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write(document)
	}))
	defer lax.Close()
	out, err = tool(t, compare, "-binary", program, "-url", lax.URL, "-domain", "own.test", "-span", "50ms", "-rounds",
		"1")
	if err != nil || !strings.Contains(out, "| a domain not served | 200 text/xml") ||
		!strings.Contains(out, "| 404 text/plain |") ||
		!strings.Contains(out,
			"| upper-case domain | 200 text/xml: imap imap.own.test:993 tls %EMAILADDRESS%, pop3 pop.own.test:995 tls %EMAILADDRESS%, smtp smtp.own.test:587 starttls %EMAILADDRESS% | the same |") {
		t.Errorf("%v:\n%s", err, out)
	}
}
