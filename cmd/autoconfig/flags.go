package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/source"
)

// flagValue is a flag that is checked as it is read, before anything is done. The error says what to write.
type flagValue struct {
	set   func(string) error
	shown string   // the default
	words []string // all that it takes, for shells; nil: other values
}

func (f *flagValue) Set(s string) error { return f.set(s) }
func (f *flagValue) String() string     { return f.shown }
func (f *flagValue) Type() string       { return "value" }

// parsedFlag is a flag with the value that parse reads.
func parsedFlag[T any](to *T, parse func(string) (T, error)) *flagValue {
	return &flagValue{set: func(s string) (err error) {
		*to, err = parse(s)
		return err
	}}
}

// listFlag is a repeatable flag with the values that parse reads.
func listFlag[T any](to *[]T, parse func(string) (T, error)) *flagValue {
	return &flagValue{set: func(s string) error {
		v, err := parse(s)
		*to = append(*to, v)
		return err
	}}
}

// wordFlag is a flag that takes one of some words; to has the default.
func wordFlag(to *string, words []string) *flagValue {
	f := parsedFlag(to, func(s string) (string, error) { return s, wordError(s, words) })
	f.shown, f.words = *to, words
	return f
}

// wordsFlag is a repeatable flag whose values, also several with commas, are of some words; shown is the default.
func wordsFlag(to *[]string, shown string, words []string) *flagValue {
	return &flagValue{shown: shown, words: words, set: func(s string) error {
		list, err := csv.NewReader(strings.NewReader(s)).Read()
		if err != nil {
			list = []string{s} // no word
		}
		for _, word := range list {
			if err := wordError(word, words); err != nil {
				return err
			}
		}
		*to = append(*to, list...)
		return nil
	}}
}

// langFlag takes a language of the catalogue's texts.
func langFlag(to *string) *flagValue {
	f := wordFlag(to, finding.Languages())
	f.set = func(s string) error {
		if *to = s; !slices.Contains(f.words, s) {
			return errors.New("there are no texts in this language; write " + provider.OrList(f.words))
		}
		return nil
	}
	return f
}

// domainsFlag adds domains to a list.
func domainsFlag(to *[]string) *flagValue {
	return &flagValue{set: func(s string) error {
		name, err := provider.ParseDomain(s)
		if err != nil {
			return errors.New("not a domain name of two labels or more; write for example example.org")
		}
		if !slices.Contains(*to, name) {
			*to = append(*to, name)
		}
		return nil
	}}
}

// wordError is nil for one of the words.
func wordError(word string, words []string) error {
	if slices.Contains(words, word) {
		return nil
	}
	if near := source.Nearest(word, words); near != "" && near[0] == word[0] { // smtp is not a slip for imap
		return fmt.Errorf("did you mean %s?", near)
	}
	return errors.New("write " + provider.OrList(words))
}

// exclusive refuses two of these flags at once.
func exclusive(cmd *cobra.Command, names ...string) {
	cmd.MarkFlagsMutuallyExclusive(names...) // for shells; what it would say are not this program's words
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		given := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !cmd.Flags().Changed(name) })
		if len(given) > 1 {
			return misusef("--%s and --%s cannot be used together; write one of --%s",
				given[0], given[1], strings.Join(names, ", --"))
		}
		if before != nil {
			return before(cmd, args)
		}
		return nil
	}
}

// flagError is a mistake in a flag in this program's words.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name, dashes := unknown.GetSpecifiedName(), "--"
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			name, dashes = short, "-"
		}
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		if near := source.Nearest(name, known); near != "" && len(name) > 2 {
			return misusef("unknown flag %s%s; did you mean --%s?", dashes, name, near)
		}
		return misusef("unknown flag %s%s", dashes, name)
	}
	if empty, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		word, _ := pflag.UnquoteUsage(empty.GetFlag())
		return misusef("--%s has no value; write --%[1]s %s", empty.GetFlag().Name, strings.ToUpper(word))
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return invalidValue(invalid.GetFlag(), invalid.GetValue(), invalid.Unwrap())
	}
	return usageError{err, true}
}

// invalidValue says what to write for a flag whose value cannot be read.
func invalidValue(f *pflag.Flag, value string, cause error) error {
	fix := files.Words(cause)
	switch f.Value.Type() {
	case "bool":
		fix = fmt.Sprintf("write --%s alone, or --%[1]s=false", f.Name)
	case "duration":
		fix = "write a duration such as 15s or 1m"
	case "int", "uint32":
		fix = "write a whole number, for example " + f.DefValue
	case "float64":
		fix = "write a number, for example " + f.DefValue
	}
	return misusef("--%s %q: %s", f.Name, value, fix)
}
