package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/templates"
)

// mostPasted bounds what explain reads from standard input, in bytes.
const mostPasted = 64 << 10

var errNoText = errors.New("there is no text; give an error message as an argument or on standard input")

var errUnexplained = errors.New("this text contains no message that is known; " +
	"paste the server's whole reply with its numbers (for example 535 5.7.139 …), " +
	"or run autoconfig doctor ADDRESS to ask the servers themselves")

func (a *app) explainCommand() *cobra.Command {
	cmd := newCommand("explain", "[TEXT]", nil)
	cmd.DisableFlagParsing = true // -ERR and the like are text
	lang := ""
	cmd.Flags().Var(langFlag(&lang), "lang",
		"`language` of the answer: "+provider.OrList(finding.Languages())+" (default: the locale's)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		text, help, err := a.explainArgs(cmd, args)
		switch {
		case err != nil:
			return err
		case help:
			return cmd.Help()
		}
		return a.explain(text, lang)
	}
	return cmd
}

// explainArgs takes the flags out of the arguments; everything else is text, and so is what follows "--". No text, or
// "-" alone, is standard input.
func (a *app) explainArgs(cmd *cobra.Command, args []string) (text string, help bool, err error) {
	var flags, words []string
	for i := 0; i < len(args); i++ {
		name, _, given := strings.Cut(args[i], "=")
		flag := cmd.Flag(strings.TrimPrefix(name, "--"))
		switch {
		case args[i] == "--":
			words, i = append(words, args[i+1:]...), len(args)
		case args[i] == "-h":
			flags = append(flags, "--help")
		case !strings.HasPrefix(name, "--") || flag == nil:
			words = append(words, args[i])
		default:
			flags = append(flags, args[i])
			if needsValue := !given && flag.NoOptDefVal == ""; needsValue && i+1 < len(args) {
				i++
				flags = append(flags, args[i])
			}
		}
	}
	cmd.DisableFlagParsing = false
	if err := cmd.ParseFlags(flags); err != nil {
		return "", false, flagError(cmd, err)
	}
	help, err = cmd.Flags().GetBool("help")
	if text = strings.Join(words, " "); len(words) > 0 && text != "-" || help || err != nil {
		return text, help, err
	}
	if _, ok := terminal(a.stdin); ok {
		fmt.Fprintln(a.stderr, "Paste the error message, then press Ctrl-D:")
	}
	pasted, err := io.ReadAll(io.LimitReader(a.stdin, mostPasted))
	return string(pasted), false, err
}

func (a *app) explain(text, lang string) error {
	found := finding.Explain(text, provider.Known)
	if lang == "" && !a.json {
		lang = localeLanguage()
	}
	for i := range found {
		found[i] = found[i].In(lang)
	}
	var err error
	switch {
	case strings.TrimSpace(text) == "":
		err = errNoText
	case len(found) == 0:
		err = errUnexplained
	}
	if a.json {
		return cmp.Or(a.printIndented(struct {
			Findings []finding.Finding `json:"findings"`
		}{array(found)}), err)
	}
	var out strings.Builder
	for i, f := range found {
		if i > 0 {
			out.WriteByte('\n')
		}
		printExplained(&out, f, lang)
	}
	_, wrong := io.WriteString(a.stdout, out.String())
	return cmp.Or(err, wrong)
}

// localeLanguage is the language of LC_ALL, LC_MESSAGES or LANG, whichever is set first (POSIX.1-2017, Base
// Definitions, 8.2): de for de_DE.UTF-8.
func localeLanguage() string {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
	lang, _, _ := strings.Cut(locale, ".")
	lang, _, _ = strings.Cut(lang, "_")
	return strings.ToLower(lang)
}

// printExplained is a finding as a help desk reads it out. Its headings are in English where the pages do not have the
// language yet.
func printExplained(w io.Writer, f finding.Finding, lang string) {
	e, _ := finding.In(lang, f.ID)
	fmt.Fprintf(w, "%s  [%s]\n", e.Title, f.ID)
	if len(f.Want) > 0 {
		fmt.Fprintf(w, "  %s → %s\n", f.Subject, f.Want[0])
	}
	for _, part := range [][2]string{{"finding.cause", f.Cause}, {"finding.fix", f.Fix}, {"finding.admin", f.Admin}} {
		if part[1] == "" {
			continue
		}
		indent, label := "  ", templates.Message(e.Lang, part[0])
		words := strings.Split(label+": "+finding.Sentence(part[1]), " ") // not at no-break spaces
		for _, line := range wrap(words, 78) {
			fmt.Fprintln(w, indent+line)
			indent = "    "
		}
	}
}
