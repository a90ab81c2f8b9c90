package source

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"autoconfig/provider"
)

// Command is a program that prints domains, one a line. It is never run by a shell.
type Command struct {
	Args    []string
	Path    string // its PATH, in which it is looked for too
	Field   int    // of a line, counted from 1
	Timeout time.Duration
	Refresh time.Duration // how old its answer may be
}

// Name is the program with its arguments, for people.
func (c Command) Name() string { return strings.Join(c.Args, " ") }

func (c Command) key() string { return fmt.Sprintf("%q %s", c.Args, c.Path) }

// Commands remembers what each command printed last. The zero value is ready for use.
type Commands struct {
	mu   sync.Mutex
	runs map[string]*commandRun
}

// commandRun is a command and its last runs.
type commandRun struct {
	mu      sync.Mutex
	command Command
	out     []byte // of the last run that succeeded
	ok      bool   // one succeeded
	err     error  // of the last run
	at      time.Time
}

// Output is what a command printed in its last run that succeeded, with the error
// of its last run. It is nil before the first success.
func (c *Commands) Output(ctx context.Context, cmd Command) ([]byte, error) {
	c.mu.Lock()
	r := c.runs[cmd.key()]
	if r == nil {
		r = &commandRun{}
		if c.runs == nil {
			c.runs = map[string]*commandRun{}
		}
		c.runs[cmd.key()] = r
	}
	c.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.command = cmd
	r.refresh(ctx)
	return r.out, r.err
}

// retryCommand is how long a command is left alone after it failed.
const retryCommand = 30 * time.Second

// refresh runs the command if its output is too old, and reports whether the outcome
// differs. The caller holds the lock.
func (r *commandRun) refresh(ctx context.Context) (changed bool) {
	age := r.command.Refresh
	if r.err != nil {
		age = min(age, retryCommand)
	}
	if !r.at.IsZero() && time.Since(r.at) < age {
		return false
	}
	out, err := r.command.run(ctx)
	if err == nil && len(bytes.TrimSpace(out)) == 0 && len(r.out) > 0 {
		err = errors.New("it printed nothing, and printed domains before")
	}
	changed = (err == nil) != (r.err == nil) || err == nil && (!r.ok || !bytes.Equal(out, r.out))
	if r.at, r.err = time.Now(), err; err == nil {
		r.out, r.ok = out, true
	}
	return changed
}

// each calls do with every command that is known.
func (c *Commands) each(do func(*commandRun)) {
	c.mu.Lock()
	runs := slices.Collect(maps.Values(c.runs))
	c.mu.Unlock()
	for _, r := range runs {
		r.mu.Lock()
		do(r)
		r.mu.Unlock()
	}
}

// Refresh runs the commands whose output is too old, and reports whether the outcome of one differs.
func (c *Commands) Refresh(ctx context.Context) (changed bool) {
	c.each(func(r *commandRun) { changed = r.refresh(ctx) || changed })
	return changed
}

// Expire makes every output too old.
func (c *Commands) Expire() { c.each(func(r *commandRun) { r.at = time.Time{} }) }

// Keep forgets all commands but these.
func (c *Commands) Keep(list []Command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.runs, func(key string, _ *commandRun) bool {
		return !slices.ContainsFunc(list, func(cmd Command) bool { return cmd.key() == key })
	})
}

// mostOutput bounds what a command may print, in octets.
const mostOutput = 256 << 20

// run runs the program, with its output and its time bounded. Of this program's
// environment, which may hold secrets, it gets PATH alone.
func (c Command) run(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	program, err := lookPath(c.Args[0], c.Path)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, c.Args[1:]...) //nolint:gosec // the operator's, and no shell
	cmd.Env, cmd.Dir = []string{"PATH=" + c.Path, "LC_ALL=C.UTF-8"}, "/"
	out, words := &bounded{most: mostOutput}, &bounded{most: 4096, cut: true}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, words, time.Second
	inGroup(cmd)
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("it did not end within %s", c.Timeout)
	case errors.Is(err, errOutput) || out.full:
		return nil, errOutput
	case err != nil:
		first, _, _ := strings.Cut(strings.TrimSpace(words.String()), "\n")
		if strings.Contains(first, "@") { // it may be somebody's address
			first = ""
		}
		return nil, errors.New(strings.TrimSuffix(fmt.Sprintf("%s: %s", err, provider.Printable(first, 200)), ": "))
	}
	return out.Bytes(), nil
}

var errOutput = errors.New("it printed more than 256 MiB")

// lookPath is exec.LookPath with a PATH of its own.
func lookPath(name, path string) (string, error) {
	if strings.Contains(name, "/") {
		return exec.LookPath(name)
	}
	for dir := range strings.SplitSeq(path, ":") {
		if found, err := exec.LookPath(cmp.Or(dir, ".") + "/" + name); err == nil && strings.HasPrefix(dir, "/") {
			return found, nil
		}
	}
	return "", fmt.Errorf("there is no program %s in PATH", name)
}

// bounded is a buffer with a maximum size.
type bounded struct {
	bytes.Buffer
	most int
	cut  bool // drop what is too much, which else is an error
	full bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.most - b.Len(); len(p) > room {
		b.full = true
		if !b.cut {
			return 0, errOutput
		}
		b.Buffer.Write(p[:room])
		return len(p), nil
	}
	return b.Buffer.Write(p)
}

// Lines yields the field of each line of an output with the line's number; "" for a
// line with too few fields. Of an address only the domain is kept. A # starts a comment.
func (c Command) Lines(out []byte) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range bytes.Lines(out) {
			n++
			text, _, _ := bytes.Cut(line, []byte("#"))
			fields, field := bytes.Fields(text), ""
			if c.Field <= len(fields) {
				field = string(fields[c.Field-1])
			}
			if len(fields) > 0 && !yield(n, field[strings.LastIndexByte(field, '@')+1:]) {
				return
			}
		}
	}
}

// Missing replaces domains that could not be listed yet: any domain that is not served may be one of them.
type Missing struct {
	Name string
	Err  error
}

// Lookup cannot tell.
func (m Missing) Lookup(context.Context, provider.Address) (*provider.Provider, error) {
	return nil, fmt.Errorf("%w: %s: %w", provider.ErrUnavailable, m.Name, m.Err)
}

// Domains ends with the error.
func (m Missing) Domains(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		_, err := m.Lookup(ctx, provider.Address{})
		yield("", err)
	}
}
