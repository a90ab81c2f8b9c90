package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"autoconfig/finding"
)

// printer prints findings for people: a line that sums them up, a line for each of them, a paragraph for each kind, and
// the missing records as a block to paste. All that it prints is free of characters that move a cursor. It keeps the
// first error of its writes.
type printer struct {
	w        io.Writer
	width    int // of a line, in characters
	colour   bool
	markdown bool // for tickets
	err      error
	texts    *template.Template // nil until one is used
}

// usualWidth is that of a terminal of which nothing is known.
const usualWidth = 80

// printer prints to standard output, as wide as the terminal is.
func (a *app) printer(format string) *printer {
	p := &printer{w: a.stdout, width: usualWidth, markdown: format == markdownFormat}
	f, ok := terminal(a.stdout)
	if !ok {
		return p
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		p.width = max(width, usualWidth/2)
	}
	p.colour = !p.markdown && !a.noColor && a.env.Get("NO_COLOR") == "" && a.env.Get("TERM") != "dumb"
	return p
}

// The forms of a report.
const (
	textFormat     = "text"
	markdownFormat = "markdown"
	jsonFormat     = "json"
)

// formatFlag lets a command print its report as Markdown, or in other forms, each with a word about it: manual (…).
// The word json is --json.
func (a *app) formatFlag(cmd *cobra.Command, format *string, more ...string) {
	*format = textFormat
	words, said := []string{textFormat, markdownFormat, jsonFormat}, "text, markdown (for a ticket)"
	for _, form := range more {
		words, said = append(words, strings.Fields(form)[0]), said+", "+form
	}
	flag := wordFlag(format, words)
	set := flag.set
	flag.set = func(s string) error {
		a.json = a.json || s == jsonFormat
		return set(s)
	}
	cmd.Flags().Var(flag, "format", said+" or json (--json is the same)")
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// lines prints text, wrapped; head begins its first line, and blanks the others.
func (p *printer) lines(head, text string) {
	if text = p.wrapped(head, text); text != "" {
		p.printf("%s\n", text)
	}
}

// wrapped is what lines prints, without the last line break.
func (p *printer) wrapped(head, text string) string {
	indent := utf8.RuneCountInString(head)
	if p.markdown { // inside a fence, which foreign text must not end
		text = strings.ReplaceAll(text, "`", "'")
	}
	lines := wrap(words(text), p.width-indent)
	if len(lines) == 0 {
		return ""
	}
	return head + strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}

// The words of the levels, and their colours (ECMA-48 SGR).
var (
	levelWords = map[finding.Level]string{
		finding.Fail: "FAIL", finding.Warn: "warn", finding.OK: "ok", finding.Skipped: "-"}
	levelColours = map[finding.Level]string{finding.Fail: "1;31", finding.Warn: "33", finding.OK: "32"}
)

func (p *printer) paint(colour, text string) string {
	if !p.colour || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// summary is the first line of a report.
func (p *printer) summary(subject string, s finding.Summary) {
	p.heading("##", fmt.Sprintf("%s: %s, %d fine", subject, faults(s), s.OK))
}

func (p *printer) heading(marks, text string) {
	text = oneLine(text)
	if p.markdown {
		p.printf("%s %s\n\n", marks, escapeMarkdown(text))
		return
	}
	p.printf("%s\n", p.paint("1", text))
}

// list prints a line for each finding, the worst first.
func (p *printer) list(found []finding.Finding) {
	if p.markdown {
		p.markdownList(found)
		return
	}
	for _, f := range sorted(found) {
		head := p.paint(levelColours[f.Level], fmt.Sprintf("%-4s", levelWords[f.Level])) + "  "
		for _, line := range wrap(words(summed(f)), p.width-6) {
			p.printf("%s%s\n", head, line)
			head = "      "
		}
	}
}

// summed is a finding in a line. What is fine says what is particular about it.
func summed(f finding.Finding) string {
	e, _ := finding.Lookup(f.ID) // every finding is made from an entry
	line := e.Title
	if f.Level == finding.OK && f.Cause != e.Cause {
		line = f.Cause
	}
	if f.Subject != "" {
		line = f.Subject + ": " + line
	}
	if f.RCode != "" && f.RCode != "NOERROR" && f.Level != finding.OK {
		line += " (" + f.RCode + ")"
	}
	return line
}

func title(f finding.Finding) string {
	e, _ := finding.Lookup(f.ID) // every finding is made from an entry
	return e.Title
}

func sorted(list []finding.Finding) []finding.Finding {
	rank := []finding.Level{finding.Fail, finding.Warn, finding.OK, finding.Skipped}
	return slices.SortedStableFunc(slices.Values(list), func(a, b finding.Finding) int {
		return cmp.Compare(slices.Index(rank, a.Level), slices.Index(rank, b.Level))
	})
}

// explain prints what is wrong and what to do about it, once for each kind of finding, and then the records that are
// missing.
func (p *printer) explain(found []finding.Finding) {
	for _, kind := range kinds(found) {
		p.printf("\n")
		p.kind(kind)
	}
	p.records(found)
}

// kinds are the errors and warnings by id, the worst first.
func kinds(found []finding.Finding) [][]finding.Finding {
	return grouped(slices.DeleteFunc(sorted(found), fine), func(f finding.Finding) string { return f.ID })
}

// What begins the parts of a paragraph; explain has the same words.
const (
	meansHead     = "What it means:  "
	doHead        = "What to do:     "
	seenHead      = "Seen:           "
	rightHead     = "Right:          "
	publishedHead = "Published:  "
	toPublishHead = "To publish: "
)

// kind is the paragraph about findings of one id.
func (p *printer) kind(kind []finding.Finding) {
	if p.markdown {
		p.heading("###", title(kind[0]))
		p.printf("%s\n\n", findingLink(kind[0].ID))
	} else {
		for _, line := range wrap(strings.Fields(title(kind[0])+" ["+kind[0].ID+"]"), p.width) {
			p.printf("%s\n", p.paint("1", line))
		}
	}
	p.say(kind, meansHead, func(f finding.Finding) string { return f.Cause })
	for _, f := range kind {
		p.values(f, len(kind) > 1)
	}
	p.say(kind, doHead, func(f finding.Finding) string { return f.Fix })
}

// say prints what the findings of a kind say, once if it is the same.
func (p *printer) say(kind []finding.Finding, head string, of func(finding.Finding) string) {
	sentence := func(f finding.Finding) string { return finding.Sentence(of(f)) }
	said := grouped(slices.DeleteFunc(slices.Clone(kind), func(f finding.Finding) bool { return of(f) == "" }), sentence)
	for _, same := range said {
		var subjects []string
		for _, f := range same {
			subjects = append(subjects, f.Subject)
		}
		text, who := sentence(same[0]), strings.Join(slices.Compact(subjects), ", ")
		if len(said) > 1 && who != "" && !strings.Contains(text, who) {
			text = who + ": " + text
		}
		p.paragraph(head, text)
	}
}

func (p *printer) paragraph(head, text string) {
	if !p.markdown {
		p.lines("  "+head, text)
		return
	}
	if head = strings.TrimSpace(head); head != "" {
		p.printf("**%s** ", head)
	}
	p.printf("%s\n\n", escapeMarkdown(oneLine(text)))
}

// values prints what was seen and what is right. A missing record comes later, with the others.
func (p *printer) values(f finding.Finding, named bool) {
	seen, right := seenHead, rightHead
	if f.Type != "" {
		seen, right = publishedHead, toPublishHead
	}
	var lines [][2]string
	for _, line := range f.Got {
		lines = append(lines, [2]string{seen, line})
	}
	for _, line := range f.Want {
		if !missing(f) && !slices.Contains(f.Got, line) && !strings.Contains(f.Fix, line) {
			lines = append(lines, [2]string{right, line})
		}
	}
	if len(lines) == 0 {
		return
	}
	indent := "  "
	if named {
		p.paragraph("", f.Subject)
		indent = "    "
	}
	if p.markdown {
		indent = ""
	}
	p.fence("\n")
	for _, line := range lines {
		p.lines(indent+line[0], line[1])
	}
	p.fence("\n\n")
}

// fence begins or ends a block of lines that Markdown is to leave as they are.
func (p *printer) fence(after string) {
	if p.markdown {
		p.printf("```%s", after)
	}
}

// missing reports whether a finding is about records that only have to be added.
func missing(f finding.Finding) bool { return f.Type != "" && len(f.Got) == 0 && len(f.Want) > 0 }

// records prints the missing records in zone form (RFC 1035 §5), each once.
func (p *printer) records(found []finding.Finding) {
	var lines []string
	for _, f := range found {
		for _, line := range f.Want {
			if missing(f) && !fine(f) && !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) == 0 {
		return
	}
	zone := origin(lines)
	p.printf("\n")
	p.heading("###", "To paste into the zone:")
	p.fence("\n")
	p.printf("$ORIGIN %s\n", zone)
	for _, line := range lines {
		p.printf("%s\n", p.zoneLine(line, zone))
	}
	p.fence("\n")
}

// origin is the longest name that all owners lie below or are.
func origin(lines []string) string {
	owner := func(line string) string { return strings.Fields(line)[0] }
	name := owner(lines[0])
	if len(lines) == 1 { // _imaps._tcp.example.org.
		for strings.HasPrefix(name, "_") {
			_, name, _ = strings.Cut(name, ".")
		}
	}
	for _, line := range lines {
		for o := owner(line); o != name && !strings.HasSuffix(o, "."+name); {
			_, name, _ = strings.Cut(name, ".")
		}
	}
	return name
}

// zoneLine is a record below the origin, in two lines with parentheses if it is too long for one.
func (p *printer) zoneLine(line, origin string) string {
	owner, rest, _ := strings.Cut(oneLine(line), " ")
	owner = cmp.Or(strings.TrimSuffix(strings.TrimSuffix(owner, origin), "."), "@")
	if line = owner + " " + rest; len(line) <= p.width {
		return line
	}
	parts := strings.SplitN(rest, " ", 4) // TTL, class, type, data
	if len(parts) < 4 {
		return line
	}
	return owner + " " + strings.Join(parts[:3], " ") + " (\n  " + parts[3] + " )"
}

// report prints a whole report; hidden findings are not listed.
func (p *printer) report(subject string, groups []finding.Group, hidden func(finding.Finding) bool) error {
	var all []finding.Finding
	for _, g := range groups {
		all = append(all, g.Findings...)
	}
	p.summary(subject, finding.Summarize(all))
	for _, g := range groups {
		g.Findings = slices.DeleteFunc(slices.Clone(g.Findings), hidden)
		p.group(g)
	}
	p.explain(all)
	return p.err
}

func (p *printer) group(g finding.Group) {
	if len(g.Findings) == 0 && g.Line == "" {
		return
	}
	if g.Title != "" {
		if !p.markdown {
			p.printf("\n")
		}
		p.heading("###", g.Title)
	}
	if g.Line != "" {
		p.paragraph("    ", g.Line)
	}
	p.list(g.Findings)
	for _, fact := range g.Facts {
		p.paragraph("    ", fact)
	}
}
