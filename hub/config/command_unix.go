//go:build unix

package config

import (
	"context"
	"os/exec"
	"syscall"
)

// shellCommand runs the text in a shell and process group of its own, which is killed as a whole when ctx ends.
func shellCommand(ctx context.Context, text string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", text)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}
