package discover

import (
	"strings"
	"testing"
	"unicode/utf16"

	"autoconfig/finding"
)

func TestFormatOf(t *testing.T) {
	t.Parallel()
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(`<?xml version="1.0"?><Autodiscover/>`)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for doc, want := range map[string]Format{
		document:                       Autoconfig,
		"\ufeff" + document:            Autoconfig,
		"\n<!-- <html> -->" + document: Autoconfig,
		"<a:clientConfig>":             Autoconfig,
		"<clientconfig>":               Autoconfig,
		`<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "x"><plist>`: Profile,
		"bplist00": Profile,
		`<?xml version="1.0"?><Autodiscover xmlns="x">`: Autodiscovery,
		"<autodiscover>":                 Autodiscovery,
		string(wide):                     Autodiscovery,
		`{"Protocol":"x"}`:               Autodiscovery,
		` {"protocols":[]}`:              PACC,
		"[]":                             PACC,
		"<!doctype html><html>":          NoFormat,
		"<html>":                         NoFormat,
		"imap.example.org":               NoFormat,
		"":                               NoFormat,
		"<rss>":                          NoFormat,
		`<?xml version="1.0"?><config/>`: Autoconfig,
	} {
		if got := FormatOf([]byte(doc)); got != want {
			t.Errorf("%.60q is %q, want %q", doc, got, want)
		}
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		document:                                 "",
		"":                                       "lint-document-empty",
		" \n":                                    "lint-document-empty",
		"<!doctype html><html>":                  "lint-document-page",
		"hello":                                  "lint-format-unknown",
		strings.Replace(document, "993", "x", 1): "mozilla-port-invalid",
		"<Autodiscover/>":                        "autodiscover-document-syntax",
		"<plist>":                                "profile-document-syntax",
		"{":                                      "pacc-document-syntax",
	} {
		_, list := Lint([]byte(doc), "")
		if got := strings.Join(ids(list), " "); got != want {
			t.Errorf("%.60q: %s, want %s", doc, got, want)
		}
	}
}

// Every document is answered for within the bounds of its format.
func FuzzLint(f *testing.F) {
	for _, doc := range []string{document, "<plist>", `{"protocols":{}}`, "<Autodiscover>", "<html>"} {
		f.Add([]byte(doc), "text/xml")
	}
	f.Fuzz(func(t *testing.T, doc []byte, contentType string) {
		format, list := Lint(doc, contentType)
		if format == NoFormat && (len(list) != 1 || list[0].Level != finding.Fail) {
			t.Errorf("%q: %+v", doc, list)
		}
	})
}
