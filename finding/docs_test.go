package finding

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/findings.md")

// areas are the headings of docs/findings.md; the first word of an id.
var areas = map[string]string{
	"acme":         "Certificates on demand",
	"autodiscover": "Autodiscover answers",
	"certificate":  "Signed profiles",
	"config":       "The configuration",
	"connect":      "No connection to a server",
	"discover":     "What mail programs find",
	"dns":          "Records in DNS",
	"have":         "Settings typed into a mail program",
	"imap":         "IMAP servers",
	"lint":         "Documents of no known format",
	"mozilla":      "Autoconfig documents",
	"oauth2":       "Microsoft's sign-in",
	"pacc":         "PACC documents",
	"pop3":         "POP3 servers",
	"profile":      "Configuration profiles",
	"server":       "The autoconfig server itself",
	"sieve":        "ManageSieve servers",
	"smtp":         "Sending: SMTP servers",
	"tls":          "Encryption and certificates of servers",
}

// TestDocs: docs/findings.md is what the catalogue says. Run the test with -update after a change.
func TestDocs(t *testing.T) {
	path := filepath.Join("..", "docs", "findings.md")
	want := document()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/findings.md is stale at %q; run go test ./finding -run TestDocs -update",
			firstDifference(string(got), string(want)))
	}
}

func firstDifference(got, want string) string {
	lines := strings.Split(got, "\n")
	for i, line := range strings.Split(want, "\n") {
		if i >= len(lines) || lines[i] != line {
			return line
		}
	}
	return "its end"
}

// document is docs/findings.md.
func document() []byte {
	var b bytes.Buffer
	b.WriteString(`# Findings

Whatever is wrong, in a configuration, a record, a document, a server or a
setting, is reported as a finding with one of these ids. The ids are stable, so
scripts can rely on them. A *fail* makes a command exit with status 1; a *warn*
does not. This page is made from the catalogue in the package finding.
`)
	last := ""
	for _, e := range Catalogue() {
		if a := e.Area(); a != last {
			last = a
			heading := areas[a]
			if heading == "" {
				heading = a
			}
			fmt.Fprintf(&b, "\n## %s\n", heading)
		}
		fmt.Fprintf(&b, "\n### `%s`\n\n**%s** (%s). %s", e.ID, e.Title, e.Level, markdown(e.Cause))
		if e.Fix != "" {
			fmt.Fprintf(&b, " *What to do:* %s", markdown(e.Fix))
		}
		if e.Admin != "" {
			fmt.Fprintf(&b, " *For the administrator:* %s", markdown(e.Admin))
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

// markdown is a sentence without Markdown in it by accident.
func markdown(s string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`).Replace(Sentence(s))
}
