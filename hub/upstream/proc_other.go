//go:build unix && !linux

package upstream

import "syscall"

// dieWithParent: only Linux has it. Elsewhere the guard does this work alone.
func dieWithParent(*syscall.SysProcAttr) {}

// member is a process outside its session; only Linux shows them to us.
type member struct{ pid int }

func (member) alive() bool { return false }

func descendants(int) []member { return nil }
