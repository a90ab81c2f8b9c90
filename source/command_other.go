//go:build !unix

package source

import "os/exec"

func inGroup(*exec.Cmd) {}
