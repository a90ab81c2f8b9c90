package discover

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

// TestClientsFile: every word of clients.json is one that the program knows.
// Unknown keys are refused when it is read.
func TestClientsFile(t *testing.T) {
	t.Parallel()
	words := map[string][]string{
		"do": {string(sequence), string(parallel), string(autoconfig), string(poxPost), string(poxGet), string(poxHop),
			string(mobileSync),
			string(autoJSON), string(paccFetch), string(mailSRV), string(askMX), string(askNS), string(askSRV), string(guess)},
		"closes":        {string(closeAnswered), string(closeEmpty), string(closeReached), string(closeGiven)},
		"foreign":       {string(foreignAlways), string(foreignIfTaken)},
		"family":        {"isp", "web", "autodiscover"},
		"block":         {"outlook", "thunderbird", "deltachat"},
		"host":          {"as it is", "filled", "escaped", "evolution", "thunderbird"},
		"user":          {"filled", "address", "local part or address", "whole placeholder", "evolution", "thunderbird"},
		"no_user":       {"refused", "address", "domain", "undefined", "(null)", ""},
		"security_else": {"by port", "plain"},
		"auth_else":     {"password", "none"},
	}
	used := map[string]bool{}
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, v := range value {
				walk(v)
			}
		case map[string]any:
			for key, v := range value {
				if word, ok := v.(string); ok && words[key] != nil {
					used[key+word] = true
					if !slices.Contains(words[key], word) {
						t.Errorf("%s: %q", key, word)
					}
				}
				walk(v)
			}
		}
	}
	var file any
	if err := json.NewDecoder(bytes.NewReader(clientsFile)).Decode(&file); err != nil {
		t.Fatal(err)
	}
	walk(file)
	for key, list := range words {
		for _, word := range list {
			if !used[key+word] {
				t.Errorf("no client has %s: %q", key, word)
			}
		}
	}
	for _, c := range clients() {
		if c.Name == "" || c.Title == "" || c.Checked == "" || c.About == "" || c.Timeout == 0 || c.Plan.Do == "" {
			t.Errorf("%s lacks something: %+v", c.Name, c)
		}
	}
}
