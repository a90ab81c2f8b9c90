package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The program itself runs in the scripts, as the command autoconfig.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"autoconfig": func() { os.Exit(run()) }})
}

// TestScript runs testdata/script/*.txtar: commands, the files they read, what
// they must print and their exit status (exits N autoconfig …).
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Values[testingT{}] = t
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "serve": serveInScript, "fetch": fetch, "dns": serveDNS, "tsigdns": serveDynamicDNS, "hup": hup, "sqlite": sqliteScript, "waitlog": waitLog, "subst": subst},
	})
}
