//go:build !linux

package main

// echoOff leaves it to term.ReadPassword, which is a moment later.
func echoOff(int) error { return nil }
