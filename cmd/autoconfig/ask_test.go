package main

import (
	"context"
	"io"
	"strings"
	"testing"
)

// What is typed ahead answers the next question; only a yes is one, and neither
// the end of the input nor an interrupt is.
func TestAgreed(t *testing.T) {
	a := &app{stdin: strings.NewReader("y\nno\n Yes \n\nyes please\ny"), stderr: io.Discard}
	for i, want := range []bool{true, false, true, false, false, true, false} {
		if got := a.agreed(t.Context(), "Question %d?", i); got != want {
			t.Errorf("answer %d: %v", i, got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent, _ := io.Pipe()
	var words strings.Builder
	if (&app{stdin: silent, stderr: &words}).agreed(ctx, "Publish?") || words.String() != "Publish? [y/N] \n" {
		t.Errorf("an interrupt: %q", words.String())
	}
}
