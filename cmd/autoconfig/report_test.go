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
func reported() []findingGroup {
	missing := func(name, record string) finding.Finding {
		f := finding.New("dns-record-missing", name+" SRV")
		f.Name, f.Type, f.Status, f.RCode, f.Want = name, "SRV", "missing", "NXDOMAIN", []string{record}
		return f
	}
	text := finding.New("dns-record-missing", "_ua-auto-config.example.org TXT")
	text.Type, text.Want = "TXT", []string{`_ua-auto-config.example.org. 3600 IN TXT "v=UAAC1; a=sha256; d=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="`}
	differs := finding.New("dns-record-differs", "autoconfig.example.org CNAME")
	differs.Type, differs.Want, differs.Got = "CNAME", []string{"autoconfig.example.org. 3600 IN CNAME new.example.net."}, []string{"autoconfig.example.org. 3600 IN CNAME old.example.net."}
	foreign := finding.New("imap-auth-failed", "imap mail.example.org:993")
	foreign.Got = []string{"NO \x1b[2J\u202e\u009b31m|<b>`x`\r\nOK " + strings.Repeat("long ", 30)}
	skip := finding.New("dns-dnssec-unvalidated", "example.org SOA")
	return []findingGroup{
		{title: "Records in DNS", line: "what there is, in short", facts: []string{"a fact"}, hidden: skipped, findings: []finding.Finding{
			finding.New("dns-record-ok", "example.org MX"),
			missing("_imaps._tcp.example.org", "_imaps._tcp.example.org. 3600 IN SRV 0 1 993 mail.example.org."),
			missing("_imap._tcp.example.org", "_imap._tcp.example.org. 3600 IN SRV 0 0 0 ."), text, differs, skip}},
		{title: "Mail servers", findings: []finding.Finding{foreign}},
		{title: "Nothing here"},
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	for _, width := range []int{80, 132} {
		var b bytes.Buffer
		p := &printer{w: &b, width: width}
		if err := p.report("example.org", reported()); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for _, want := range []string{
			"example.org: 5 errors, 0 warnings, 1 fine\n\nRecords in DNS\n", "\nFAIL  _imaps._tcp.example.org SRV: ", "(NXDOMAIN)\n", "\nok    example.org MX: ",
			"|<b>`x`", "$ORIGIN example.org.\n_imaps._tcp 3600 IN SRV 0 1 993 mail.example.org.\n_imap._tcp 3600 IN SRV 0 0 0 .\n",
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
		for _, once := range []string{"[dns-record-missing]", "What to do:     Publish", "To paste into the zone:", "[dns-record-differs]"} {
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
	if err := (&printer{w: &b, width: 80, markdown: true, colour: false}).report("example.org", reported()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## example.org: 5 errors, 0 warnings, 1 fine\n", "| FAIL | \\_imaps.\\_tcp.example.org SRV | ", "[dns-record-missing](docs/findings.md#dns-record-missing)",
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
	if err := (&printer{w: &b, width: 80, colour: true}).report("example.org", reported()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "\x1b[1;31mFAIL\x1b[0m  ") {
		t.Error(b.String())
	}
	if p := (&app{stdout: &b, env: func(string) (string, bool) { return "", false }}).printer(textFormat); p.colour || p.width != 80 {
		t.Errorf("%+v", p)
	}
}
