//go:build !linux

package service

// reloading is the state while everything is read again.
func reloading() string { return stateReloading }
