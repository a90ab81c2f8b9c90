package provider

import (
	"regexp"
	"strings"
)

// foreignForm is what is left of a placeholder that no client fills in: another program's ${email}, {email}, [email] or
// $EMAIL, or the bare word.
var foreignForm = regexp.MustCompile(`[{}\[\]]|^\$|(?i:email[ _-]?(?:address|local[ _-]?part|domain))`)

// BrokenPlaceholder reports that a template of a user name has something in it that was meant to be filled in and is
// not one of the three placeholders: one misspelt or without its second %, or another program's. A % between two known
// placeholders is itself: user%example.org is an old form of a login.
func BrokenPlaceholder(template string) bool {
	const known = "\x00"
	rest := strings.NewReplacer(EmailAddress, known, EmailLocalPart, known, EmailDomain, known).Replace(template)
	rest = strings.ReplaceAll(rest, known+"%"+known, "")
	return strings.Contains(rest, "%") || foreignForm.MatchString(rest)
}

// HasPlaceholder reports that a value of a format that has no placeholders, such as Autodiscover's LoginName, holds
// one, known or not.
func HasPlaceholder(value string) bool {
	return strings.Count(value, "%") > 1 || foreignForm.MatchString(value)
}

// Printable makes foreign text fit for a terminal or a page: one line, no control, escape or text-direction characters,
// at most that many octets (0: no limit). What a server, a certificate, a document or a file name says goes through it
// wherever it is shown.
func Printable(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if Unprintable(r) {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	if most > 0 && len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// Shorten is a text of at most that many characters; the last of one that is cut is "…".
func Shorten(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

// MediaType is a Content-Type without its parameters, in its own letter case.
func MediaType(contentType string) string {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.TrimSpace(media)
}

// XMLType reports a Content-Type that Thunderbird 153 takes for a document: these two in lower case, with any
// parameters.
func XMLType(contentType string) bool {
	media := MediaType(contentType)
	return media == "text/xml" || media == "application/xml"
}
