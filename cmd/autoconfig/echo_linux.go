package main

import "golang.org/x/sys/unix"

// echoOff stops the terminal from showing what is typed, before the question is shown: term.ReadPassword does so only
// when it begins to read, which would show what a quick hand types at once.
func echoOff(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	t.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(fd, unix.TCSETS, t)
}
