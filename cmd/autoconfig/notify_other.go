//go:build !linux

package main

// reloading is the state while everything is read again.
func reloading() string { return stateReloading }
