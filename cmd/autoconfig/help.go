package main

import (
	"context"
	"embed"
	"strings"

	"github.com/spf13/cobra"
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
