package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"autoconfig/provider"
)

// domainList is a stream of domains from arguments, a file or the
// configuration.
type domainList struct {
	count int // -1: not known
	all   func() iter.Seq[string]
	close func()
	err   error // why the stream ended early
}

func (c *dnsCheck) domains(ctx context.Context, args []string) (*domainList, error) {
	list := &domainList{close: func() {}}
	switch {
	case c.all:
		if list.count = c.data.Listed.Len(); len(c.data.Remote) > 0 {
			list.count = -1
		}
		if list.count == 0 {
			return nil, usagef("--all: the configuration lists no domain of your own; write providers: with domains:")
		}
		list.all = func() iter.Seq[string] {
			domains, whole := c.checker.All(ctx)
			return func(yield func(string) bool) {
				domains(yield)
				list.err = whole()
			}
		}
	case c.file == "-":
		list.count = -1
		list.all = func() iter.Seq[string] { return list.lines("standard input", c.stdin) }
	case c.file != "":
		return c.fileDomains(list)
	default:
		list.count = len(args)
		list.all = func() iter.Seq[string] { return slices.Values(args) }
	}
	return list, nil
}

// fileDomains reads the file once before the first question, so that a mistake
// in its last line does not come after an hour.
func (c *dnsCheck) fileDomains(list *domainList) (*domainList, error) {
	f, err := os.Open(c.file)
	if err != nil {
		return nil, usagef("--file: %w", err)
	}
	list.close = func() { _ = f.Close() } // read only
	for range list.lines(c.file, f) {
		list.count++
	}
	if err := list.err; err != nil {
		list.close()
		return nil, err
	}
	if list.count == 0 {
		list.close()
		return nil, usagef("--file %s: no domain in it", c.file)
	}
	list.all = func() iter.Seq[string] {
		if _, list.err = f.Seek(0, io.SeekStart); list.err != nil {
			return func(func(string) bool) {}
		}
		return list.lines(c.file, f)
	}
	return list, nil
}

// lines reads one domain a line; a # starts a comment.
func (list *domainList) lines(name string, r io.Reader) iter.Seq[string] {
	return func(yield func(string) bool) {
		lines := bufio.NewScanner(r)
		for n := 1; lines.Scan(); n++ {
			text, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "\ufeff"), "#")
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			domain, err := provider.ParseDomain(text)
			if err != nil {
				list.err = usagef("%s:%d: %q is not a domain name of two labels or more", name, n, text)
				return
			}
			if !yield(domain) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			list.err = fmt.Errorf("%s: %w", name, err)
		}
	}
}

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct {
	w     io.Writer
	total int
	shown bool
}

func newProgress(w io.Writer, total int) *progress {
	if f, ok := w.(*os.File); !ok || total == 1 || !term.IsTerminal(int(f.Fd())) {
		w = nil
	}
	return &progress{w: w, total: total}
}

const barWidth = 30

func (p *progress) step(done int) {
	if p.w == nil {
		return
	}
	p.shown = true
	if p.total < 0 {
		fmt.Fprintf(p.w, "\r%d domains", done)
		return
	}
	full := barWidth * done / max(p.total, 1)
	fmt.Fprintf(p.w, "\r[%s%s] %d/%d", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, p.total)
}

// clear takes the bar away, for something else to be printed.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
