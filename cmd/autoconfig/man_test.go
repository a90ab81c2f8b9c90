package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// withoutExample are the groups of commands, and commands whose name is all there is to write.
var withoutExample = map[string]bool{"autoconfig-completion.1": true, "autoconfig-config.1": true,
	"autoconfig-dns.1":     true,
	"autoconfig-profile.1": true, "autoconfig-sources.1": true, "autoconfig-version.1": true,
	"autoconfig-completion-bash.1": true, "autoconfig-completion-fish.1": true, "autoconfig-completion-powershell.1": true,
	"autoconfig-completion-zsh.1": true}

// defaultTwice is a line of an option that has its default in two ways.
var defaultTwice = regexp.MustCompile(`(?m)^.*default.*\(default .*$`)

// Each command has a page; text cannot become a request of roff, hyphens can be
// copied, and the same sources give the same bytes.
func TestManPages(t *testing.T) {
	dirs := [2]string{t.TempDir(), t.TempDir()}
	for _, dir := range dirs {
		var stderr strings.Builder
		a := &app{stdin: strings.NewReader(""), stdout: &strings.Builder{}, stderr: &stderr,
			env: func(name string) (string, bool) {
				return "1796000000", name == "SOURCE_DATE_EPOCH"
			}}
		if status := a.main(t.Context(), []string{"man", dir}); status != 0 {
			t.Fatalf("status %d: %s", status, &stderr)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dirs[0], "*.1")) // the pattern is well-formed
	if len(files) < 25 {
		t.Errorf("%d pages", len(files))
	}
	for _, file := range files {
		first, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := os.ReadFile(filepath.Join(dirs[1], filepath.Base(file))); err != nil ||
			string(again) != string(first) {
			t.Errorf("%s differs the second time: %v", filepath.Base(file), err)
		}
		for _, section := range []string{"EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO"} {
			if strings.Count(string(first), ".SH "+section+"\n") != 1 {
				t.Errorf("%s: the section %s is not there once", filepath.Base(file), section)
			}
		}
		if strings.Contains(string(first), "[=false]") {
			t.Errorf("%s has options that nobody writes like that", filepath.Base(file))
		}
		for _, never := range []string{"(default )", "(default false)", "(default [])", "REDIRECT"} {
			if strings.Contains(string(first), never) {
				t.Errorf("%s has %s", filepath.Base(file), never)
			}
		}
		if m := defaultTwice.FindString(string(first)); m != "" {
			t.Errorf("%s says a default twice: %s", filepath.Base(file), m)
		}
		if !strings.Contains(string(first), "\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\n") {
			t.Errorf("%s has no -h", filepath.Base(file))
		}
		if !strings.Contains(string(first), ".SH EXAMPLES\n") && !withoutExample[filepath.Base(file)] {
			t.Errorf("%s has no example", filepath.Base(file))
		}
	}
	config, err := os.ReadFile(filepath.Join(dirs[0], "autoconfig.yaml.5"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{".TH \"AUTOCONFIG.YAML\" 5 \"Nov 2026\"",
		"\\fBlisten\\fR (text)\naddress for plain HTTP; default 127.0.0.1:8080\n",
		"\\fBproviders[].incoming[].security\\fR (tls, starttls, plain)\n", "\\fBproviders[].pacc\\fR (auto, false, true)\n",
		".SH EXAMPLES\n", ".SH FILES\n"} {
		if !strings.Contains(string(config), want) {
			t.Errorf("autoconfig.yaml(5) has no %q", want)
		}
	}
	page, err := os.ReadFile(filepath.Join(dirs[0], "autoconfig-dns-plan.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		".TH \"AUTOCONFIG\\\\-DNS\\\\-PLAN\" 1 \"Nov 2026\" autoconfig Autoconfig\n",
		".SH SYNOPSIS\n.B autoconfig dns plan DOMAIN",
		"\n.TP\n\\fB\\-\\-ttl\\fR \\fIseconds\\fR\n", "(default 3600)", ".SH GLOBAL OPTIONS\n", ".SH EXAMPLES\n.EX\n",
		".BR autoconfig\\-dns (1),\n",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in:\n%s", want, page)
		}
	}
	if got := roff(".so /etc/passwd\n'x \\n -a"); got != "\\&.so /etc/passwd\n\\&'x \\en \\-a" {
		t.Errorf("%q", got)
	}
}

// The help of every command fits on a usual terminal. Examples are to be copied.
func TestHelpFits(t *testing.T) {
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		if n := len([]rune(cmd.Short)); n > usualWidth-20 && cmd.Parent().Parent() == nil { // next to the name
			t.Errorf("%s: %d characters: %s", cmd.CommandPath(), n, cmd.Short)
		}
		text := cmd.UsageString()
		usage, rest, _ := strings.Cut(text, "Examples:")
		_, flags, _ := strings.Cut(rest, "Flags:")
		for line := range strings.Lines(usage + flags + cmd.Long) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > usualWidth && len(strings.Fields(line)) > 1 &&
				!strings.HasPrefix(line, "Use \"") && !strings.HasSuffix(line, "https://autoconfig.thunderbird.net/v1.1/)\n") {
				t.Errorf("%s: %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
		for _, sub := range cmd.Commands() {
			look(sub)
		}
	}
	look((&app{stdin: strings.NewReader(""), env: func(string) (string, bool) { return "", false }}).root())
}

// Each file of help is that of a command.
func TestHelpFiles(t *testing.T) {
	files, err := helpTexts.ReadDir("help")
	if err != nil {
		t.Fatal(err)
	}
	root := (&app{stdin: strings.NewReader(""), env: func(string) (string, bool) { return "", false }}).root()
	for _, file := range files {
		name, isText := strings.CutSuffix(file.Name(), ".txt")
		cmd, _, err := root.Find(strings.Split(strings.TrimPrefix(name, "autoconfig"), "-"))
		if name == "thunderbird-addon" {
			cmd, _, err = root.Find([]string{name})
		}
		if isText && (err != nil || manName(cmd) != strings.TrimSuffix("autoconfig-"+name, "-autoconfig")) {
			t.Errorf("%s is the help of no command: %v", file.Name(), err)
		}
	}
}
