package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"autoconfig/config"
	"autoconfig/finding"
)

func (a *app) manCommand() *cobra.Command {
	cmd := newCommand("man", "DIR", nil)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.writeMan(cmd.Root(), args[0]) }
	return cmd
}

func (a *app) writeMan(root *cobra.Command, dir string) error {
	pages, err := template.New("").Funcs(template.FuncMap{
		"roff": roff, "upper": strings.ToUpper, "sentence": finding.Sentence, "date": a.manDate,
		"name": manName, "flags": manFlags, "visible": visible,
		"paragraphs": func(text string) []string { return strings.Split(strings.TrimSpace(text), "\n\n") },
		"indented":   func(paragraph string) bool { return strings.HasPrefix(paragraph, " ") },
		"variables":  config.Variables, "keys": config.Keys, "token": func() string { return tokenVariable },
	}).ParseFS(helpTexts, "help/man.tmpl")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	write := func(file, kind string, cmd *cobra.Command) error {
		var text strings.Builder
		if err := pages.ExecuteTemplate(&text, kind, cmd); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, file), []byte(text.String()), 0o644)
	}
	if err := write("autoconfig.yaml.5", "configuration", nil); err != nil {
		return err
	}
	for queue := []*cobra.Command{root}; len(queue) > 0; queue = queue[1:] {
		cmd := queue[0]
		cmd.InitDefaultHelpFlag()
		if err := write(manName(cmd)+".1", "command", cmd); err != nil {
			return err
		}
		queue = append(queue, visible(cmd)...)
	}
	return nil
}

// manDate is the month of SOURCE_DATE_EPOCH, in seconds: the same sources give the same pages. Without it a page has no
// date.
func (a *app) manDate() string {
	seconds, err := strconv.ParseInt(a.env.Get("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return ""
	}
	return time.Unix(seconds, 0).UTC().Format("Jan 2006")
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

func visible(cmd *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool {
		return !c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand()
	})
}

// manFlags are the flags, each with what it means on the next line.
func manFlags(flags *pflag.FlagSet) (lines []string) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		line := `\fB\-\-` + roff(f.Name) + `\fR`
		if f.Shorthand != "" {
			line = `\fB\-` + f.Shorthand + `\fR, ` + line
		}
		if value != "" {
			line += ` \fI` + roff(value) + `\fR`
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && !strings.Contains(usage, "default") {
			usage += " (default " + f.DefValue + ")"
		}
		lines = append(lines, line+"\n"+roff(usage))
	})
	return lines
}

// roff escapes text for man(7): backslashes, hyphens that are typed, and the characters that would make a line a
// request.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n.", "\n\\&.", "\n'", "\n\\&'").Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
