package provider

import (
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"verified\x1b[2K\ryes": "verified�[2K�yes", "a\tb\nc": "a�b�c",
		"\u202egro.elpmaxe\u2069": "�gro.elpmaxe�", "\u009b31m": "�31m",
		"\u2028x\u061c\u200f": "�x��", "a\xffb": "a�b", "Zoë 日本 🙂": "Zoë 日本 🙂", "": "",
	} {
		if got := Printable(in, 0); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := Printable(strings.Repeat("é", 10), 5); got != "éé…" {
		t.Error(got)
	}
}
