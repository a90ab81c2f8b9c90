package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

// What cannot be written is a problem, also where cobra or a loop of Fprintf does not look at the error.
func TestOutputCannotBeWritten(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"help", "dns"}, {"render", "--help"}, {"--version"}, {"explain", "535"},
		{"providers"}} {
		var said bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: full{}, stderr: &said, env: os.LookupEnv}
		if code := a.main(t.Context(), args); code != exitProblem || !strings.Contains(said.String(), "no space") {
			t.Errorf("%q: status %d, %s", args, code, said.String())
		}
	}
}
