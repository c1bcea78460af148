//go:build unix

package loginpath

import (
	"os/exec"
	"syscall"
)

// apart has a command lead a session of its own: it has no terminal to stop on, and can be ended with all that it started.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return endGroup(cmd) }
}

// endGroup ends a command and all that it started.
func endGroup(cmd *exec.Cmd) error {
	if cmd.Process == nil {
		return nil
	}
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
