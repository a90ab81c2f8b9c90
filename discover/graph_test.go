package discover

import (
	"regexp"
	"testing"

	"autoconfig/mozilla"
	"autoconfig/provider"
)

// Graph in Microsoft 365's document, after POP3, changes nothing for a program that does not know it: those measured
// take the first or the last server of a type that they know, by name, and Geary looks at the first of all alone. The
// real Thunderbird is in e2e's TestThunderbirdGraph.
func TestGraphIsPassedOver(t *testing.T) {
	t.Parallel()
	with, err := mozilla.Encode(provider.Builtin(provider.Microsoft365), "example.test")
	if err != nil {
		t.Fatal(err)
	}
	without := regexp.MustCompile(`(?s) *<incomingServer type="graph">.*?</incomingServer>\n`).ReplaceAll(with, nil)
	if len(without) == len(with) {
		t.Fatal("there is no Graph in the document")
	}
	looked := 0
	for _, c := range clients() {
		if c.Reads.Host == "" {
			continue
		}
		looked++
		got, want := says(c.Reads.read(with, "text/xml", user())), says(c.Reads.read(without, "text/xml", user()))
		if got != want {
			t.Errorf("%s: %q, without Graph %q", c.Name, got, want)
		}
		t.Logf("%s: %s", c.Name, got)
	}
	if looked < 10 {
		t.Errorf("%d programs", looked)
	}
}
