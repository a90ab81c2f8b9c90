package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tests of this file, as those of mutants_test.go, were written for changes that no other test noticed.

// The place of a finding is read as it was written, whatever the file is called, and the line is shown where there is
// such a place.
func TestPlaceAndExcerpt(t *testing.T) {
	for text, want := range map[string]Pos{
		"a.yaml:3:5": {"a.yaml", 3, 5}, "a.yaml:3": {"a.yaml", 3, 0}, "a.yaml": {"a.yaml", 0, 0}, "a:7:3:5": {"a:7", 3, 5},
		":3:5": {"", 3, 5}, "": {},
	} {
		if got := ParsePos(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
	const text = "listen: 1\r\n\tdsn: secret\n" // no third line but the empty one
	long := strings.Repeat("x", 200)
	for _, test := range []struct{ text, subject, want string }{
		{text, "a:1:9", "     1 | listen: 1\n       |         ^"},
		{text, "a:1:10", "     1 | listen: 1\n       |          ^"},
		{text, "a:1:11", ""},
		{text, "a:2:7", "     2 | \tdsn: ********\n       | \t     ^"},
		{text, "a:3:1", "     3 | \n       | ^"},
		{text, "a:4:1", ""}, {text, "a", ""}, {text, "a:2", ""}, {text, "a:0:1", ""},
		{"\ufeffa: 1", "a:1:1", "     1 | a: 1\n       | ^"},
		{long, "a:1:1", "     1 | " + long + "\n       | ^"}, {long + "x", "a:1:1", ""}, {"\xff", "a:1:1", ""},
	} {
		if got := Excerpt(test.text, test.subject); got != test.want {
			t.Errorf("%.20q at %s:\n%s\nwant\n%s", test.text, test.subject, got, test.want)
		}
	}
}

// Each of these texts is refused, with a cause and a cure that fit it.
func TestFaultsWithTheirCures(t *testing.T) {
	const servers = "incoming: [imaps://imap.example.org], outgoing: [submissions://smtp.example.org]"
	const source = "providers:\n  - {id: hosting, domains: [example.org], " + servers +
		"}\nsources:\n  - {name: a, ldap: ldaps://localhost, base: dc=x, provider: hosting, domain: (o=:domain)"
	for text, want := range map[string]string{
		"branding:\n  accent: #0a7":                          `:2:11: branding.accent|a # after a space begins a comment|put the value in quotes: accent: "#0a7"`,
		"branding:\n  accent: 123":                           `write "#123"`,
		"branding:\n  accent: 12345":                         `for example "#00aa77"`,
		"service_host: 5\n":                                  "write a host name",
		"sources:\n  - {name: a, dsn: ${DB}, sql: sqlite}\n": ":2:20: a variable between braces is not in quotes|put it in quotes: \"${DB}\"",
		"a x: y:":                   ":1:",
		"branding:\n  accent: true": `for example "#00aa77"`,
		"providers:\n  - {domains: [a.example, a.example, b.example], " + servers + "}\n  - {domains: [b.example], " +
			servers + "}\n": `b.example is already listed at autoconfig.yaml:2:`,
		"providers:\n  - {domains_command: [], " + servers + "}\n":                                                   "domains_command|no program",
		"providers:\n  - {domains_command: [\"\"], " + servers + "}\n":                                               "domains_command|no program",
		"providers:\n  - {domains_command: [ls -l], " + servers + "}\n":                                              "not run by a shell|[ls, -l]",
		source + ", timeout: 0s}\n":                                                                                  "timeout|there is no time for an answer",
		source + ", ca_file: none.pem}\n":                                                                            "sources[0].ca_file|none.pem",
		"providers:\n  - {domains: [example.org], incoming: [\"mail.example.org\"], " + servers[38:] + "}\n":         `"mail.example.org" is not a server|did you mean imaps://mail.example.org?`,
		"providers:\n  - {domains: [example.org], incoming: [\"imsp://mail.example.org\"], " + servers[38:] + "}\n":  `did you mean imap://mail.example.org?`,
		"providers:\n  - {domains: [example.org], incoming: [\"pop3z://mail.example.org\"], " + servers[38:] + "}\n": `did you mean pop3s://mail.example.org?`,
	} {
		_, found := parse("autoconfig.yaml", []byte(text))
		got := lines(found)
		for part := range strings.SplitSeq(want, "|") {
			if !strings.Contains(got, part) {
				t.Errorf("%q: no %q in\n%s", text, part, got)
			}
		}
	}
}

// Profiles signed with the files of the https listener need no service host: the certificate is there.
func TestSigningWithTheFilesOfHTTPS(t *testing.T) {
	_, found := parse("autoconfig.yaml",
		[]byte("listen_tls: \":443\"\ntls: {cert_file: a.pem, key_file: b.pem}\nsigning: auto\n"))
	if got := lines(found); strings.Contains(got, "signing") {
		t.Error(got)
	}
	_, found = parse("autoconfig.yaml", []byte("listen_tls: \":443\"\ntls: {acme: {}}\nsigning: auto\n"))
	if got := lines(found); !strings.Contains(got, "signing") || !strings.Contains(got, "service_host") {
		t.Error(got)
	}
}

// Servers with a template in their names are those of the first domain, and none without one.
func TestServersByPath(t *testing.T) {
	c, found := parse("autoconfig.yaml", []byte(`providers:
  - {domains: [a.example, b.example], incoming: ["imaps://mail.%EMAILDOMAIN%"], outgoing: [submissions://smtp.example.org]}
  - {mx: [mx.example.org], incoming: ["imaps://mail.%EMAILDOMAIN%"], outgoing: ["submissions://other.example.org:1465"]}
  - {id: microsoft365, domains: [shop.example]}
`))
	if Failed(found) {
		t.Fatal(lines(found))
	}
	var got []string
	for path, s := range c.Servers() {
		got = append(got, fmt.Sprintf("%s=%s:%d", path, s.Host, s.Port))
	}
	want := "providers[0].incoming[0]=mail.a.example:993 providers[0].outgoing[0]=smtp.example.org:465 providers[1].outgoing[0]=other.example.org:1465"
	if strings.Join(got, " ") != want {
		t.Errorf("%q", got)
	}
	for range c.Servers() {
		break // who has seen enough may leave
	}
}

// An entry without an id is called after the first domain that its file has, and a configuration knows whether domains
// come from somewhere else.
func TestFirstDomainOfAFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "d"), []byte("# ours\nnot a domain\nfirst.example\nsecond.example\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	const servers = ", incoming: [imaps://imap.example.org], outgoing: [submissions://smtp.example.org]}\n"
	for text, want := range map[string]struct {
		id      string
		sources bool
	}{
		"providers:\n  - {domains_file: d" + servers:                        {"first.example", false},
		"providers:\n  - {id: hosting, domains_command: [./list]" + servers: {"hosting", true},
		"providers:\n  - {id: hosting, domains: [a.example]" + servers +
			"sources:\n  - {name: a, sql: sqlite, dsn: x.db, provider: hosting, domain: SELECT 1 WHERE :domain}\n": {"hosting", true},
	} {
		c, found := parse(filepath.Join(dir, "autoconfig.yaml"), []byte(text))
		if Failed(found) || c.model[0].ID != want.id || c.HasSources() != want.sources {
			t.Errorf("%s%q, sources %v\n%s", text, c.model[0].ID, c.HasSources(), lines(found))
		}
	}
}
