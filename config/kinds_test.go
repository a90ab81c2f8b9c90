package config

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// Every kind of mistake that people make has its message: the place, the key,
// what is wrong and what to write.
func TestKinds(t *testing.T) {
	cases, err := txtar.ParseFile("testdata/kinds.txtar")
	if err != nil || len(cases.Files) < 100 {
		t.Fatalf("%d cases, %v", len(cases.Files), err)
	}
	var out strings.Builder
	for _, f := range cases.Files {
		c, found := parse(f.Name, f.Data)
		if !Failed(found) {
			_, more := c.Data()
			found = append(found, more...)
		}
		out.WriteString(f.Name + "\n" + lines(found))
		at := Pos{}
		for _, one := range found {
			next := ParsePos(one.Subject)
			if next.File != f.Name || next.Line == 0 || next.Line < at.Line {
				t.Errorf("%s: %s is without a place, or out of order", f.Name, one)
			}
			if at = next; one.Fix == "" || one.Key == "" && one.ID != "config-syntax" && one.ID != "config-document-second" {
				t.Errorf("%s: %s has no key or no cure", f.Name, one)
			}
		}
	}
	compare(t, "testdata/kinds.want", []byte(out.String()))
}

const soundText = `listen: 127.0.0.1:8080
listen_tls: ""
drain: 5s
dns: {resolver: system, watch: 1h}
branding: {accent: "#0a7", support: mailto:help@example.org}
limits: {per_minute: 60, burst: 30}
trusted_proxies: [10.0.0.0/8]
providers:
  - domains: [example.org]
    name: Mail
    auth: [password]
    incoming: [imaps://mail.example.org]
    outgoing: [submissions://mail.example.org]
    webmail: https://mail.example.org/
    oauth2: {issuer: https://id.example.org/}
  - domains: [example.com]
    incoming: [{protocol: imap, host: mail.example.com, port: 993, security: tls}]
    outgoing: [{protocol: smtp, host: mail.example.com, port: 587, security: starttls}]
  - id: microsoft365
    domains: [shop.example]
`

// The cure in a message works when it is followed.
func TestCures(t *testing.T) {
	if _, found := parse("x.yaml", []byte(soundText)); len(found) > 0 {
		t.Fatal(lines(found))
	}
	for _, c := range []struct{ good, bad, cure, written string }{
		{"listen: 127.0.0.1:8080", "listen: 8080", `"127.0.0.1:8080"`, `listen: "127.0.0.1:8080"`},
		{"listen: 127.0.0.1:8080", `listen: "8080"`, `":8080"`, `listen: ":8080"`},
		{`listen_tls: ""`, "listen_tls: off", `listen_tls: ""`, `listen_tls: ""`},
		{"drain: 5s", "drain: 5", "drain: 5s", "drain: 5s"},
		{"drain: 5s", "drain: 5 minutes", "drain: 5m", "drain: 5m"},
		{"watch: 1h", "watch: 2d", "watch: 48h", "watch: 48h"},
		{"resolver: system", "resolver: sysstem", "did you mean system", "resolver: system"},
		{"resolver: system", "resolver: 9.9.9.9", "[9.9.9.9]", "resolver: [9.9.9.9]"},
		{`accent: "#0a7"`, "accent: 007700", `"#007700"`, `accent: "#007700"`},
		{"support: mailto:help@example.org", "support: help@example.org", "mailto:help@example.org",
			"support: mailto:help@example.org"},
		{"per_minute: 60", `per_minute: "70"`, "per_minute: 70", "per_minute: 70"},
		{"[10.0.0.0/8]", "10.0.0.0/8 192.0.2.1/32", "[10.0.0.0/8, 192.0.2.1/32]", "[10.0.0.0/8, 192.0.2.1/32]"},
		{"[10.0.0.0/8]", "[10.0.0.1]", "10.0.0.1/32", "[10.0.0.1/32]"},
		{"[example.org]", "example.org, example.net", "[example.org, example.net]", "[example.org, example.net]"},
		{"[example.org]", "[‘example.org’]", "write example.org", "[example.org]"},
		{"[example.org]", "[https://example.org/]", "write example.org", "[example.org]"},
		{"name: Mail", "name: Mail: ours", `name: "Mail: ours"`, `name: "Mail: ours"`},
		{"name: Mail", "name: #1", `name: "#1"`, `name: "#1"`},
		{"name: Mail", "name: 365", `"365"`, `name: "365"`},
		{"auth: [password]", "auth: password-cleartext", "[password]", "auth: [password]"},
		{"auth: [password]", "auth: [XOAUTH2, Plain]", "oauth2", "auth: [oauth2, password]"},
		{"incoming: [imaps://mail.example.org]", "imap: mail.example.org", "incoming: [imaps://mail.example.org]",
			"incoming: [imaps://mail.example.org]"},
		{"imaps://mail.example.org", `"mail.example.org:993"`, "imaps://mail.example.org", "imaps://mail.example.org"},
		{"imaps://mail.example.org", "imap://mail.example.org:993", "imaps://mail.example.org", "imaps://mail.example.org"},
		{"imaps://mail.example.org", "ssl://mail.example.org:995", "pop3s://mail.example.org", "pop3s://mail.example.org"},
		{"submissions://mail.example.org", `"mail.example.org:587"`, "submission://mail.example.org",
			"submission://mail.example.org"},
		{"submissions://mail.example.org", "smtp://mail.example.org", "submission://mail.example.org",
			"submission://mail.example.org"},
		{"submissions://mail.example.org", `"mail.example.org:2525"`, "submissions://mail.example.org:2525",
			"submissions://mail.example.org:2525"},
		{"host: mail.example.com, port: 993", `host: "mail.example.com:993"`, "host: mail.example.com and port: 993",
			"host: mail.example.com, port: 993"},
		{"port: 993, security: tls", "port: imaps, security: SSL", "port: 993", "port: 993, security: tls"},
		{"host: mail.example.com, port: 587", `host: "smtps://mail.example.com", port: 587`, "host: mail.example.com",
			"host: mail.example.com, port: 587"},
		{"webmail: https://mail.example.org/", "webmail: http://mail.example.org/", "write https://mail.example.org/",
			"webmail: https://mail.example.org/"},
		{"https://id.example.org/}", `"https://id.example.org/?a=b#c"}`, "write https://id.example.org/",
			"https://id.example.org/}"},
		{"id: microsoft365", "id: Microsoft 356", "did you mean microsoft365", "id: microsoft365"},
		{"id: microsoft365", "id: outlook", "did you mean outlook.com", "id: outlook.com"},
	} {
		change := func(to string) (string, bool) {
			_, found := parse("x.yaml", []byte(strings.Replace(soundText, c.good, to, 1)))
			return lines(found), len(found) == 0
		}
		if said, fine := change(c.bad); fine || !strings.Contains(said, c.cure) {
			t.Errorf("%s: no %s in:\n%s", c.bad, c.cure, said)
		}
		if said, fine := change(c.written); !fine {
			t.Errorf("%s, as the message says: %s", c.written, said)
		}
	}
}

// A part that is not YAML hides nothing of the rest, and nothing follows from it.
func TestPartsThatAreNotYAML(t *testing.T) {
	text := `admin:
listen_tls: ":443"
tls: {cert_file: a.pem
branding: {accent: #0a7}
providers:
  - domains [one.example]
    incoming: [imaps://mail.one.example]
  - domains: [two.example]
    incoming: ["mail.two.example"]
    outgoing: [submissions://mail.two.example]
sources:
- sql: mysql
   dsn: secret
- {sql: oracle, dsn: hunter2, domain: "SELECT :domain"}
`
	_, found := parse("x.yaml", []byte(text))
	var got []string
	for _, f := range found {
		got = append(got, strings.TrimPrefix(f.Subject, "x.yaml:")+" "+f.Key+" "+f.ID)
	}
	want := []string{"1:7 admin config-value-missing", "3:6  config-syntax", "4:20  config-syntax", "6:5  config-syntax",
		"9:16 providers[1].incoming[0] config-value-invalid", "13:4  config-syntax",
		"14:9 sources[1].sql config-value-invalid"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), lines(found))
	}
}

// Nesting costs the library memory by its square.
func TestNesting(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", 20000), "a: " + strings.Repeat("{a: ", 9000),
		strings.Repeat("- ", 20000), strings.Repeat("[", 51) + strings.Repeat("]", 51),
		strings.Repeat("[[],", 51)} {
		if _, found := parse("x.yaml", []byte(text)); len(found) != 1 || found[0].ID != "config-syntax" ||
			!strings.Contains(found[0].Cause, "50 deep") {
			t.Errorf("%.20s…: %s", text, lines(found))
		}
	}
	deep := "admin_hosts: " + strings.Repeat("[", 49) + strings.Repeat("]", 49) // as deep as is read
	if _, found := parse("x.yaml", []byte(deep)); len(found) != 1 || found[0].ID != "config-type" {
		t.Errorf("%s", lines(found))
	}
	anchored := "providers:\n  - domains: &d [example.org]\n    name: a: b\n  - domains: *d\n    incoming: [imaps://mail.example.org]\n    outgoing: [submissions://mail.example.org]\n"
	if _, found := parse("x.yaml", []byte(anchored)); len(found) != 1 ||
		found[0].ID != "config-syntax" { // the anchor is in the part left out
		t.Errorf("%s", lines(found))
	}
	many := "admin_hosts: &h [" + strings.Repeat("a.example,", 200) + "]\nproviders:\n" +
		strings.Repeat("  - {domains: *h}\n", 510)
	if _, found := parse("x.yaml", []byte(many)); !strings.Contains(lines(found),
		"aliases repeat more than 100,000 values") {
		t.Error("too many copies are read")
	}
	loop := "providers: &p [{domains: *p}]\nadmin_hosts: &a [*a]\n"
	if _, found := parse("x.yaml", []byte(loop)); !Failed(found) {
		t.Error("aliases inside their own anchors are read")
	}
}

// What editors write at the beginning of a file, and files that are no text.
func TestEncodings(t *testing.T) {
	for text, want := range map[string]string{
		"\ufefflisten: 127.0.0.1:1\r\n":      "",
		"\ufeffproviders: []":                "",
		"\ufeff# a comment\nadmin: \"\"\n":   "",
		"\xff\xfel\x00i\x00":                 "x.yaml:1:4",
		"listen: 127.0.0.1:1\nadmin: \xe4\n": "x.yaml:2:8",
		"\ufefflistn: x":                     "x.yaml:1:1",
	} {
		_, found := parse("x.yaml", []byte(text))
		if got := strings.TrimSpace(lines(found)); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %q", text, got, want)
		}
	}
}

// Secrets are in no message.
func TestSecretsInMessages(t *testing.T) {
	for _, text := range []string{"sources: [{sql: mysql, dsn: 12345678}]",
		"sources: [{ldap: ldap://x.example, password: true12345678, base: {}}]",
		"sources: [{sql: mysql, password: [12345678]}]", "tls: {acme: {storage: 12345678}}",
		"sources: [{sql: mysql, dsn: {a: 12345678}}]"} {
		_, found := parse("x.yaml", []byte(text))
		if got := lines(found); len(found) == 0 || strings.Contains(got, "12345678") {
			t.Errorf("%s: %s", text, got)
		}
	}
	for line, want := range map[string]string{"    dsn: user:12345678@x": "    dsn: ********",
		`  "password": 12345678`: `  "password": ********`, "listen: x": "listen: x"} {
		if got := Excerpt("\ufeff"+line, "f:1:1"); !strings.HasPrefix(got, "     1 | "+want+"\n") {
			t.Errorf("%q", got)
		}
	}
	if got := Excerpt("a\n\tö: [", "f:2:4"); got != "     2 | \tö: [\n       | \t  ^" {
		t.Errorf("%q", got)
	}
	if Excerpt("a", "f:7:1") != "" || Excerpt("a", "f") != "" {
		t.Error("an excerpt of nothing")
	}
}

// The columns and the keys are those of the file.
func TestPlaces(t *testing.T) {
	for subject, want := range map[string]Pos{"a:b.yaml:3:4": {"a:b.yaml", 3, 4}, "a.yaml": {"a.yaml", 0, 0},
		"c.txt:7": {"c.txt", 7, 0}, "": {}} {
		if got := ParsePos(subject); got != want || got.String() != subject {
			t.Errorf("%q: %+v", subject, got)
		}
	}
}

func TestNeedsRestart(t *testing.T) {
	keys := map[string]string{"listen": "listen: 127.0.0.1:1", "admin": `admin: ""`,
		"listen_tls":      "listen_tls: :443\ntls: {acme: {}}",
		"trusted_proxies": "trusted_proxies: [192.0.2.0/24]", "forwarded_host": "forwarded_host: true",
		"admin_hosts": "admin_hosts: [prometheus]",
		"log_clients": "log_clients: true", "audit_log": "audit_log: audit.log", "drain": "drain: 1s",
		"dns": "dns: {resolver: system}", "limits": "limits: {burst: 31}"}
	same, _ := parse("x.yaml", nil)
	for key, text := range keys {
		c, _ := parse("x.yaml", []byte(text))
		if got := Default().NeedsRestart(c); len(got) == 0 || got[0] != key && got[len(got)-1] != key {
			t.Errorf("%s: %q", key, got)
		}
	}
	if got := Default().NeedsRestart(same); len(got) > 0 {
		t.Errorf("nothing has changed: %q", got)
	}
	watch, _ := parse("x.yaml", []byte("dns: {watch: 1h}"))
	if got := same.NeedsRestart(watch); len(got) != 1 || got[0] != "dns" {
		t.Errorf("watch: %q", got)
	}
}

// A directory on this machine may be asked without encryption.
func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "[::1]": true, "127.9.9.9": true,
		"10.0.0.1": false, "ldap.example.org": false, "[2001:db8::1]": false} {
		_, found := parse("x.yaml",
			[]byte("providers: [{id: x, incoming: [imaps://mail.example.org], outgoing: [submissions://mail.example.org]}]\n"+
				"sources: [{ldap: \"ldap://"+host+"\", starttls: false, base: dc=example, provider: x, domain: (o=:domain)}]"))
		if got := len(found) == 0; got != want {
			t.Errorf("%s: %s", host, lines(found))
		}
	}
}
