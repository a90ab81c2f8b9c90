package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version and revision are set by the release build (-ldflags -X main.version=…).
var version, revision string

type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Time     string `json:"time,omitempty"`
	Go       string `json:"go"`
}

func buildVersion() versionInfo {
	v := versionInfo{Version: version, Revision: revision}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Go = info.GoVersion
	v.Version = cmp.Or(v.Version, info.Main.Version, "(devel)")
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		case "vcs.time":
			v.Time = s.Value
		}
	}
	return v
}

func (a *app) versionCommand() *cobra.Command {
	return newCommand("version", "", func(context.Context, []string) error {
		v := buildVersion()
		if a.json {
			return a.printJSON(v)
		}
		_, err := fmt.Fprint(a.stdout, v.text())
		return err
	})
}

func (v versionInfo) text() string {
	from := v.Revision
	if from == "" {
		from = "unknown (built without version control)"
	} else if v.Modified {
		from += " with changes"
	}
	return fmt.Sprintf("autoconfig %s\nrevision %s\n%s\n", v.Version, from, v.Go)
}
