package service

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autoconfig/config"
)

func othersDocument(domain, socket string) string {
	block := func(tag, kind, port string) string {
		return "<" + tag + ` type="` + kind + `"><hostname>mail.` + domain + "</hostname><port>" + port +
			"</port><socketType>" + socket +
			"</socketType><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></" + tag + ">"
	}
	return `<clientConfig version="1.1"><emailProvider id="` + domain + `"><domain>` + domain +
		"</domain><domain>first.test</domain><domain>live.co.uk</domain>" +
		block("incomingServer", "imap", "993") + block("outgoingServer", "smtp", "465") + "</emailProvider></clientConfig>"
}

// A folder of other people's providers comes and goes with reloads: own domains
// and the built-in ones win, a file that goes bad keeps what it held while other
// faults come and go, and it is said.
func TestISPDBReload(t *testing.T) {
	r, _, _ := watched(t, goodList, rootZone)
	own := r.read("autoconfig.yaml")
	served := func(domain, host string, want bool) {
		t.Helper()
		status, body := r.get("/v1.1/" + domain)
		if got := status == 200 && strings.Contains(body, host); got != want {
			t.Errorf("%s with %s: %v, status %d", domain, host, got, status)
		}
	}
	if err := os.Mkdir(filepath.Join(r.dir, "others"), 0o700); err != nil {
		t.Fatal(err)
	}
	r.write("others/gmx.test.xml", othersDocument("gmx.test", "SSL"))
	r.write("others/plain.test.xml", othersDocument("plain.test", "plain"))
	r.write("others/bad.xml", "<html>")
	served("gmx.test", "mail.gmx.test", false)
	r.write("autoconfig.yaml", own+"  - {name: others, ispdb: others}\n")
	r.reload("the test")
	served("gmx.test", "mail.gmx.test", true)
	served("mx00.gmx.test", "mail.gmx.test", true) // what a client's MX step asks
	served("plain.test", "", false)
	served("live.co.uk", "outlook.office365.com", true)
	served("first.test", "mail.hoster.test", true)
	if ready := r.ready(); !strings.Contains(ready, "degraded") || !strings.Contains(ready, "bad.xml") {
		t.Error(ready)
	}
	if status, _ := ask(r.srv.Admin(), "/ask?domain=autoconfig.gmx.test"); status != 404 {
		t.Errorf("a certificate for another's domain: %d", status)
	}
	files := r.served.Load().cfg.Files()
	if !slices.Contains(files, filepath.Join(r.dir, "others/gmx.test.xml")) ||
		!slices.Contains(files, filepath.Join(r.dir, "others")) {
		t.Errorf("not looked at for a change: %v", files)
	}

	table(t, filepath.Join(r.dir, "first.db"), "ALTER TABLE d RENAME TO gone")
	if status, _ := r.get("/v1.1/gmx.test"); status != 503 {
		t.Errorf("while a database is down, which may have the domain: %d", status)
	}
	r.write("others/gmx.test.xml", "<clientConfig") // and a second fault
	r.reload("the test")
	table(t, filepath.Join(r.dir, "first.db"), "ALTER TABLE gone RENAME TO d")
	for _, s := range r.sources.all() {
		_ = s.Check(t.Context())
	}
	served("gmx.test", "mail.gmx.test", true)
	if err := os.Rename(filepath.Join(r.dir, "others"), filepath.Join(r.dir, "away")); err != nil {
		t.Fatal(err)
	}
	r.reload("the test")
	served("gmx.test", "mail.gmx.test", true)
	r.write("autoconfig.yaml", strings.Replace(own, "[imaps://", "[nonsense://", 1)+"  - {name: others, ispdb: others}\n")
	r.reload("the test")
	served("gmx.test", "mail.gmx.test", true)
	if err := os.Rename(filepath.Join(r.dir, "away"), filepath.Join(r.dir, "others")); err != nil {
		t.Fatal(err)
	}
	r.write("others/gmx.test.xml", othersDocument("new.test", "SSL"))
	r.write("others/bad.xml", othersDocument("bad.test", "SSL"))
	r.write("autoconfig.yaml", own+"  - {name: others, ispdb: others}\n")
	r.reload("the test")
	served("new.test", "mail.new.test", true)
	served("gmx.test", "", false)
	if ready := r.ready(); !strings.Contains(ready, `"ok"`) {
		t.Error(ready)
	}
	shown, err := r.served.Load().cfg.Show()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.dir, "shown.yaml")
	if err := os.WriteFile(path, shown, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, found := config.Load(path); config.Failed(found) || !strings.Contains(string(shown), "ispdb: ") {
		t.Errorf("config show: %v\n%s", found, shown)
	}
	r.write("autoconfig.yaml", own)
	r.reload("the test")
	served("new.test", "", false)
}
