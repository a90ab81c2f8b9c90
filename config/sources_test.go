package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const sourcesText = `
providers:
  - {id: hosting, incoming: [imaps://imap.mail.hoster.example], outgoing: [submissions://smtp.hoster.example]}
sources:
  - sql: mysql
    dsn: autoconfig:${DB_PASSWORD}@tcp(db.example.org:3306)/mail
    domain: SELECT 'hosting' FROM domain WHERE domain = :domain AND active = 1
    list: SELECT domain FROM domain WHERE active = 1
    user: SELECT login FROM mailbox WHERE address = :address
    reveal_logins: true
    cache: {ttl: 10m, stale: 0s}
  - ldap: ldap://ldap.example.org
    bind_dn: cn=autoconfig,dc=example,dc=org
    password_file: PASSWORDFILE
    base: dc=example,dc=org
    provider: hosting
    domain: (associatedDomain=:domain)
    timeout: 500ms
    connections: 2
`

func parseSources(t *testing.T) (*Config, string) {
	t.Helper()
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("pa$s ${word}\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, found := parse(filepath.Join(dir, "autoconfig.yaml"),
		[]byte(strings.Replace(sourcesText, "PASSWORDFILE", "password", 1)))
	if len(found) > 0 {
		t.Fatal(lines(found))
	}
	if _, found := c.Data(); len(found) > 0 { // a provider that only a source points to is no mistake
		t.Fatal(lines(found))
	}
	return c, password
}

func TestSources(t *testing.T) {
	c, password := parseSources(t)
	db, ldap := &c.Sources[0], &c.Sources[1]
	if o := db.Backend(); o.Name != "sql" || !o.Logins || o.Cache.TTL != 10*time.Minute || o.Cache.Stale != 0 ||
		o.Cache.NegativeTTL != time.Minute ||
		o.Cache.Entries != 500_000 || o.Cache.InFlight != 8 || o.Cache.Timeout != 2*time.Second {
		t.Errorf("%+v", o)
	}
	if o := ldap.Backend(); o.Name != "ldap-2" || o.Provider != "hosting" || o.Logins || o.Cache.InFlight != 2 ||
		o.Cache.Timeout != 500*time.Millisecond || !ldap.EncryptsLater() {
		t.Errorf("%+v", o)
	}
	if got, err := db.Secret(c.Reader, func(name string) (string, bool) { return name + "$1}", true }); err != nil ||
		got != "autoconfig:DB_PASSWORD$1}@tcp(db.example.org:3306)/mail" {
		t.Errorf("%q %v", got, err)
	}
	if got, err := db.Secret(c.Reader, func(string) (string, bool) { return "", false }); err == nil ||
		err.Error() != "the environment variable DB_PASSWORD is not set" {
		t.Errorf("%q %v", got, err)
	}
	if got, err := db.Secret(c.Reader, func(string) (string, bool) { return "", true }); err != nil ||
		got != "autoconfig:@tcp(db.example.org:3306)/mail" {
		t.Errorf("an empty variable: %q %v", got, err)
	}
	if got, err := ldap.Secret(c.Reader, nil); err != nil || got != "pa$s ${word}" {
		t.Errorf("%q %v", got, err)
	}
	if files := c.Files(); files[len(files)-1] != password {
		t.Errorf("%v: a new password would not be noticed", files)
	}
	if name := c.model[0].Name; name != "hoster.example" {
		t.Errorf("the provider's name: %q", name)
	}
}

// What is shown has no secret in it, and loads again as the same.
func TestSourcesShow(t *testing.T) {
	c, _ := parseSources(t)
	shown, err := c.Show()
	if err != nil {
		t.Fatal(err)
	}
	if text := string(shown); strings.Contains(text, "DB_PASSWORD") || strings.Contains(text, "pa$s") ||
		!strings.Contains(text, "dsn: \"********\"") {
		t.Errorf("%s", text)
	}
	again, found := parse(c.Path, shown)
	if len(found) > 0 {
		t.Fatal(lines(found))
	}
	second, err := again.Show()
	if err != nil || string(second) != string(shown) {
		t.Errorf("%v\n%s\n%s", err, shown, second)
	}
}

// Every recipe is a configuration that loads.
func TestRecipes(t *testing.T) {
	pages, err := filepath.Glob("../docs/recipes/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	for _, page := range append(pages, "../docs/sources.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "```yaml\n")
		block, _, found := strings.Cut(rest, "```")
		if !found {
			t.Errorf("%s has no configuration", page)
		}
		dir := t.TempDir()
		for _, name := range []string{"dsn", "ldap-password", "ca.pem"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, form := range []string{block, strings.NewReplacer("# reveal_logins", "reveal_logins", "# user", "user",
			"# login_attribute", "login_attribute", "#   SELECT", "  SELECT", "#   WHERE", "  WHERE").Replace(block)} {
			if _, found := parse(page, []byte(strings.ReplaceAll(form, "/etc/autoconfig", dir))); len(found) > 0 {
				t.Errorf("%s:\n%s\n%s", page, lines(found), form)
			}
		}
	}
}
