package importer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/config"
	"autoconfig/importer"
	"autoconfig/provider"
)

// Whatever a document holds, what is printed is a configuration without a fault,
// and nothing of the document is outside of its comments and values.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/answers/*", "../mozilla/testdata/*.xml", "../autodiscover/testdata/*.xml",
		"../apple/testdata/*.mobileconfig", "../pacc/testdata/*.json"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Add([]byte(`{"domain":"example.org","provider":"# x\n- y","incoming":[{"protocol":"imap","host":"a.example","port":993,"security":"tls","username":"jo"}],"outgoing":[],"notes":[{"lang":"en","text":"\u2028\u0085- : {"}]}`))
	f.Add([]byte(`<clientConfig version="1.1"><emailProvider id="outlook.com"><domain>outlook.com</domain><displayName>&#x85;|- "x": 'y'</displayName>` +
		`<documentation url="https://a.example/#x"><descr lang="no">null</descr></documentation></emailProvider></clientConfig>`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := importer.Read("document\n- injected", data, provider.Address{Local: "sentinel", Domain: "example.org"})
		if err != nil {
			return
		}
		out, err := importer.Write(importer.Merge(docs))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "autoconfig.yaml")
		if err := os.WriteFile(path, out, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, found := config.Load(path)
		for _, f := range found {
			if f.Level == "fail" && f.ID != "config-host-typo" { // that is for a person to say
				t.Fatalf("%s\n%s", f, out)
			}
		}
		usable := 0
		for _, d := range docs {
			if d.Usable() {
				usable++
			}
		}
		if got := len(cfg.Providers); got > usable {
			t.Fatalf("%d entries of %d documents\n%s", got, usable, out)
		}
		for line := range strings.Lines(string(out)) {
			if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "#") && line != "providers:\n" {
				t.Fatalf("a line that is neither: %q\n%s", line, out)
			}
		}
	})
}
