package workspace

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ticks is how many units of time /proc counts in a second, the same on all systems that Go runs on.
const ticks = 100

// process tells whether a process exists and when it started; the time is zero if it cannot be told. It reads the clock
// that /proc counts on, not the time of boot, which containers and virtual machines misstate.
func process(pid int) (started time.Time, exists bool) {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return time.Time{}, false
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return time.Time{}, true
	}
	// The name, in parentheses, may hold anything; the fields after it begin with the third, see proc_pid_stat(5).
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return time.Time{}, true
	}
	if state := string(fields[0]); state == "Z" || state == "X" {
		return time.Time{}, false
	}
	since, err := strconv.ParseInt(string(fields[19]), 10, 64)
	var now unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return time.Time{}, true
	}
	age := time.Duration(now.Nano()) - time.Duration(since)*(time.Second/ticks)
	return time.Now().Add(-age), true
}
