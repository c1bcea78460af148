package upstream

import (
	"log/slog"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// tree is a server's command and its descendants: a job object, which ends them all when its last handle is closed,
// which the kernel does if the hub dies.
type tree struct {
	job windows.Handle
	pid uint32
}

// guard is the kernel's work on Windows.
type guard struct{}

func newGuard(*slog.Logger) *guard { return &guard{} }

func (*guard) close() {}

// prepare gives the command a process group of its own and no window.
func prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW,
		HideWindow:    true,
	}
}

// adopt puts a command that has just started into a job object.
func adopt(cmd *exec.Cmd, _ *guard) *tree {
	t := &tree{pid: uint32(cmd.Process.Pid)}
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return t
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE},
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err == nil {
		var h windows.Handle
		if h, err = windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, t.pid); err == nil {
			err = windows.AssignProcessToJobObject(job, h)
			_ = windows.CloseHandle(h)
		}
	}
	if err != nil {
		_ = windows.CloseHandle(job)
		return t
	}
	t.job = job
	return t
}

func (t *tree) remember() {}

// signal asks the command to end by a console event, or kills the whole job.
func (t *tree) signal(kill bool) {
	switch {
	case !kill:
		_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, t.pid)
	case t.job != 0:
		_ = windows.TerminateJobObject(t.job, 1)
	default:
		if h, err := windows.OpenProcess(windows.PROCESS_TERMINATE, false, t.pid); err == nil {
			_ = windows.TerminateProcess(h, 1)
			_ = windows.CloseHandle(h)
		}
	}
}

// gone is always true: closing the job, in release, ends what is left.
func (t *tree) gone() bool { return true }

// release ends the charge, and what is left of the tree.
func (t *tree) release() {
	if t.job != 0 {
		_ = windows.CloseHandle(t.job)
		t.job = 0
	}
}
