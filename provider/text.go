package provider

import "strings"

// Printable makes foreign text fit for a terminal or a page: one line, no
// control, escape or text-direction characters, at most that many octets (0: no
// limit). What a server, a certificate, a document or a file name says goes
// through it wherever it is shown.
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

// MediaType is a Content-Type without its parameters, in its own letter case.
func MediaType(contentType string) string {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.TrimSpace(media)
}
