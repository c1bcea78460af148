package upstream

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// dieWithParent has the kernel kill the command when the hub dies. Strictly, when the thread dies that started it: Go
// ends a thread only when a goroutine locked to it returns, and the hub has none.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }

// member is a process, told from a later one with the same id by its start time.
type member struct {
	pid   int
	start string
}

func (m member) alive() bool {
	s, ok := readStat(m.pid)
	return ok && s.start == m.start && s.state != 'Z'
}

type stat struct {
	parent, session int
	state           byte
	start           string
}

// readStat reads /proc/PID/stat, see proc(5).
func readStat(pid int) (stat, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, false
	}
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:]) // from field 3 on; the name before may hold anything
	if len(f) < 20 {
		return stat{}, false
	}
	parent, _ := strconv.Atoi(string(f[1]))
	session, _ := strconv.Atoi(string(f[3]))
	return stat{parent, session, f[0][0], string(f[19])}, true
}

// inhabited reports whether a process of session sid, or one below it, lives. A signal would also find the dead for
// whom nobody waits, as in a container whose first process does not.
func inhabited(sid int) bool { return len(descendants(sid)) > 0 }

// descendants returns the live processes of session sid, and those whose chain of parents leads into it.
func descendants(sid int) []member {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	names, _ := dir.Readdirnames(-1)
	_ = dir.Close()
	all := map[int]stat{}
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if s, ok := readStat(pid); ok && s.state != 'Z' {
				all[pid] = s
			}
		}
	}
	var out []member
	for pid, s := range all {
		for at, depth := pid, 0; at > 1 && depth < 64; at, depth = all[at].parent, depth+1 {
			if at == sid || all[at].session == sid {
				out = append(out, member{pid, s.start})
				break
			}
		}
	}
	return out
}
