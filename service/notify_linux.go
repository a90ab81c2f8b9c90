package service

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// reloading is the state while everything is read again, with the time by which Type=notify-reload knows which reload
// the next READY=1 ends (sd_notify(3), MONOTONIC_USEC).
func reloading() string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return stateReloading
	}
	return fmt.Sprintf("%s\nMONOTONIC_USEC=%d", stateReloading, now.Nano()/1000)
}
