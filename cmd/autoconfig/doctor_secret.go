package main

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"autoconfig/discover/probe"
	"autoconfig/files"
)

// secretFlags say what to log in with, if at all.
type secretFlags struct {
	login        bool
	passwordFile string
	tokenFile    string
	hosts        []string
}

func (s *secretFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.login, "login", false, "ask for the password and try it, once at each server")
	f.StringVar(&s.passwordFile, "password-file", "", "try the password in the first line of this `file`")
	f.StringVar(&s.tokenFile, "token-file", "",
		"try the OAuth2 access token in the first line of this `file` (XOAUTH2)")
	f.StringArrayVar(&s.hosts, "login-host", nil,
		"this `host` may be given the password although it is of another domain (repeatable)")
	exclusive(cmd, "login", "password-file", "token-file")
}

// mostSecret bounds a password or token, in bytes.
const mostSecret = 16 << 10

// loginOf reads the secret, nil when no login was asked for.
func (d *doctorRun) loginOf(ctx context.Context) (*probe.Login, error) {
	s := d.secret
	if !s.login && s.passwordFile == "" && s.tokenFile == "" {
		return nil, nil //nolint:nilnil // no login is the usual case
	}
	if d.addr.Local == "" && d.username == "" {
		return nil, usagef("a login needs a full address, or --username NAME")
	}
	l := &probe.Login{Address: d.addr, Username: d.username}
	var err error
	switch {
	case s.login:
		l.Password, err = d.promptPassword(ctx)
	case s.passwordFile != "":
		l.Password, err = firstLine("--password-file", s.passwordFile)
	default:
		l.Token, err = firstLine("--token-file", s.tokenFile)
	}
	if err != nil {
		return nil, err
	}
	if l.Password+l.Token == "" {
		return nil, usagef("the password or token is empty")
	}
	if strings.ContainsFunc(l.Password+l.Token+l.Username, unicode.IsControl) {
		return nil, usagef("the password, token or user name holds control characters")
	}
	return l, nil
}

// firstLine is the first line of a file that a flag names.
func firstLine(flag, path string) (string, error) {
	text, err := named().Read(path, files.Secret)
	if err != nil {
		return "", usagef("%s: %w", flag, err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if len(line) > mostSecret {
		return "", usagef("%s: the first line of %s has more than %d bytes", flag, path, mostSecret)
	}
	return strings.TrimRight(line, "\r"), nil
}

func (d *doctorRun) promptPassword(ctx context.Context) (string, error) {
	f, ok := terminal(d.stdin)
	if !ok {
		return "", usagef("--login asks for the password on a terminal, and there is none; write --password-file FILE")
	}
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(fd, before) }() // also when ctx has ended
	if err := echoOff(fd); err != nil {
		return "", err
	}
	fmt.Fprintf(d.stderr, "Password for %s: ", d.addr)
	password, err := interruptible(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	fmt.Fprintln(d.stderr)
	return string(password), err
}

// confirm asks the person at the terminal, if there is one.
func (d *doctorRun) confirm(ctx context.Context, host string) bool {
	_, person := terminal(d.stdin)
	return person && d.agreed(ctx, "%s is not a host of %s or its mail exchangers. Send it the password?",
		host, d.addr.Domain)
}
