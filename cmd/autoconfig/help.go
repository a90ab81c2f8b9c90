package main

import (
	"context"
	"embed"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpTexts has a file for each command: a line that says what it does, what there is to know about it, and examples.
//
//go:embed help
var helpTexts embed.FS

// newCommand makes the command of a path such as "dns check"; args are what its usage line has after that.
func newCommand(path, args string, run func(ctx context.Context, args []string) error) *cobra.Command {
	text, err := helpTexts.ReadFile("help/" + strings.ReplaceAll(path, " ", "-") + ".txt")
	if err != nil {
		panic(err) // every command has its file
	}
	short, rest, _ := strings.Cut(string(text), "\n")
	long, example, _ := strings.Cut(rest, "\nExamples:\n")
	return &cobra.Command{
		Use:   strings.TrimSpace(path[strings.LastIndex(path, " ")+1:] + " " + args),
		Short: short, Long: strings.TrimSpace(long), Example: strings.TrimSuffix(example, "\n"),
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), args) },
	}
}

// finish gives every command what all share: the check and the completion of its arguments by the words of its usage
// line.
func (a *app) finish(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		a.finish(c)
	}
	cmd.Long = folded(cmd.Long)
	if !cmd.HasSubCommands() && !cmd.DisableFlagParsing {
		cmd.Args = checkArgs
	}
	if !cmd.HasSubCommands() && cmd.Name() != "help" {
		cmd.ValidArgsFunction = a.completions(cmd)
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { completeFlag(cmd, f) })
}

// completeFlag offers a shell the words of a flag, and files only where its usage names a file or a command.
func completeFlag(cmd *cobra.Command, f *pflag.Flag) {
	complete := cobra.NoFileCompletions
	if v, ok := f.Value.(*flagValue); ok && v.words != nil {
		complete = cobra.FixedCompletions(v.words, cobra.ShellCompDirectiveNoFileComp)
	} else if word, _ := pflag.UnquoteUsage(f); word == "file" || word == "command" {
		return
	}
	_ = cmd.RegisterFlagCompletionFunc(f.Name, complete) // fails for serve's, which are those of the root too
}

// folded is text whose paragraphs are as wide as a usual terminal. Those with indented lines are tables.
func folded(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		if !strings.Contains(p, "\n ") && !strings.HasPrefix(p, " ") {
			paragraphs[i] = strings.Join(wrap(strings.Fields(p), usualWidth), "\n")
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// checkArgs compares the arguments with the usage line, as in "check [FILE]" and "plan DOMAIN…". A line with a flag as
// another way is left to the command.
func checkArgs(cmd *cobra.Command, args []string) error {
	words := strings.Fields(cmd.Use)[1:]
	most := len(words)
	for i, word := range words {
		switch {
		case strings.Contains(word, "|--"):
			return nil
		case strings.HasSuffix(word, "…"):
			most = max(len(args), i+1)
		}
		if i >= len(args) && !strings.HasPrefix(word, "[") {
			return misusef("no %s given", strings.TrimSuffix(word, "…"))
		}
	}
	if len(args) > most {
		return misusef("%q is one argument too many", args[most])
	}
	return nil
}

// withoutJSON are the commands that print no table.
const withoutJSON = " init serve render show schema man thunderbird-addon bash fish powershell zsh "

// checkJSON refuses --json where it would do nothing.
func (a *app) checkJSON(cmd *cobra.Command, _ []string) error {
	if name := cmd.Name(); a.json && (strings.Contains(withoutJSON, " "+name+" ") || !cmd.HasParent() ||
		cmd.CommandPath() == "autoconfig sources check") {
		hint := "leave --json out"
		if name == "render" {
			hint = "write autoconfig render json ADDRESS for the settings as JSON"
		}
		return usagef("%s has no JSON form; %s", cmd.CommandPath(), hint)
	}
	return nil
}
