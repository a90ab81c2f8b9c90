package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"autoconfig/finding"
	"autoconfig/provider"
)

// reported are findings of every kind: missing records, others, foreign text.
func reported() []finding.Group {
	missing := func(name, record string) finding.Finding {
		f := finding.New("dns-record-missing", name+" SRV")
		f.Name, f.Type, f.Status, f.RCode, f.Want = name, "SRV", "missing", "NXDOMAIN", []string{record}
		return f
	}
	text := finding.New("dns-record-missing", "_ua-auto-config.example.org TXT")
	text.Type, text.Want = "TXT",
		[]string{`_ua-auto-config.example.org. 3600 IN TXT "v=UAAC1; a=sha256; d=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="`}
	differs := finding.New("dns-record-differs", "autoconfig.example.org CNAME")
	differs.Type, differs.Want, differs.Got = "CNAME", []string{"autoconfig.example.org. 3600 IN CNAME new.example.net."},
		[]string{"autoconfig.example.org. 3600 IN CNAME old.example.net."}
	foreign := finding.New("imap-auth-failed", "imap mail.example.org:993")
	foreign.Got = []string{"NO \x1b[2J\u202e\u009b31m|<b>`x`\r\nOK " + strings.Repeat("long ", 30)}
	skip := finding.New("dns-dnssec-unvalidated", "example.org SOA")
	return []finding.Group{
		{Title: "Records in DNS", Line: "what there is, in short", Facts: []string{"a fact"}, Findings: []finding.Finding{
			finding.New("dns-record-ok", "example.org MX"),
			missing("_imaps._tcp.example.org", "_imaps._tcp.example.org. 3600 IN SRV 0 1 993 mail.example.org."),
			missing("_imap._tcp.example.org", "_imap._tcp.example.org. 3600 IN SRV 0 0 0 ."), text, differs, skip}},
		{Title: "Mail servers", Findings: []finding.Finding{foreign}},
		{Title: "Nothing here"},
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	for _, width := range []int{80, 132} {
		var b bytes.Buffer
		p := &printer{w: &b, width: width}
		if err := p.report("example.org", reported(), skipped); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for _, want := range []string{
			"example.org: 5 errors, 0 warnings, 1 fine\n\nRecords in DNS\n", "\nFAIL  _imaps._tcp.example.org SRV: ",
			"(NXDOMAIN)\n", "\nok    example.org MX: ",
			"|<b>`x`",
			"$ORIGIN example.org.\n_imaps._tcp 3600 IN SRV 0 1 993 mail.example.org.\n_imap._tcp 3600 IN SRV 0 0 0 .\n",
			"  Published:  autoconfig.example.org. 3600 IN CNAME old.example.net.\n  To publish: autoconfig.example.org. 3600 IN CNAME new.example.net.\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%d columns: no %q", width, want)
			}
		}
		for line := range strings.SplitSeq(text, "\n") {
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("%d of %d columns: %s", n, width, line)
			}
			if strings.ContainsFunc(strings.ReplaceAll(line, "\ufffd", ""), provider.Unprintable) {
				t.Errorf("a character that moves the cursor: %q", line)
			}
		}
		for _, once := range []string{"[dns-record-missing]", "What to do:     Publish", "To paste into the zone:",
			"[dns-record-differs]"} {
			if strings.Count(text, once) != 1 {
				t.Errorf("%d times %q in\n%s", strings.Count(text, once), once, text)
			}
		}
		if strings.Contains(text, "Nothing here") || strings.Contains(text, "dnssec") {
			t.Error(text)
		}
	}
}

func TestReportMarkdown(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := (&printer{w: &b, width: 80, markdown: true, colour: false}).report("example.org", reported(),
		skipped); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## example.org: 5 errors, 0 warnings, 1 fine\n", "| FAIL | \\_imaps.\\_tcp.example.org SRV | ",
		"[dns-record-missing](docs/findings.md#dns-record-missing)",
		"```\n$ORIGIN example.org.\n", "31m|<b>'x'",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if strings.Count(b.String(), "```")%2 != 0 || strings.Contains(b.String(), "\x1b") {
		t.Error(b.String())
	}
}

// Colours are for terminals.
func TestReportColour(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := (&printer{w: &b, width: 80, colour: true}).report("example.org", reported(), skipped); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "\x1b[1;31mFAIL\x1b[0m  ") {
		t.Error(b.String())
	}
	if p := (&app{stdout: &b, env: func(string) (string, bool) { return "", false }}).printer(textFormat); p.colour ||
		p.width != 80 {
		t.Errorf("%+v", p)
	}
}

// A finding in a line: its subject, its title or what is particular about it, and
// the answer of DNS where that says why.
func TestSummed(t *testing.T) {
	t.Parallel()
	title := func(id string) string { return title(finding.New(id, "")) }
	for _, c := range []struct {
		id, subject, cause, rcode string
		want                      string
	}{
		{"dns-record-missing", "a SRV", "", "NXDOMAIN", "a SRV: " + title("dns-record-missing") + " (NXDOMAIN)"},
		{"dns-record-missing", "", "", "NOERROR", title("dns-record-missing")},
		{"dns-record-missing", "a SRV", "particular", "", "a SRV: " + title("dns-record-missing")},
		{"dns-record-ok", "a SRV", "", "NXDOMAIN", "a SRV: " + title("dns-record-ok")},
		{"dns-record-ok", "a SRV", "particular", "", "a SRV: particular"},
	} {
		f := finding.New(c.id, c.subject)
		if f.RCode = c.rcode; c.cause != "" {
			f.Cause = c.cause
		}
		if got := summed(f); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// What findings of a kind say is said once; where they say different things each
// says whom it is about, unless the text does.
func TestKind(t *testing.T) {
	t.Parallel()
	about := func(subject, cause, fix string) finding.Finding {
		f := finding.New("dns-record-missing", subject)
		f.Cause, f.Fix = cause, fix
		return f
	}
	for _, c := range []struct {
		kind []finding.Finding
		want string
	}{
		{[]finding.Finding{about("a", "same", "do"), about("b", "same", "do")},
			"  What it means:  Same.\n  What to do:     Do.\n"},
		{[]finding.Finding{about("a", "one", ""), about("b", "two", ""), about("c", "one", ""), about("", "three", ""),
			about("d", "four of d", "")},
			"  What it means:  a, c: One.\n  What it means:  b: Two.\n  What it means:  Three.\n  What it means:  Four of d.\n"},
	} {
		var b bytes.Buffer
		p := &printer{w: &b, width: 80}
		p.kind(c.kind)
		if _, text, _ := strings.Cut(b.String(), "\n"); text != c.want || p.err != nil {
			t.Errorf("%v\n%s", p.err, &b)
		}
	}
}

// Records below their origin: on one line as long as that fits.
func TestZoneLine(t *testing.T) {
	t.Parallel()
	const record = "a.example.org. 3600 IN TXT data"
	for _, c := range []struct {
		width        int
		line, origin string
		want         string
	}{
		{80, record, "example.org.", "a 3600 IN TXT data"},
		{18, record, "example.org.", "a 3600 IN TXT data"},
		{17, record, "example.org.", "a 3600 IN TXT (\n  data )"},
		{17, record, "a.example.org.", "@ 3600 IN TXT (\n  data )"},
		{5, "a.example.org. words", "example.org.", "a words"},
	} {
		if got := (&printer{width: c.width}).zoneLine(c.line, c.origin); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{[]string{"_imaps._tcp.example.org. 1"}, "example.org."},
		{[]string{"autoconfig.example.org. 1"}, "autoconfig.example.org."},
		{[]string{"_imaps._tcp.example.org. 1", "_pop3s._tcp.example.org. 1"}, "_tcp.example.org."},
		{[]string{"example.org. 1", "a.example.org. 1"}, "example.org."},
		{[]string{"a.example.org. 1", "example.org. 1"}, "example.org."},
		{[]string{"a.example.org. 1", "b.anexample.org. 1"}, "org."},
	} {
		if got := origin(c.lines); got != c.want {
			t.Errorf("%q: %q", c.lines, got)
		}
	}
}

// A line is as long as fits, in characters; a word that is longer is not cut.
func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"aaa bb", 6, "aaa bb"},
		{"aaa bb", 5, "aaa|bb"},
		{"äöü bb c", 6, "äöü bb|c"},
		{"a longer b", 3, "a|longer|b"},
		{"", 3, ""},
	} {
		if got := strings.Join(wrap(strings.Fields(c.text), c.width), "|"); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
