// Command words measures how many messages of mail programs the program
// understands. It downloads the programs' packages from the Debian mirror of
// this machine (apt-get download; nothing is installed), reads their message
// catalogues in ten languages, fills the placeholders, asks finding.Explain
// and compares with expect.txt, which says by the key of a message what it
// means. It prints a table and, with -v, each message that is not understood.
//
//	words [-cache DIR] [-v] [-lang LANG] [-program NAME] [-explain BINARY]
package main

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"autoconfig/finding"
	"autoconfig/provider"
)

//go:embed expect.txt
var expectations string

func main() {
	log.SetFlags(0)
	log.SetPrefix("words: ")
	cache := flag.String("cache", filepath.Join(os.TempDir(), "autoconfig-words"), "where packages are kept")
	verbose := flag.Bool("v", false, "print messages that are not understood or left out")
	only := flag.String("lang", "", "one language")
	program := flag.String("program", "", "one program")
	binary := flag.String("explain", "", "ask this autoconfig binary instead, for a comparison")
	flag.Parse()
	ask := explain
	if *binary != "" {
		ask = func(text string) []string { return explainBy(*binary, text) }
	}
	sections, err := parse(expectations)
	if err == nil {
		err = fetch(*cache)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%-12s %-6s %6s %6s %8s %6s\n", "program", "lang", "taken", "right", "unknown", "wrong")
	var total score
	for _, name := range programs(sections) {
		for _, lang := range languages {
			if *only != "" && *only != lang.name || *program != "" && *program != name {
				continue
			}
			var s score
			for _, section := range sections {
				if section.program != name {
					continue
				}
				texts, err := section.read(*cache, lang)
				if err != nil {
					log.Printf("%s, %s: %v", name, lang.name, err)
					continue
				}
				s.add(judge(section, texts, lang.name, ask, *verbose))
			}
			fmt.Printf("%-12s %-6s %6d %6d %8d %6d\n", name, lang.name, s.taken, s.right, s.unknown, s.wrong)
			total.add(s)
		}
	}
	fmt.Printf("%-12s %-6s %6d %6d %8d %6d\n", "all", "", total.taken, total.right, total.unknown, total.wrong)
	if *verbose {
		leftOut(sections)
	}
	if total.wrong > 0 {
		os.Exit(1)
	}
}

// score counts messages.
type score struct{ taken, right, unknown, wrong int }

func (s *score) add(x score) {
	s.taken += x.taken
	s.right += x.right
	s.unknown += x.unknown
	s.wrong += x.wrong
}

// judge asks about each message that the section takes.
func judge(section section, texts messages, lang string, ask func(string) []string, verbose bool) score {
	var s score
	for _, e := range section.entries {
		text, ok := texts[e.key]
		if len(e.want) == 0 || !ok || text == "" {
			continue // left out, or not translated
		}
		s.taken++
		text = fill(text, texts)
		got := ask(text)
		verdict := ""
		switch {
		case len(got) == 0:
			s.unknown++
			verdict = "unknown"
		case slices.Contains(e.want, got[0]):
			s.right++
		default:
			s.wrong++
			verdict = "WRONG " + strings.Join(got, " ")
		}
		if verbose && verdict != "" {
			fmt.Printf("  %s %s %s: %s (want %s)\n      %s\n", section.program, lang, e.key, verdict, strings.Join(e.want, " "),
				text)
		}
	}
	return s
}

// explain asks the package that this tool is built with.
func explain(text string) []string {
	var ids []string
	for _, f := range finding.Explain(text, provider.Known) {
		ids = append(ids, f.ID)
	}
	return ids
}

// explainBy asks a program; what it does not know gives no ids.
func explainBy(binary, text string) []string {
	out, _ := exec.Command(binary, "explain", "--json", "--", text).Output() //nolint:gosec // the caller's own binary
	var answer struct{ Findings []finding.Finding }
	if json.Unmarshal(out, &answer) != nil {
		return nil
	}
	var ids []string
	for _, f := range answer.Findings {
		ids = append(ids, f.ID)
	}
	return ids
}

func leftOut(sections []section) {
	fmt.Println("\nleft out:")
	for _, section := range sections {
		for _, e := range section.entries {
			if e.reason != "" {
				fmt.Printf("  %s %s %s: %s\n", section.program, section.catalogue, e.key, e.reason)
			}
		}
	}
}
