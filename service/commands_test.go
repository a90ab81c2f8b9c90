package service

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"autoconfig/config"
	"autoconfig/provider"
)

const commandConfig = `
service_host: autoconfig.hoster.test
admin: 127.0.0.1:0
providers:
  - id: hosted
    domains_command: {command: [./list], refresh: 1h, timeout: 2s}
    incoming: [imaps://mail.hoster.test]
    outgoing: [submissions://mail.hoster.test]
  - domains: [own.test]
    incoming: [imaps://mail.own.test]
    outgoing: [submissions://mail.own.test]
`

func (r *rig) script(text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, "list.new")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(path, filepath.Join(r.dir, "list")); err != nil {
		r.t.Fatal(err)
	}
}

// What a command lists is the operator's own as if it were in a file; nobody gets
// 404 before it has listed anything; it keeps what it said while it fails and
// other faults come and go; and a bad line costs itself.
func TestCommandReload(t *testing.T) {
	t.Parallel()
	r := newRig(t, commandConfig) // ./list is not there
	served := func(domain string, want int) {
		t.Helper()
		if status, _ := r.get("/v1.1/" + domain); status != want {
			t.Errorf("%s: %d, want %d", domain, status, want)
		}
	}
	degraded := func(want string) {
		t.Helper()
		if ready := r.ready(); !strings.Contains(ready, want) || strings.Contains(ready, "secret") {
			t.Errorf("no %q in %s", want, ready)
		}
	}
	reread := func() { r.sources.commands.Expire(); r.reload("the test") }
	served("own.test", 200)
	served("live.co.uk", 200)
	served("listed.test", 503)
	degraded("it has listed none yet")

	r.script("echo listed.test; echo secret@second.test; echo own.test; echo live.co.uk; echo 'not a domain'; echo _bad_")
	reread()
	for domain, status := range map[string]int{"listed.test": 200, "second.test": 200, "unknown.test": 404,
		"own.test": 200} {
		served(domain, status)
	}
	if _, body := r.get("/v1.1/own.test"); !strings.Contains(body, "mail.own.test") {
		t.Error("a listed domain took the place of one in the configuration")
	}
	degraded("lines of the command that cannot be used: 4")
	if _, err := r.served.Load().data.Own().Lookup(t.Context(), provider.Address{Domain: "listed.test"}); err != nil {
		t.Errorf("not one of the operator's own: %v", err)
	}
	if log := r.log.take(); !strings.Contains(log, "id=config-builtin-row") || strings.Contains(log, "secret") {
		t.Error(log)
	}

	r.script("echo secret@second.test is gone >&2; exit 1")
	reread()
	served("listed.test", 200)
	degraded("the command that lists domains failed: exit status 1")
	r.write("autoconfig.yaml", "providers: [")
	reread()
	served("listed.test", 200)
	r.write("autoconfig.yaml", strings.ReplaceAll(commandConfig, "own.test", "new.test"))
	reread()
	served("listed.test", 200)
	served("new.test", 200)

	ctx, stop := context.WithCancel(t.Context())
	r.reloads(ctx, nil)
	go r.sources.watch(ctx)
	r.script("echo other.test")
	r.sources.commands.Expire()
	for range 500 { // the next look at its age, and the reload
		if status, _ := r.get("/v1.1/other.test"); status == 200 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	served("other.test", 200)
	served("listed.test", 404)
	degraded(`"ok"`)
	var list []string
	for domain, err := range r.served.Load().data.Own().Domains(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, domain)
	}
	if strings.Join(list, " ") != "new.test other.test" {
		t.Errorf("dns --all, the watch and export would see %v", list)
	}
	if _, found := config.Load(filepath.Join(r.dir, "autoconfig.yaml")); config.Failed(found) {
		t.Error(found)
	}
}
