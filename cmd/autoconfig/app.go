package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/service"
)

// app is one run of the program: its streams and the global flags.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            config.Env
	now            func() time.Time // nil: the machine's clock

	configPath string
	json       bool
	noColor    bool
	logLevel   string
	excerpts   bool // show the lines that findings are about

	answers *bufio.Reader // of a person, when one has been asked

	serving atomic.Bool // the command ends by itself after a signal

	// What load has read.
	cfg     *config.Config
	data    *config.Data
	sources *service.Sources // open; nil: the configuration has none
}

const (
	exitOK      = 0
	exitProblem = 1 // it found a problem, or could not do the work
	exitUsage   = 2 // wrong usage or configuration, or a thing you may not do
)

// usageError ends the program with status 2.
type usageError struct {
	err  error
	line bool // the usage line of the command follows
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{err: fmt.Errorf(format, args...)} }

// misusef is a mistake in the form of a command line.
func misusef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...), true} }

// errSilent ends the program with status 1; everything has been said already.
var errSilent = errors.New("problems found")

func silent(problems bool) error {
	if problems {
		return errSilent
	}
	return nil
}

var errSilentUsage = usageError{err: errSilent}

func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	help := &keeper{Writer: a.stdout}
	root.SetOut(help)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = help.err
	}
	if err == nil {
		return exitOK
	}
	if !errors.Is(err, errSilent) {
		fmt.Fprintf(a.stderr, "autoconfig: %s\n", files.Words(err))
	}
	usage, wrong := errors.AsType[usageError](err)
	if usage.line {
		fmt.Fprintf(a.stderr, "usage: %s; %s --help says more\n", cmd.UseLine(), cmd.CommandPath())
	}
	if wrong {
		return exitUsage
	}
	return exitProblem
}

// keeper keeps the first error of a writer whose callers do not look at it.
type keeper struct {
	io.Writer
	err error
}

func (k *keeper) Write(p []byte) (int, error) {
	n, err := k.Writer.Write(p)
	if k.err == nil {
		k.err = err
	}
	return n, err
}

func (a *app) root() *cobra.Command {
	serve := a.serveCommand()
	root := newCommand("autoconfig", "", nil)
	root.SilenceErrors, root.SilenceUsage, root.RunE = true, true, serve.RunE
	root.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(root, args[0])
		}
		return nil
	}
	root.Flags().AddFlagSet(serve.Flags())
	flags := root.PersistentFlags()
	flags.StringVar(&a.configPath, "config", "",
		"configuration `file` (default ./autoconfig.yaml, then /etc/autoconfig/autoconfig.yaml)")
	flags.BoolVar(&a.json, "json", false, "print JSON instead of a table")
	a.logLevel = "info"
	flags.Var(wordFlag(&a.logLevel, logLevels), "log-level", provider.OrList(logLevels))
	flags.BoolVar(&a.noColor, "no-color", false, "no colours (also NO_COLOR)")
	root.AddCommand(a.initCommand(), serve, a.renderCommand(), a.exportCommand(), a.sourcesCommand(), a.discoverCommand(),
		a.lintCommand(), a.importCommand(), a.doctorCommand(), a.explainCommand(), a.providersCommand(), a.configCommand(),
		a.profileCommand(), a.dnsCommand(), a.thunderbirdAddonCommand(), a.versionCommand(), a.manCommand())
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() { // cobra's own would print help, whatever was asked, and end with 0
		switch c.Name() {
		case "completion":
			c.Args, c.RunE = cobra.ArbitraryArgs, needsCommand(c, c.Commands()...)
		case "help":
			c.Use, c.RunE = "help [COMMAND]…", helpFor
		}
	}
	root.Version = buildVersion().Version
	root.SetVersionTemplate(buildVersion().text())
	a.finish(root)
	_ = root.MarkPersistentFlagFilename("config", "yaml", "yml") // fails for a flag that does not exist
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages |",
		fmt.Sprintf(".FlagUsagesWrapped %d |", usualWidth)))
	root.PersistentPreRunE = a.checkJSON
	return root
}

func helpFor(help *cobra.Command, args []string) error {
	cmd, rest, err := help.Root().Find(args)
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return unknownCommand(cmd, rest[0])
	}
	return cmd.Help()
}

func unknownCommand(parent *cobra.Command, name string) error {
	hint := fmt.Sprintf("run %s --help for the commands", parent.CommandPath())
	parent.SuggestionsMinimumDistance = 2 // edits; cobra's own default is none
	if near := parent.SuggestionsFor(name); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q?", parent.CommandPath()+" "+near[0])
	}
	return usagef("unknown command %q; %s", parent.CommandPath()+" "+name, hint)
}

// group makes a command that only holds others.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short}
	g.RunE = needsCommand(g, sub...)
	g.AddCommand(sub...)
	return g
}

func needsCommand(g *cobra.Command, sub ...*cobra.Command) func(*cobra.Command, []string) error {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(g, args[0])
		}
		var names []string
		for _, c := range sub {
			names = append(names, c.Name())
		}
		return misusef("%s needs a command: %s", g.CommandPath(), strings.Join(names, ", "))
	}
}

var logLevels = []string{"debug", "info", "warn", "error"}

// level is that of --log-level, which was checked when it was read.
func (a *app) level() (level slog.Level) {
	_ = level.UnmarshalText([]byte(a.logLevel))
	return level
}

// findConfig is the configuration file to use, "" for the built-ins alone.
func (a *app) findConfig() string {
	if a.configPath != "" {
		return a.configPath
	}
	for _, path := range []string{"autoconfig.yaml", "/etc/autoconfig/autoconfig.yaml"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// load reads the configuration and its data, and opens the sources. What is wrong goes to stderr; failures end the
// program with status 2.
func (a *app) load() error {
	found := a.read()
	a.printFindings(found)
	if config.Failed(found) {
		return errSilentUsage
	}
	return nil
}

// read is load without a word.
func (a *app) read() (found []finding.Finding) {
	if a.cfg, found = a.configuration(); config.Failed(found) {
		return found
	}
	var more []finding.Finding
	a.data, more = a.cfg.Data()
	if found = append(found, more...); a.cfg.HasSources() && !config.Failed(found) {
		log := slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: a.level()}))
		a.sources = service.NewSources(log, a.env)
		found = append(found, a.sources.Open(a.cfg, a.data)...)
	}
	return found
}

// configuration reads the file of --config, else the environment's variables, else a file at a usual place.
func (a *app) configuration() (*config.Config, []finding.Finding) {
	reader, path := new(files.Reader), a.findConfig()
	if a.configPath == "" {
		if cfg, found, ok := config.LoadEnv(reader, a.env, a.today()); ok {
			if path != "" && !config.Failed(found) {
				found = append(found, finding.New("config-variable-shadows", path))
			}
			return cfg, found
		}
	}
	return config.LoadWith(reader, path, a.today())
}

func (a *app) today() time.Time {
	if a.now == nil {
		return time.Now()
	}
	return a.now()
}

// printFindings writes findings to stderr, one a line; under a syntax error, and under all of config check, is the line
// that it is about.
func (a *app) printFindings(found []finding.Finding) {
	for _, f := range found {
		level := "error"
		if f.Level != finding.Fail {
			level = "warning"
		}
		fmt.Fprintf(a.stderr, "%s: %s [%s]\n", level, provider.Printable(f.String(), 0), f.ID)
		if f.ID == "config-syntax" || a.excerpts {
			a.printExcerpt(f.Subject)
		}
	}
}

func (a *app) printExcerpt(subject string) {
	text, path := "", config.ParsePos(subject).File
	if path == config.VarConfig {
		text = a.env.Get(path)
	} else if path != "" && path == a.findConfig() {
		read, err := new(files.Reader).Read(path, files.Text)
		if err != nil {
			return
		}
		text = string(read)
	}
	if excerpt := config.Excerpt(text, subject); text != "" && excerpt != "" { // of a domains file the row has been quoted
		fmt.Fprintln(a.stderr, excerpt)
	}
}
