package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autoconfig/discover/probe/probetest"
	"autoconfig/finding"
)

// With the records right, each way in which the web server of a planned name can
// be broken is a finding that names the host, and the exit status is 1.
func TestDoctorNamesBreakages(t *testing.T) {
	t.Parallel()
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	config := filepath.Join(t.TempDir(), "autoconfig.yaml")
	if err := os.WriteFile(config,
		[]byte("providers:\n  - domains: [example.org]\n    incoming: [imaps://mail.example.org]\n    outgoing: [submission://mail.example.org]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		web    http.HandlerFunc
		closed bool
		say    []string // one of them is in a failure about autoconfig.example.org
	}{
		"refused":  {status(200, ""), true, []string{"refused", "refuses"}},
		"404":      {status(404, "not here"), false, []string{"404"}},
		"403":      {status(403, "no"), false, []string{"403"}},
		"502":      {status(502, "<html>bad gateway</html>"), false, []string{"502"}},
		"web page": {status(200, "<html><title>Welcome</title></html>"), false, []string{"web page"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.web)
			if test.closed {
				w.args = slices.DeleteFunc(w.args,
					func(arg string) bool { return strings.HasPrefix(arg, "autoconfig.example.org:443:") })
				i := slices.Index(w.args, "--connect-to")
				w.args = slices.Delete(w.args, i, i+1)
			}
			w.healthy(t, probetest.NewMeeting(1))
			found, status := w.report(t, "jo@example.org", "--config", config)
			named := false
			for _, list := range found {
				for _, f := range list {
					text := f.Subject + " " + f.Cause + " " + strings.Join(f.Got, " ")
					named = named || f.Level == finding.Fail && strings.Contains(text, "autoconfig.example.org") &&
						slices.ContainsFunc(test.say, func(word string) bool { return strings.Contains(text, word) })
				}
			}
			if !named || status != exitProblem {
				t.Errorf("status %d, %v", status, found)
			}
		})
	}
}
