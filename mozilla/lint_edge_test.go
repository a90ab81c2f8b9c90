package mozilla

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// The edges of the lengths, each of which a mutation once survived.
func TestLintEdges(t *testing.T) {
	live, err := os.ReadFile("testdata/live.xml")
	if err != nil {
		t.Fatal(err)
	}
	short := func(n int) []byte {
		return bytes.Replace(live, []byte("<displayShortName>Outlook<"),
			[]byte("<displayShortName>"+strings.Repeat("x", n)+"<"), 1)
	}
	if found := Lint(short(20), ""); len(found) != 0 {
		t.Errorf("20 characters: %+v", found)
	}
	if found := Lint(short(21), ""); len(found) != 1 {
		t.Errorf("21 characters: %+v", found)
	}
	host := bytes.Replace(live, []byte("<hostname>outlook.office365.com<"), []byte("<hostname>m\u0080il.example.org<"), 1)
	if found := Lint(host, ""); len(found) == 0 {
		t.Error("U+0080 in a host name is not reported")
	}
}
