package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"autoconfig/files"
)

// The tests of this file were written for changes to the code that no other
// test noticed: docs/mutation.md.

const everySource = `
providers:
  - {id: hosting, domains: [example.org], incoming: [imaps://imap.example.org], outgoing: [submissions://smtp.example.org]}
sources:
  - name: customers
    sql: postgres
    dsn_file: dsn
    domain: SELECT 'hosting' FROM d WHERE name = :domain
    list: SELECT name FROM d
    user: SELECT login FROM m WHERE address = :address
  - name: directory
    ldap: ldap://localhost
    starttls: false
    ca_file: ca.pem
    base: dc=example
    provider: hosting
    domain: (associatedDomain=:domain)
    list: (associatedDomain=*)
    domain_attribute: associatedDomain
`

// What `config show` prints is every setting of a source, so that it loads as
// the same.
func TestShowHasEverySettingOfASource(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"dsn", "ca.pem"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("host=localhost"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, found := parse(filepath.Join(dir, "autoconfig.yaml"), []byte(everySource))
	if Failed(found) {
		t.Fatal(lines(found))
	}
	if ca := filepath.Join(dir, "ca.pem"); c.Sources[1].CAFile != ca || !slices.Contains(c.Files(), ca) {
		t.Errorf("%q, and among %v", c.Sources[1].CAFile, c.Files())
	}
	shown, err := c.Show()
	if err != nil {
		t.Fatal(err)
	}
	again, found := parse(c.Path, shown)
	if Failed(found) {
		t.Fatalf("%s\n%s", lines(found), shown)
	}
	for i := range c.Sources {
		a, b := c.Sources[i], again.Sources[i]
		if a.Name != b.Name || a.SQL != b.SQL || a.DSNFile != b.DSNFile || a.Domain != b.Domain || a.List != b.List ||
			a.User != b.User ||
			a.LDAP != b.LDAP || a.EncryptsLater() != b.EncryptsLater() || a.Base != b.Base ||
			a.DomainAttribute != b.DomainAttribute || a.Provider != b.Provider {
			t.Errorf("shown as\n%s", shown)
		}
	}
}

const everyFile = `
listen_tls: ":443"
tls: {cert_file: cert.pem, key_file: key.pem}
signing: {cert_file: signer.pem, key_file: signer.key}
branding: {logo: logo.png}
providers:
  - {domains: [example.org], domains_file: more.txt, incoming: [imaps://imap.example.org], outgoing: [submissions://smtp.example.org]}
`

// A change of any file that is configured is noticed.
func TestFilesAreAllOfThem(t *testing.T) {
	dir := t.TempDir()
	c, _ := parse(filepath.Join(dir, "autoconfig.yaml"), []byte(everyFile)) // the files are not there
	for _, name := range []string{"autoconfig.yaml", "cert.pem", "key.pem", "signer.pem", "signer.key", "logo.png",
		"more.txt"} {
		if !slices.Contains(c.Files(), filepath.Join(dir, name)) {
			t.Errorf("%s is not among %v", name, c.Files())
		}
	}
}

// Where certificates are kept may be said in a file, with a line end; a password
// in any part of the address of a database is not shown.
func TestStorageOfCertificates(t *testing.T) {
	file := filepath.Join(t.TempDir(), "storage")
	if err := os.WriteFile(file, []byte("postgres://me:${PW}@db/name\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &ACME{StorageFile: file}
	place, database, err := a.Place(&files.Reader{}, func(name string) (string, bool) { return name + "!", true })
	if err != nil || !database || place != "postgres://me:PW!@db/name" {
		t.Errorf("%q %v %v", place, database, err)
	}
	if place, database, err := (&ACME{Storage: "/var/lib/x ${PW}"}).Place(&files.Reader{}, nil); err != nil || database ||
		place != "/var/lib/x ${PW}" {
		t.Errorf("%q %v %v", place, database, err)
	}
	for storage, want := range map[string]string{
		"postgres://me:secret@db/name":               "postgres://me:xxxxx@db/name",
		"postgresql://db/name?password=secret&x=1":   "postgresql://db/name?password=xxxxx&x=1",
		"postgres://me@db/name?sslmode=verify-full":  "postgres://me@db/name?sslmode=verify-full",
		"/var/lib/autoconfig/certificates?password=": "/var/lib/autoconfig/certificates?password=",
	} {
		if got := (&ACME{Storage: storage}).shown().Storage; got != want {
			t.Errorf("%s is shown as %s", storage, got)
		}
	}
}

func TestACMEDirectoryAndStorage(t *testing.T) {
	for block, wrong := range map[string]bool{
		"{}":                                               false,
		"{directory: https://ca.example/d}":                false,
		"{directory: http://ca.example/d}":                 true,
		"{directory: 'https:///d'}":                        true,
		"{directory: 'https://me@ca.example/d'}":           true,
		"{storage: 'ftp://h/x'}":                           true,
		"{storage: 'postgres://h/x'}":                      false,
		"{storage: certificates, storage_file: some-file}": true,
		"{email: hostmaster}":                              true,
		"{email: hostmaster@example.org}":                  false,

		"{directories: [https://a.example/d, https://b.example/d]}":                                          false,
		"{directories: [https://a.example/d, {url: https://b.example/d, eab_key_id: k, eab_key_file: key}]}": false,
		"{directories: [{url: https://b.example/d, eab_key_id: k}]}":                                         true,
		"{directories: [{url: https://b.example/d, eab_key_file: key}]}":                                     true,
		"{directories: [{url: https://b.example/d, eab_key_id: k, eab_key_file: none}]}":                     true,
		"{directories: [https://a.example/d, {url: https://a.example/d}]}":                                   true,
		"{directories: [http://a.example/d]}":                                                                true,
		"{directories: [{eab_key_id: k, eab_key_file: key}]}":                                                true,
		"{directory: 'https://a.example/d', directories: [https://b.example/d]}":                             true,
		"{directories: [{url: https://b.example/d, key: x}]}":                                                true,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "key"), []byte("c2VjcmV0_-8=\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, found := parse(filepath.Join(dir, "autoconfig.yaml"),
			[]byte("listen_tls: ':443'\nservice_host: a.example.org\ntls: {acme: "+block+"}\n"))
		if Failed(found) != wrong {
			t.Errorf("%s: %s", block, lines(found))
		}
		if wrong {
			continue
		}
		all, err := c.TLS.ACME.Authorities(c.Reader)
		for _, d := range all {
			if !strings.HasPrefix(d.URL, "https://") || d.KeyID != "" && d.Key != "c2VjcmV0_-8" {
				t.Errorf("%s: the authority is %+v", block, d)
			}
		}
		if err != nil || len(all) == 0 {
			t.Errorf("%s: %d authorities, %v", block, len(all), err)
		}
	}
}

// The schema says which version of the language it is in, lets an empty block
// or list be, as the decoder does, and no empty word or number.
func TestSchemaAllowsEmptyBlocks(t *testing.T) {
	var root struct {
		Schema     string                     `json:"$schema"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	if root.Schema != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("$schema is %q", root.Schema)
	}
	for key, want := range map[string]bool{"branding": true, "trusted_proxies": true, "providers": true, "sources": true,
		"listen": false, "drain": false, "log_clients": false} {
		if got := bytes.Contains(root.Properties[key], []byte(`"null"`)); got != want || root.Properties[key] == nil {
			t.Errorf("%s may be empty: %v: %s", key, got, root.Properties[key])
		}
	}
}

// Each of these texts gets one error that names the place and the cure, and what
// can be read of the rest is checked all the same.
func TestEveryFormOfErrorSaysWhereAndWhat(t *testing.T) {
	const good = "\nproviders:\n  - {domains: [example.org], incoming: [imaps://imap.example.org], outgoing: [submissions://smtp.example.org]}\n"
	for text, want := range map[string]string{
		"log_clients: no" + good:                               ":1:14: log_clients|write false",
		"log_clients: on" + good:                               "write true",
		"log_clients: perhaps" + good:                          "write true or false",
		"listen: \"a\x00b\"" + good:                            "1:11: a NUL byte",
		"listen: \"a\xffb\"" + good:                            "1:11: a byte that is not UTF-8",
		"providers:\n  - domains: [example.org\n    name: x\n": ":2:14:",
		"limits:\n\tburst: 3" + good:                           ":2:1: a tab at the beginning of the line|indent with spaces",
		"branding: {accent: #0a7}" + good:                      "1:20: a # after a space begins a comment|put the value in quotes: \"#0a7\"",
		"branding: {name: x]" + good:                           "a ] where a } is needed",
		"listen:\u00a0127.0.0.1:8080" + good:                   ":1:8: a space that is not an ordinary one (U+00A0)|write ordinary spaces",
		"limits:\n\u00a0 burst: 3" + good:                      ":2:1: a space that is not an ordinary one",
		"limits:\n  \u3000burst: 3" + good:                     ":2:3: a space that is not an ordinary one (U+3000)",
		"providers:\n  - domains: [a.example]\n    incoming: [imaps//mail.a.example]\n" +
			"    outgoing: [submission:/mail.a.example]\n": "did you mean imaps://mail.a.example?|" +
			"did you mean submission://mail.a.example?",
		"limits:\n  <<: *x" + good: "",
	} {
		_, found := parse("autoconfig.yaml", []byte(text))
		got := lines(found)
		for part := range strings.SplitSeq(want, "|") {
			if !Failed(found) || !strings.Contains(got, part) {
				t.Errorf("%q: no %q in\n%s", text, part, got)
			}
		}
	}
}

// One broken entry of a list hides neither the errors of the entries after it
// nor their numbers.
func TestBrokenEntryKeepsTheOthersNumbers(t *testing.T) {
	_, found := parse("autoconfig.yaml",
		[]byte("providers:\n  - domains: [a.example\n  - {domains: [b.example], incoming: [imaps://imap.b.example], outgoing: [submissions://smtp.b.example], nonsense: 1}\n"))
	if got := lines(found); !strings.Contains(got, "providers[1]") || !strings.Contains(got, "autoconfig.yaml:3:") ||
		!strings.Contains(got, "autoconfig.yaml:2:") {
		t.Error(got)
	}
}

// An entry with neither id nor domains is called after its mail exchanger.
func TestNameOfAnEntryWithAnExchangerAlone(t *testing.T) {
	c, found := parse("autoconfig.yaml",
		[]byte("providers:\n  - {mx: [mx.example.org], incoming: [imaps://imap.example.org], outgoing: [submissions://smtp.example.org]}\n"))
	if Failed(found) || c.model[0].ID != "mx.example.org" || c.model[0].Name != "mx.example.org" {
		t.Errorf("%q %q\n%s", c.model[0].ID, c.model[0].Name, lines(found))
	}
}

// The file with the storage of certificates is found beside the configuration.
func TestStorageFileIsRelativeToTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "storage"), []byte("/x"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, found := parse(filepath.Join(dir, "autoconfig.yaml"),
		[]byte("listen_tls: ':443'\nservice_host: a.example.org\ntls: {acme: {storage_file: storage}}\n"))
	if Failed(found) || c.TLS.ACME.StorageFile != filepath.Join(dir, "storage") {
		t.Errorf("%q\n%s", c.TLS.ACME.StorageFile, lines(found))
	}
}

// A logo that is not there is an error with its place.
func TestLogoThatIsNotThere(t *testing.T) {
	_, found := parse(filepath.Join(t.TempDir(), "autoconfig.yaml"), []byte("branding: {logo: none.png}\n"))
	if !Failed(found) || !strings.Contains(lines(found), ":1:18:") {
		t.Error(lines(found))
	}
}

// What lies exactly on a bound is allowed.
func TestBoundsThemselves(t *testing.T) {
	const provider = "\nproviders:\n  - {domains: [example.org], name: %, incoming: [imaps://imap.example.org], outgoing: [submissions://smtp.example.org]}\n"
	twenty := strings.Repeat("ä", 20)
	c, found := parse("autoconfig.yaml",
		[]byte("limits: {per_minute: 1, burst: 1}"+strings.Replace(provider, "%", twenty, 1)))
	if Failed(found) || c.model[0].ShortName != twenty {
		t.Errorf("%q\n%s", c.model[0].ShortName, lines(found))
	}
	c, found = parse("autoconfig.yaml", []byte(strings.Replace(provider, "%", twenty+"b", 1)))
	if Failed(found) || c.model[0].ShortName == twenty+"b" {
		t.Errorf("%q\n%s", c.model[0].ShortName, lines(found))
	}
	for _, text := range []string{"limits: {burst: 0}", "limits: {per_minute: 0}", "limits: {burst: -1}"} {
		if _, found := parse("autoconfig.yaml", []byte(text)); !Failed(found) {
			t.Errorf("%s is taken", text)
		}
	}
}

// What changes soon at a built-in provider that the file names is reported with
// the place in the file.
func TestNewsHasItsPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "autoconfig.yaml")
	if err := os.WriteFile(file, []byte("providers:\n  - {id: microsoft365, domains: [shop.example]}\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	c, found := LoadWith(&files.Reader{}, file, time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC))
	if Failed(found) {
		t.Fatal(lines(found))
	}
	news := c.News()
	if len(news) == 0 || !strings.Contains(lines(news), "autoconfig.yaml:2:") {
		t.Errorf("%s", lines(news))
	}
}

// Two entries with one domain are told apart by name.
func TestDomainOfTwoEntries(t *testing.T) {
	const entry = "  - {id: %, domains_file: d, incoming: [imaps://imap.example.org], outgoing: [submissions://smtp.example.org]}\n"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "d"), []byte("example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, found := parse(filepath.Join(dir, "autoconfig.yaml"),
		[]byte("providers:\n"+strings.Replace(entry, "%", "first", 1)+strings.Replace(entry, "%", "second", 1)))
	if Failed(found) {
		t.Fatal(lines(found))
	}
	if _, found := c.Data(); !Failed(found) || !strings.Contains(lines(found), `"first"`) {
		t.Errorf("%s", lines(found))
	}
}

// Each part of the branding is looked at, whichever others are there.
func TestBrandingPartsAreLookedAtAlone(t *testing.T) {
	for _, text := range []string{"{imprint: nonsense}", "{support: nonsense}", "{accent: nonsense}",
		"{logo_dark: dark.gif}",
		"{resellers: [{name: x}]}", "{resellers: [{for: [a.example], accent: red}]}",
		"{resellers: [{for: [a.example]}, {for: [A.example.]}]}", "{resellers: [{for: [\"\"]}]}",
		"{resellers: [{for: [a.example], support: x}]}"} {
		if _, found := parse("autoconfig.yaml", []byte("branding: "+text+"\n")); !Failed(found) {
			t.Errorf("%s is taken", text)
		}
	}
}
