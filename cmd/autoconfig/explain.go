package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"autoconfig/finding"
	"autoconfig/provider"
)

// mostPasted bounds what explain reads from standard input, in bytes.
const mostPasted = 64 << 10

var errUnexplained = errors.New("nothing known is in this text; paste the server's whole reply with its numbers (for example 535 5.7.139 …), " +
	"or run autoconfig doctor ADDRESS to ask the servers themselves")

func (a *app) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [TEXT]",
		Short: "Say what an error message of a mail server or program means and what to do; asks no network",
		Long: `Explain reads an error message, from its arguments or from standard input, and
says what it means, why it happens and what to do. It knows the replies of
Microsoft's mail servers and sign-in (AADSTS codes), those of the common mail
servers, the messages of mail programs, and the ids of this program's findings.`,
		Example: "  autoconfig explain '535 5.7.139 Authentication unsuccessful, basic authentication is disabled.'\n" +
			"  autoconfig explain < error.txt",
		DisableFlagParsing: true, // -ERR and the like are text
	}
	cmd.RunE = ran(func(cmd *cobra.Command, args []string) error {
		text, help, err := a.explainArgs(args)
		if err != nil || help {
			if help {
				return cmd.Help()
			}
			return err
		}
		return a.explain(text)
	})
	return cmd
}

// explainArgs takes the global flags out of the arguments; everything else is
// text, and so is what follows "--".
func (a *app) explainArgs(args []string) (text string, help bool, err error) {
	var words []string
	for i := 0; i < len(args); i++ {
		switch name, value, given := strings.Cut(args[i], "="); {
		case args[i] == "--":
			words, i = append(words, args[i+1:]...), len(args)
		case args[i] == "--json":
			a.json = true
		case args[i] == "--no-color":
			a.noColor = true
		case args[i] == "--help", args[i] == "-h":
			help = true
		case name == "--config", name == "--log-level":
			if !given {
				if i++; i == len(args) {
					return "", false, usagef("%s has no value", name)
				}
				value = args[i]
			}
			if name == "--log-level" && !slices.Contains(logLevels, value) {
				return "", false, usagef("--log-level %q: write %s", value, orWords(logLevels))
			}
		default:
			words = append(words, args[i])
		}
	}
	if len(words) > 0 || help {
		return strings.Join(words, " "), help, nil
	}
	if f, ok := a.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprintln(a.stderr, "Paste the error message, then press Ctrl-D:")
	}
	pasted, err := io.ReadAll(io.LimitReader(a.stdin, mostPasted))
	return string(pasted), false, err
}

func (a *app) explain(text string) error {
	found := finding.Explain(text, provider.Known)
	if a.json {
		if found == nil {
			found = []finding.Finding{} // a JSON array even when empty
		}
		enc := json.NewEncoder(a.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(struct {
			Findings []finding.Finding `json:"findings"`
		}{found}); err != nil {
			return err
		}
	}
	if len(found) == 0 {
		return errUnexplained
	}
	if a.json {
		return nil
	}
	for i, f := range found {
		if i > 0 {
			fmt.Fprintln(a.stdout)
		}
		printExplained(a.stdout, f)
	}
	return nil
}

// printExplained is a finding as a help desk reads it out.
func printExplained(w io.Writer, f finding.Finding) {
	e, _ := finding.Lookup(f.ID)
	fmt.Fprintf(w, "%s  [%s]\n", e.Title, f.ID)
	printWrapped(w, "  What it means:  ", finding.Sentence(f.Cause))
	if f.Fix != "" {
		printWrapped(w, "  What to do:     ", finding.Sentence(f.Fix))
	}
}

// printWrapped prints a text in lines of at most 88 characters, the first of
// which begins with head and the others with as many blanks.
func printWrapped(w io.Writer, head, text string) {
	for _, line := range wrap(strings.Fields(text), 88-len(head)) {
		fmt.Fprintln(w, head+line)
		head = strings.Repeat(" ", len(head))
	}
}
