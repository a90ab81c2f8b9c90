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

// manPage is a page about a command, or about the configuration file.
type manPage struct {
	Name       string
	Date       string // month and year, "" for none
	Command    *cobra.Command
	Paragraphs []string
	Options    []manOptions
	See        []string
}

type manOptions struct {
	Title string
	Lines []string
}

func (a *app) manCommand() *cobra.Command {
	cmd := newCommand("man", "DIR", nil)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.writeMan(cmd.Root(), args[0]) }
	return cmd
}

func (a *app) writeMan(root *cobra.Command, dir string) error {
	pages, err := template.New("").Funcs(template.FuncMap{
		"roff": roff, "upper": strings.ToUpper, "sentence": finding.Sentence,
		"indented":  func(paragraph string) bool { return strings.HasPrefix(paragraph, " ") },
		"variables": config.Variables, "keys": config.Keys, "token": func() string { return tokenVariable },
	}).ParseFS(helpTexts, "help/man.tmpl")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	write := func(file, kind string, page manPage) error {
		var text strings.Builder
		page.Date = a.manDate()
		if err := pages.ExecuteTemplate(&text, kind, page); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, file), []byte(text.String()), 0o644)
	}
	if err := write("autoconfig.yaml.5", "configuration", manPage{}); err != nil {
		return err
	}
	for queue := []*cobra.Command{root}; len(queue) > 0; queue = queue[1:] {
		cmd := queue[0]
		if err := write(manName(cmd)+".1", "command", manPageOf(cmd)); err != nil {
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

func manPageOf(cmd *cobra.Command) manPage {
	cmd.InitDefaultHelpFlag()
	p := manPage{Name: manName(cmd), Command: cmd}
	if cmd.Long != "" {
		p.Paragraphs = strings.Split(strings.TrimSpace(cmd.Long), "\n\n")
	}
	p.Options = []manOptions{
		{"OPTIONS", manFlags(cmd.NonInheritedFlags())}, {"GLOBAL OPTIONS", manFlags(cmd.InheritedFlags())}}
	if cmd.HasParent() {
		p.See = append(p.See, manName(cmd.Parent()))
	}
	for _, sub := range visible(cmd) {
		p.See = append(p.See, manName(sub))
	}
	return p
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
