//go:build unix

package upstream

import (
	"os/exec"
	"slices"
	"syscall"
)

// tree is a server's command and its descendants: a session of its own, and on Linux also what left that session.
type tree struct {
	sid   int // of the session, which is the command's process id and group too
	guard *guard
	known []member // descendants seen while the chain of parents was whole
}

// prepare makes the command the leader of a session of its own, so that no signal of the hub's terminal reaches it
// and one signal reaches all of its group.
func prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	dieWithParent(cmd.SysProcAttr)
}

// adopt takes charge of a command that has just started.
func adopt(cmd *exec.Cmd, g *guard) *tree {
	t := &tree{sid: cmd.Process.Pid, guard: g}
	g.add(t.sid)
	return t
}

// remember notes who belongs to the tree now.
func (t *tree) remember() { t.known = append(t.known, descendants(t.sid)...) }

// signal asks every process of the tree to end, or kills it.
func (t *tree) signal(kill bool) {
	sig := syscall.SIGTERM
	if kill {
		sig = syscall.SIGKILL
	}
	t.remember()
	_ = syscall.Kill(-t.sid, sig) // ESRCH: already gone
	for _, m := range t.known {
		if m.alive() {
			_ = syscall.Kill(m.pid, sig)
		}
	}
}

// gone reports whether no process of the tree is left.
func (t *tree) gone() bool {
	return !inhabited(t.sid) && !slices.ContainsFunc(t.known, member.alive)
}

// release ends the charge. Whoever was born while gone looked dies here.
func (t *tree) release() {
	_ = syscall.Kill(-t.sid, syscall.SIGKILL)
	t.guard.remove(t.sid)
}
