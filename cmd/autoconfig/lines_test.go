package main

import (
	"bytes"
	"os"
	"testing"
)

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	p := &progress{w: &out, total: 60}
	p.clear() // nothing is shown yet
	p.step(20)
	p.clear()
	p.step(60)
	const want = "\r[##########....................] 20/60\r\x1b[K\r[##############################] 60/60"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	out.Reset()
	p = &progress{w: &out, total: -1} // a stream of unknown length
	p.step(7)
	if out.String() != "\r7 domains" {
		t.Errorf("%q", out.String())
	}
	if p := newProgress(&out, 60); p.w != nil {
		t.Error("a bar that is not on a terminal")
	}
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if p := newProgress(file, 60); p.w != nil {
		t.Error("a bar in a file")
	}
}
