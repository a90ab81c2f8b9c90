package main

import (
	"cmp"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"autoconfig/provider"
)

// The program itself runs in the scripts, as the command autoconfig.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"autoconfig": func() { os.Exit(run(scriptDay)) }})
}

// scriptDay is the day of a script, TODAY=2027-01-02, so that what is said about
// providers does not depend on when the scripts run.
func scriptDay() time.Time {
	day, err := time.Parse(time.DateOnly, cmp.Or(os.Getenv("TODAY"), provider.Reviewed))
	if err != nil {
		panic(err)
	}
	return day
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
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "serve": serveInScript, "fetch": fetch,
			"dns": serveDNS, "tsigdns": serveDynamicDNS, "zoneapi": serveZoneAPI, "hup": hup, "sqlite": sqliteScript,
			"waitlog": waitLog, "subst": subst},
	})
}
