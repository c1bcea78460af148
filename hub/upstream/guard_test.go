//go:build linux

package upstream

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// sleeper is a process in a group of its own, as a server's is.
func sleeper(t *testing.T) int {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), "sleep", "300")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// TestGuard kills what is under guard when its pipe ends, and nothing else.
func TestGuard(t *testing.T) {
	g := newGuard(quiet())
	left, removed, never := sleeper(t), sleeper(t), sleeper(t)
	g.add(left)
	g.add(removed)
	g.remove(removed)
	g.close()
	g.close()
	eventually(t, "the one under guard is killed", func() bool { return !living(left) })
	if !living(removed) || !living(never) {
		t.Error("it killed what it was not to guard")
	}
}

// TestGuardKilled: another takes over with the next server, for all of them.
func TestGuardKilled(t *testing.T) {
	g := newGuard(quiet())
	first, second := sleeper(t), sleeper(t)
	g.add(first)
	shell := g.shell.Process.Pid
	eventually(t, "it ignores SIGHUP, SIGINT and SIGTERM", func() bool {
		const wanted = 1<<(syscall.SIGHUP-1) | 1<<(syscall.SIGINT-1) | 1<<(syscall.SIGTERM-1)
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", shell))
		_, line, _ := strings.Cut(string(text), "SigIgn:")
		line, _, _ = strings.Cut(line, "\n")
		ignored, _ := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
		return ignored&wanted == wanted
	})
	_ = syscall.Kill(shell, syscall.SIGKILL)
	eventually(t, "the guard is gone", func() bool { return !living(shell) })
	g.remove(0) // meets a pipe that nobody reads
	g.add(second)
	if g.shell.Process.Pid == shell || !living(g.shell.Process.Pid) {
		t.Fatal("no other guard")
	}
	if !living(first) || !living(second) {
		t.Error("the end of the guard ended what it guards")
	}
	g.close()
	eventually(t, "both are killed", func() bool { return !living(first) && !living(second) })
}
