package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"autoconfig/finding"
	"autoconfig/provider"
)

func loadText(t *testing.T, dir, text string) (*Config, *Data, []finding.Finding) {
	t.Helper()
	path := filepath.Join(dir, "autoconfig.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, found := Load(path)
	if Failed(found) {
		t.Fatal(found)
	}
	data, more := c.Data()
	return c, data, append(found, more...)
}

const listsConfig = `
providers:
  - id: dms
    domains: [extra.example]
    domains_file: FILES
    incoming: [imaps://mail.example.org]
    outgoing: [submissions://mail.example.org]
`

// The domains of accounts and of a virtual alias map are served, and no local
// part of them is anywhere.
func TestAddresses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"postfix-accounts.cf": "\ufeffjo.secret@one.example|{SHA512-CRYPT}$6$x@y.example\n" +
			"#hidden@commented.example|{PLAIN}x\n\nkim.secret@ONE.example|{PLAIN}a b|userdb_mail=maildir:/x@z.example\r\n" +
			"\"odd secret\"@quoted.example|{PLAIN}x\nlena.secret@extra.example|x\njo.secret@bücher.example|x\n",
		"postfix-virtual.cf": "alias.secret@two.example jo.secret@one.example, other@far.example\n  more@goeson.example\n\tand@goeson.example\n" +
			"@catchall.example jo.secret@one.example\nbare.example anything\nroot jo.secret@one.example\n/^.*@pattern.example/ x\n" +
			"long.secret@long.example " + strings.Repeat("target@far.example,", 10_000) + "\nlast.secret@last.example x",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, data, found := loadText(t, dir, strings.Replace(listsConfig, "FILES",
		"[{path: postfix-accounts.cf, format: addresses}, {path: postfix-virtual.cf, format: addresses}]", 1))
	var got []string
	for domain, err := range data.Listed.Domains(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, domain)
	}
	slices.Sort(got)
	want := []string{"bare.example", "catchall.example", "extra.example", "last.example", "long.example", "one.example",
		"quoted.example", "two.example", "xn--bcher-kva.example"}
	if !slices.Equal(got, want) || len(found) != 0 {
		t.Errorf("%v\n%v\n%v", got, want, found)
	}
	if files := c.Files(); !slices.Contains(files, filepath.Join(dir, "postfix-accounts.cf")) ||
		!slices.Contains(files, filepath.Join(dir, "postfix-virtual.cf")) {
		t.Errorf("not looked at for a change: %v", files)
	}
	shown, err := c.Show()
	if err != nil {
		t.Fatal(err)
	}
	if _, again, found := loadText(t, dir, string(shown)); again.Listed.Len() != len(want) || Failed(found) {
		t.Errorf("config show: %d, %v\n%s", again.Listed.Len(), found, shown)
	}
}

// A line that is not right costs nothing but itself, and is named without its
// local part; a file that is not there is an error.
func TestAddressesBad(t *testing.T) {
	dir := t.TempDir()
	bad := strings.Repeat("jo.secret@not_a_domain|x\n", 3*manyFaults) +
		"jo.secret@@|x\njo.secret@good.example|x\n@[192.0.2.1] x\n"
	if err := os.WriteFile(filepath.Join(dir, "accounts.cf"), []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	one := strings.Replace(listsConfig, "FILES", "{path: accounts.cf, format: addresses}", 1)
	_, data, found := loadText(t, dir, one)
	if data.Listed.Len() != 2 || Failed(found) || len(found) == 0 {
		t.Errorf("%d domains, %v", data.Listed.Len(), found)
	}
	for _, f := range found {
		if strings.Contains(f.String(), "secret") {
			t.Errorf("a local part in %s", f)
		}
	}
	if err := os.Remove(filepath.Join(dir, "accounts.cf")); err != nil {
		t.Fatal(err)
	}
	if _, _, found := loadText(t, dir, one); !Failed(found) || !strings.Contains(found[0].Key, "domains_file") {
		t.Errorf("%v", found)
	}
	if _, data,
		_ := loadText(t, dir, strings.Replace(listsConfig, "FILES", "{path: /dev/null/x}", 1)); data.Listed.Len() != 1 {
		t.Error("not in lines by default")
	}
}

func TestDomainsCommand(t *testing.T) {
	dir := t.TempDir()
	c, _, found := loadText(t, dir, `providers:
  - {id: a, domains_command: [bin/list, --all], incoming: [imaps://mail.example.org], outgoing: [submissions://mail.example.org]}
  - {id: b, domains_command: {command: [list], field: 2, refresh: 1h, timeout: 3s}, incoming: [imaps://mail.example.org], outgoing: [submissions://mail.example.org]}
`)
	if len(found) != 0 || !c.HasSources() {
		t.Fatal(found)
	}
	a, b := c.Model()[0].DomainsCommand.Run("/bin"), c.Model()[1].DomainsCommand.Run("/bin")
	if a.Args[0] != filepath.Join(dir, "bin/list") || a.Field != 1 || a.Refresh != 5*time.Minute ||
		a.Timeout != 10*time.Second ||
		b.Args[0] != "list" || b.Field != 2 || b.Refresh != time.Hour || b.Timeout != 3*time.Second {
		t.Errorf("%+v\n%+v", a, b)
	}
	shown, err := c.Show()
	if err != nil {
		t.Fatal(err)
	}
	if again, _, found := loadText(t, dir, string(shown)); len(found) != 0 || again.Model()[1].DomainsCommand.Field != 2 {
		t.Errorf("%v\n%s", found, shown)
	}
}

// An entry of one's own for outlook.com, which is the id of a built-in provider
// too, replaces the settings of that domain and leaves the others served.
func TestOwnEntryNamedLikeABuiltin(t *testing.T) {
	c, data, _ := loadText(t, t.TempDir(),
		"providers: [{domains: [outlook.com], incoming: [imaps://mail.example.org], outgoing: [submissions://mail.example.org]}]\n")
	for domain, host := range map[string]string{"outlook.com": "mail.example.org", "live.co.uk": "outlook.office365.com"} {
		p, err := data.All().Lookup(t.Context(), provider.Address{Domain: domain})
		if err != nil || p.Incoming[0].Host != host {
			t.Errorf("%s: %v, %+v", domain, err, p)
		}
	}
	if id := c.Model()[0].ID; id != "own-outlook.com" {
		t.Errorf("id %q", id)
	}
}

// A domains file that is no list of domains is one fault with a place, not twenty, and an empty one is a warning.
func TestBrokenDomainsFile(t *testing.T) {
	for text, want := range map[string]string{
		"one.example\n" + strings.Repeat("x", 70_000): "customers.txt:2:1: the line is longer than 65536 bytes; write one domain a line",
		"\xff\xfeo\x00n\x00e\x00\n\x00t\x00":          "customers.txt:1:1: a NUL byte: the file is not text in UTF-8; save it as UTF-8",
		"one.example,two.example\n":                   "write one domain a line",
		"\n# nobody yet\n":                            "customers.txt: there is nothing in it",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "customers.txt"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, found := loadText(t, dir, strings.Replace(listsConfig, "FILES", "customers.txt", 1))
		if len(found) != 1 || !strings.Contains(found[0].String(), want) || strings.Contains(found[0].String(), "brackets") {
			t.Errorf("%.20q: %v", text, found)
		}
	}
}
