package workspace

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process tells whether a process exists and when it started; the time is zero if it cannot be told.
func process(pid int) (started time.Time, exists bool) {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return time.Time{}, false
	}
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return time.Time{}, true
	}
	return time.Unix(info.Proc.P_starttime.Unix()), true
}
