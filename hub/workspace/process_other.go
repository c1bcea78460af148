//go:build unix && !linux && !darwin

package workspace

import (
	"errors"
	"syscall"
	"time"
)

// process tells whether a process exists; when it started cannot be told here.
func process(pid int) (started time.Time, exists bool) {
	return time.Time{}, !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
