//go:build unix && !linux

package upstream

import (
	"errors"
	"syscall"
)

// dieWithParent: only Linux has it. Elsewhere the guard does this work alone.
func dieWithParent(*syscall.SysProcAttr) {}

// member is a process outside its session; only Linux shows them to us.
type member struct{ pid int }

func (member) alive() bool { return false }

func descendants(int) []member { return nil }

// inhabited reports whether a process of group pgid is left.
func inhabited(pgid int) bool { return !errors.Is(syscall.Kill(-pgid, 0), syscall.ESRCH) }
