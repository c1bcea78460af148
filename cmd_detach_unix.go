//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// detach lets a command outlive this process and its terminal: it leads a session of its own.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
