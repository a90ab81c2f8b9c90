package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"autoconfig/apple"
	"autoconfig/dnssrv/query"
	"autoconfig/files"
)

// fileValues are the values in a file, one a line, and how many there are (-1: not known). A named file is read before
// the first of them, so that a mistake in its last line does not come after an hour; standard input ("-") is read as it
// comes.
func fileValues[T any](path string, stdin io.Reader, parse func(string) (T, error)) (int, iter.Seq2[T, error], error) {
	if path == "-" {
		return -1, lineValues("standard input", stdin, parse), nil
	}
	f, err := named().Open(path, files.Domains)
	if err != nil {
		return 0, nil, usagef("--file: %w", err)
	}
	defer f.Close()
	var list []T
	for v, err := range lineValues(path, f, parse) {
		if err != nil {
			return 0, nil, err
		}
		list = append(list, v)
	}
	return len(list), each(list), nil
}

// named reads files that a command line names, within bounds; a person may be at the other end of a pipe.
func named() *files.Reader { return &files.Reader{AnyKind: true, Patience: time.Minute} }

// mostDocument bounds a document, in octets; a signed profile is larger than what it signs.
const mostDocument = 2 * apple.MaxSize

func (a *app) readDocument(name string) ([]byte, error) {
	if name != "-" {
		text, err := named().Read(name, mostDocument)
		if err != nil {
			return nil, usageError{err: err}
		}
		return text, nil
	}
	text, err := io.ReadAll(io.LimitReader(a.stdin, mostDocument+1))
	if err == nil && len(text) > mostDocument {
		err = usagef("standard input: more than %d bytes", mostDocument)
	}
	return text, err
}

// lineValues reads one value a line; a # starts a comment. An error ends them.
func lineValues[T any](name string, r io.Reader, parse func(string) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		lines := bufio.NewScanner(r)
		for n := 1; lines.Scan(); n++ {
			text, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "\ufeff"), "#")
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			v, err := parse(text)
			if err != nil {
				err = usagef("%s:%d: %w", name, n, err)
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(*new(T), fmt.Errorf("%s: %w", name, err))
		}
	}
}

// each yields the values of a list, without an error.
func each[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// terminal is a stream as a file, when a person sits at it.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct {
	w     io.Writer
	total int
	shown bool
}

func newProgress(w io.Writer, total int) *progress {
	if _, ok := terminal(w); !ok || total == 1 {
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

// eachInOrder works on the values of a list, several at a time, and shows the results in the order of the list, under a
// bar. It ends with the first error of show, of the list or of ctx: what is under way then ended early and tells
// nothing.
func eachInOrder[T, R any](ctx context.Context, bar *progress, list iter.Seq2[T, error], workers int,
	work func(context.Context, T) R, show func(R) error) error {
	defer bar.clear()
	var broke error
	count := 0
	for r := range query.InOrder(ctx, query.Until(list, &broke), workers, work) {
		if ctx.Err() != nil {
			break
		}
		bar.clear()
		if err := show(r); err != nil {
			return err
		}
		count++
		bar.step(count)
	}
	return cmp.Or(broke, context.Cause(ctx))
}
