package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"autoconfig/provider"
)

// script writes a program and is its path.
func script(t *testing.T, path, text string) {
	t.Helper()
	next := path + ".new"
	if err := os.WriteFile(next, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

func (c *Commands) domains(cmd Command) (string, error) {
	out, err := c.Output(context.Background(), cmd)
	var list []string
	for n, text := range cmd.Lines(out) {
		list = append(list, fmt.Sprintf("%d:%s", n, text))
	}
	return strings.Join(list, " "), err
}

// What a command printed last stays while it fails, in whatever way.
func TestCommands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	cmd := Command{Args: []string{path, "a b; echo no", "$HOME"}, Path: "/usr/bin:/bin", Field: 1,
		Timeout: 5 * time.Second, Refresh: time.Hour}
	c := &Commands{}
	if _, err := c.domains(cmd); err == nil {
		t.Error("no such program, no error")
	}
	t.Setenv("SECRET_DSN", "postgres://")
	for name, row := range map[string]struct{ script, want, says string }{
		"good": {"echo one.example; echo; echo '# two.example'; printf 'jo@three.example x\\nfour.example'",
			"1:one.example 4:three.example 5:four.example", ""},
		"arguments": {`[ "$1" = 'a b; echo no' ] && [ "$2" = '$HOME' ] && [ $# = 2 ] && echo right.example`,
			"1:right.example", ""},
		"no secrets": {`[ -z "$SECRET_DSN$HOME" ] && echo right.example`, "1:right.example", ""},
		"status":     {"echo new.example; echo it broke >&2; exit 3", "1:old.example", "exit status 3: it broke"},
		"an address": {"echo no mailbox jo@shop.example >&2; exit 3", "1:old.example", "exit status 3"},
		"many words": {"for i in 1 2 3 4 5 6 7 8 9; do printf '%01000d\\n' 0 >&2; done; echo new.example", "1:new.example",
			""},
		"nothing": {"exit 0", "1:old.example", "it printed nothing"},
		"hangs":   {"echo new.example; sleep 300 & sleep 300", "1:old.example", "it did not end within 300ms"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := cmd
			c := &Commands{}
			script(t, path, "echo old.example")
			if got, err := c.domains(cmd); err != nil || got != "1:old.example" {
				t.Fatalf("%s, %v", got, err)
			}
			script(t, path, row.script)
			if got, _ := c.domains(cmd); got != "1:old.example" {
				t.Errorf("run again although it is fresh: %s", got)
			}
			if name == "hangs" {
				cmd.Timeout = 300 * time.Millisecond
			}
			c.Expire()
			got, err := c.domains(cmd)
			if got != row.want || (err == nil) != (row.says == "") || err != nil &&
				(!strings.HasPrefix(err.Error(), row.says) || strings.Contains(err.Error(), "jo@")) {
				t.Errorf("%s, %v", got, err)
			}
			script(t, path, "echo last.example")
			if again, _ := c.domains(cmd); again != got {
				t.Errorf("run again at once: %s", again)
			}
			c.Expire()
			if !c.Refresh(t.Context()) || c.Refresh(t.Context()) {
				t.Error("the change was not seen once")
			}
			if c.Expire(); c.Refresh(t.Context()) {
				t.Error("the same answer is a change")
			}
			if got, err := c.domains(cmd); err != nil || got != "1:last.example" {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	script(t, path, "exit 0")
	if got, err := (&Commands{}).domains(cmd); got != "" || err != nil {
		t.Errorf("no domains yet: %s, %v", got, err)
	}
	cmd.Args, cmd.Path = []string{"list"}, "relative:/nowhere:"+filepath.Dir(path)
	script(t, path, "echo found.example")
	if got, err := (&Commands{}).domains(cmd); got != "1:found.example" || err != nil {
		t.Errorf("by PATH: %s, %v", got, err)
	}
	c.Keep(nil)
	if len(c.runs) != 0 {
		t.Error("a command that is gone is kept")
	}
}

// What a command has started ends with it when it takes too long.
func TestCommandsChildren(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	open, err := os.OpenFile(pipe, os.O_RDWR, 0) // so that the child need not wait for a writer
	if err != nil {
		t.Fatal(err)
	}
	script(t, filepath.Join(dir, "list"), "sleep 300 < "+pipe+" & sleep 300")
	cmd := Command{Args: []string{filepath.Join(dir, "list")}, Path: "/usr/bin:/bin", Field: 1,
		Timeout: 500 * time.Millisecond, Refresh: time.Hour}
	if _, err := (&Commands{}).domains(cmd); err == nil {
		t.Error("it did not take too long")
	}
	_ = open.Close()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := syscall.Open(pipe, syscall.O_WRONLY|syscall.O_NONBLOCK, 0); errors.Is(err, syscall.ENXIO) {
			return // nobody reads it
		}
		if time.Now().After(end) {
			t.Fatal("its child runs on")
		}
	}
}

func TestCommandFieldAndBounds(t *testing.T) {
	cmd := Command{Field: 2}
	var got []string
	for n, text := range cmd.Lines([]byte("shop.example  on\nx jo@two.example\n x\tthree.example\r\n")) {
		got = append(got, fmt.Sprint(n, text))
	}
	if strings.Join(got, " ") != "1on 2two.example 3three.example" {
		t.Error(got)
	}
	b := &bounded{most: 4}
	if _, err := b.Write([]byte("12345")); !errors.Is(err, errOutput) || !b.full {
		t.Error(err)
	}
	b = &bounded{most: 4, cut: true}
	if n, err := b.Write([]byte("12345")); n != 5 || err != nil || b.String() != "1234" {
		t.Error(n, err)
	}
	if _, err := (Chain{Missing{"list", errors.New("gone")}, NewIndex(0, 0)}).Lookup(t.Context(),
		provider.Address{Domain: "x.example"}); !errors.Is(err, provider.ErrUnavailable) {
		t.Error(err)
	}
}
