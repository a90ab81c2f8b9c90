package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"autoconfig/config"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the man pages into a folder",
		Example: "  autoconfig man man && man -l man/autoconfig.yaml.5",
		RunE: ran(func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			date := a.manDate()
			if err := os.WriteFile(filepath.Join(args[0], "autoconfig.yaml.5"), manConfig(date), 0o644); err != nil {
				return err
			}
			return writeMan(cmd.Root(), args[0], date)
		}),
	}
}

// manDate is the month of SOURCE_DATE_EPOCH, in seconds: the same sources give
// the same pages. Without it a page has no date.
func (a *app) manDate() string {
	seconds, err := strconv.ParseInt(a.env.Get("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return ""
	}
	return time.Unix(seconds, 0).UTC().Format("Jan 2006")
}

// writeMan writes the page of a command, and those of all below it.
func writeMan(cmd *cobra.Command, dir, date string) error {
	cmd.InitDefaultHelpFlag()
	path := filepath.Join(dir, manName(cmd)+".1")
	if err := os.WriteFile(path, manPage(cmd, date), 0o644); err != nil {
		return err
	}
	for _, sub := range visible(cmd) {
		if err := writeMan(sub, dir, date); err != nil {
			return err
		}
	}
	return nil
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

func visible(cmd *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool {
		return !c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand()
	})
}

// manPage is a page in the macros of man(7).
func manPage(cmd *cobra.Command, date string) []byte {
	var b bytes.Buffer
	name := manName(cmd)
	fmt.Fprintf(&b, ".TH %q 1 %q autoconfig Autoconfig\n.nh\n", roff(strings.ToUpper(name)), date)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(cmd.UseLine()))
	if cmd.Long != "" {
		b.WriteString(".SH DESCRIPTION\n")
		for paragraph := range strings.SplitSeq(strings.TrimSpace(cmd.Long), "\n\n") {
			if strings.HasPrefix(paragraph, " ") {
				fmt.Fprintf(&b, ".PP\n.EX\n%s\n.EE\n", roff(paragraph))
				continue
			}
			fmt.Fprintf(&b, ".PP\n%s\n", roff(paragraph))
		}
	}
	manFlags(&b, "OPTIONS", cmd.NonInheritedFlags())
	manFlags(&b, "GLOBAL OPTIONS", cmd.InheritedFlags())
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.EX\n%s\n.EE\n", roff(strings.Trim(cmd.Example, "\n")))
	}
	b.WriteString(exitStatus)
	if cmd.HasParent() {
		b.WriteString(elsewhere)
	} else {
		manEnvironment(&b)
	}
	see := []string{}
	if cmd.HasParent() {
		see = append(see, manName(cmd.Parent()))
	}
	for _, sub := range visible(cmd) {
		see = append(see, manName(sub))
	}
	b.WriteString(".SH SEE ALSO\n")
	for _, name := range see {
		b.WriteString(".BR " + roff(name) + " (1),\n")
	}
	b.WriteString(".BR autoconfig.yaml (5)\n")
	return b.Bytes()
}

const exitStatus = `.SH EXIT STATUS
.TP
0
All is well.
.TP
1
A problem was found, or the work could not be done.
.TP
2
Wrong usage or configuration, or something that may not be done.
`

// elsewhere is what the pages of all commands say, and that of the program in full.
const elsewhere = `.SH ENVIRONMENT
.BR autoconfig (1)
lists the variables.
.SH FILES
.TP
autoconfig.yaml, /etc/autoconfig/autoconfig.yaml
The configuration, the first that is there: see
.BR autoconfig.yaml (5).
`

// manEnvironment is what the program reads besides its arguments.
func manEnvironment(b *bytes.Buffer) {
	b.WriteString(".SH ENVIRONMENT\n")
	for _, v := range config.Variables() {
		fmt.Fprintf(b, ".TP\n%s\n%s.\n", v.Name, roff(strings.ToUpper(v.Doc[:1])+v.Doc[1:]))
		if v.Example != "" {
			fmt.Fprintf(b, "Example: %s\n", roff(v.Example))
		}
	}
	b.WriteString(environment)
}

// manConfig is the page of the configuration file, in section 5.
func manConfig(date string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, ".TH \"AUTOCONFIG.YAML\" 5 %q autoconfig Autoconfig\n.nh\n%s.SH KEYS\n", date, aboutConfig)
	for _, k := range config.Keys() {
		fmt.Fprintf(&b, ".TP\n\\fB%s\\fR (%s)\n%s\n", roff(k.Path), roff(k.Kind), roff(k.Doc))
	}
	b.WriteString(configExample)
	return b.Bytes()
}

const aboutConfig = `.SH NAME
autoconfig.yaml \- configuration of autoconfig
.SH DESCRIPTION
One YAML document.
.B autoconfig init
writes one for a domain,
.B autoconfig config check
says what is wrong with one, with line and column, and
.B autoconfig config schema
prints its JSON Schema. An unknown key is an error. Durations are text such as 5m or 1h30m.
.PP
A server is a mapping, or text such as imaps://mail.example.org, where the scheme is one of imaps, imap, pop3s, pop3,
submissions, submission and sieve, and a port may follow the host. An entry of providers whose id is that of a
built\-in provider starts from it. A key in brackets, as in providers[].id, is one of each item of the list. Keys of
outgoing and managesieve are those of incoming.
`

const configExample = `.SH EXAMPLES
.EX
service_host: autoconfig.example.org
providers:
  \- domains: [example.org, example.net]
    incoming: [imaps://mail.example.org]
    outgoing: [submissions://mail.example.org, submission://mail.example.org]
  \- id: microsoft365
    domains: [shop.example]
.EE
.SH FILES
.TP
autoconfig.yaml
The configuration, if it is in the current folder.
.TP
/etc/autoconfig/autoconfig.yaml
The configuration otherwise.
.SH SEE ALSO
.BR autoconfig (1),
.BR autoconfig\-init (1),
.BR autoconfig\-config\-check (1)
`

const environment = `.TP
` + tokenVariable + `
Token for
.BR "dns publish \-\-api" ,
instead of a file.
.TP
NO_COLOR
If it is set, there are no colours, as with
.BR \-\-no\-color .
.TP
NOTIFY_SOCKET
Where
.B serve
says that it is ready, reloading or stopping; systemd sets it.
.TP
GOGC, GOMEMLIMIT
How much memory the program takes; see the documentation of Go.
.TP
SSL_CERT_FILE, SSL_CERT_DIR
Where the authorities are that the system trusts.
.TP
SOURCE_DATE_EPOCH
The time of the sources in seconds, for the date of these pages.
.PP
A dsn, a password and the storage of certificates in the configuration may hold ${NAME}, which becomes the value of that variable.
.SH FILES
.TP
autoconfig.yaml
The configuration, if it is in the current folder.
.TP
/etc/autoconfig/autoconfig.yaml
The configuration otherwise. Without one the built\-in providers alone are served.
.TP
/var/lib/autoconfig/certificates
Certificates on demand, unless tls.acme.storage names another place.
`

func manFlags(b *bytes.Buffer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		short := ""
		if f.Shorthand != "" {
			short = `\fB\-` + f.Shorthand + `\fR, `
		}
		if value != "" {
			value = ` \fI` + roff(value) + `\fR`
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && !strings.Contains(usage, "default") {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(b, ".TP\n%s\\fB\\-\\-%s\\fR%s\n%s\n", short, roff(f.Name), value, roff(usage))
	})
}

// roff escapes text for man(7): backslashes, hyphens that are typed, and the
// characters that would make a line a request.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
