package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// finish gives every command what all share: the check and the completion of its
// arguments by the words of its usage line.
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
}

// folded is text whose paragraphs are as wide as a usual terminal. Those with
// indented lines are tables.
func folded(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		if !strings.Contains(p, "\n ") && !strings.HasPrefix(p, " ") {
			paragraphs[i] = strings.Join(wrap(strings.Fields(p), usualWidth), "\n")
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// checkArgs compares the arguments with the usage line, as in "check [FILE]" and
// "plan DOMAIN…". A line with a flag as another way is left to the command.
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
			return usagef("no %s given", strings.TrimSuffix(word, "…"))
		}
	}
	if len(args) > most {
		return usagef("%q is one argument too many", args[most])
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
		return ranError{usagef("%s has no JSON form; %s", cmd.CommandPath(), hint)}
	}
	return nil
}
