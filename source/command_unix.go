//go:build unix

package source

import (
	"os/exec"
	"syscall"
)

// inGroup puts a program into a group of its own, all of which is killed when its
// time is up: what a script has started too.
func inGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
