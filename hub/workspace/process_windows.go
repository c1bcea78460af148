package workspace

import (
	"errors"
	"time"

	"golang.org/x/sys/windows"
)

// process tells whether a process exists and when it started; the time is zero if it cannot be told.
func process(pid int) (started time.Time, exists bool) {
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, uint32(pid))
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return time.Time{}, false
	}
	if err != nil {
		return time.Time{}, true
	}
	defer func() { _ = windows.CloseHandle(handle) }()
	// A process that has ended is there as long as somebody has a handle of it.
	if event, err := windows.WaitForSingleObject(handle, 0); err == nil && event == windows.WAIT_OBJECT_0 {
		return time.Time{}, false
	}
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(handle, &created, &exited, &kernel, &user) != nil {
		return time.Time{}, true
	}
	return time.Unix(0, created.Nanoseconds()), true
}
