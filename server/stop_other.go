//go:build !linux

package server

import "net"

// refuseNew cannot be done here: what is in a port's queue when it closes is lost.
func refuseNew(*net.TCPListener) {}

func queued(*net.TCPListener) int { return 0 }
