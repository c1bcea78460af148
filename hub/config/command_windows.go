package config

import (
	"context"
	"os/exec"
	"strconv"
	"syscall"
)

// shellCommand runs the text in a shell of its own, which is killed with all it started when ctx ends.
func shellCommand(ctx context.Context, text string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd.exe")
	// The shell has its own rules for quotes; with /S it takes all between the outer ones as it is.
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CmdLine:       `cmd.exe /D /S /C "` + text + `"`,
		HideWindow:    true,
		CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP,
	}
	cmd.Cancel = func() error {
		// ctx is over, so this must not be bound to it.
		kill := exec.CommandContext(context.WithoutCancel(ctx), "taskkill.exe", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid))
		if err := kill.Run(); err != nil {
			return cmd.Process.Kill()
		}
		return nil
	}
	return cmd
}
