//go:build linux

package upstream

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func living(pid int) bool {
	s, ok := readStat(pid)
	return ok && s.state != 'Z'
}

// pids returns those that the journal tells of with prefix.
func (s script) pids(t *testing.T, prefix string) (out []int) {
	t.Helper()
	for _, line := range s.journal(t, prefix) {
		pid, err := strconv.Atoi(strings.TrimPrefix(line, prefix+" "))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pid)
	}
	return out
}

// spawn has a server start a command, and returns its process id.
func spawn(t *testing.T, c Conn, output bool, argv ...string) int {
	t.Helper()
	// The tool answers only after the process has started, and then waits for it.
	pid, err := strconv.Atoi(result(t, c, tool("spawn", arguments{Argv: argv, Output: output})))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestProcessEnds: how long it takes, and that nothing is left.
func TestProcessEnds(t *testing.T) {
	tests := []struct {
		name        string
		change      func(*script)
		least, most time.Duration
	}{
		{"with its input", func(*script) {}, 0, 10 * closeGrace},
		{"at a signal", func(s *script) { s.Stay = true }, closeGrace, 10 * closeGrace},
		{"by force", func(s *script) { s.Stay, s.NoTerm = true, true }, closeGrace + termGrace, 10 * closeGrace},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := legacyScript(t)
			test.change(&s)
			c, _, _ := mustStart(t, s)
			pids := []int{
				c.PID(),
				spawn(t, c, false, "sleep", "300"),
				spawn(t, c, true, "sleep", "300"),
				spawn(t, c, true, "setsid", "sleep", "300"),
				spawn(t, c, false, "sh", "-c", "trap '' TERM; sleep 300; sleep 300"),
				spawn(t, c, false, "setsid", "sh", "-c", "trap '' TERM; sleep 300; sleep 300"),
			}
			// A shell needs a moment to set its trap; without it, it would only die sooner.
			began := time.Now()
			if err := c.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took < test.least || took > test.most {
				t.Errorf("it took %v", took)
			}
			for i, pid := range pids {
				if living(pid) {
					t.Errorf("process %d, number %d, lives", pid, i)
				}
			}
			if graceful := len(s.journal(t, "eof")) == 1; !graceful {
				t.Error("it was not told by the end of its input")
			}
		})
	}
}

// TestProcessEndsAtOnce: the end of the context ends everything by force.
func TestProcessEndsAtOnce(t *testing.T) {
	s := legacyScript(t)
	s.Stay, s.NoTerm = true, true
	c, _, _ := mustStart(t, s)
	pid, child := c.PID(), spawn(t, c, true, "setsid", "sleep", "300")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	_ = c.Close(ctx)
	if took := time.Since(began); took > closeGrace+termGrace {
		t.Errorf("it took %v", took)
	}
	eventually(t, "both are gone", func() bool { return !living(pid) && !living(child) })
}

// TestProcessThatEscaped: one that left the session and lost its parent is out of reach, but holds nothing up although
// it has the server's output.
func TestProcessThatEscaped(t *testing.T) {
	noLeaks(t)
	c, _, _ := mustStart(t, legacyScript(t))
	file := filepath.Join(t.TempDir(), "pid")
	spawn(t, c, true, "sh", "-c", "setsid sh -c 'echo $$ >"+file+".new; mv "+file+".new "+file+"; exec sleep 300' &")
	var pid int
	eventually(t, "it escaped", func() bool {
		text, _ := os.ReadFile(file)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		s, _ := readStat(pid)
		return pid != 0 && s.parent != 0 && len(s.start) > 0 && !isChild(c.PID(), s.parent)
	})
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	began := time.Now()
	_ = c.Close(t.Context())
	if took := time.Since(began); took > 10*closeGrace {
		t.Errorf("it took %v", took)
	}
	if !living(pid) {
		t.Error("it is gone: this test tests nothing")
	}
}

// isChild reports whether pid is root or below it.
func isChild(root, pid int) bool {
	for pid > 1 {
		if pid == root {
			return true
		}
		s, _ := readStat(pid)
		pid = s.parent
	}
	return false
}

// TestCrashSweeps: what a server leaves behind when it crashes is gone before the next one starts.
func TestCrashSweeps(t *testing.T) {
	s := legacyScript(t)
	r := run(t, map[string]any{"s": entry(t, s)})
	r.reaches("s", Ready)
	child := spawn(t, r.conn("s"), false, "sleep", "300")
	_, _ = doCall(t, r.conn("s"), tool("crash", arguments{}))
	eventually(t, "it is started again", func() bool { return len(s.journal(t, "start")) == 2 })
	if living(child) {
		t.Error("its child lives")
	}
}

// TestSetNeverTwice: however fast commands and configurations come, a server never runs twice, and the last one counts.
func TestSetNeverTwice(t *testing.T) {
	s := legacyScript(t)
	with := map[string]any{"s": entry(t, s)}
	r := run(t, with)
	twice := func() {
		var alive []int
		for _, pid := range s.pids(t, "start") {
			if living(pid) {
				alive = append(alive, pid)
			}
		}
		if len(alive) > 1 {
			t.Errorf("processes %v run at once", alive)
		}
	}
	for i := range 60 {
		switch server := r.Get("s"); {
		case i%20 == 19:
			r.configure(map[string]any{})
			r.configure(with)
		case i%3 == 0:
			server.Start()
		case i%3 == 1:
			server.Restart()
		default:
			server.Stop()
		}
		if i%5 == 0 {
			time.Sleep(20 * time.Millisecond)
		}
		twice()
	}
	r.Get("s").Stop()
	r.reaches("s", Idle)
	r.Get("s").Start()
	r.reaches("s", Ready)
	twice()
	result(t, r.conn("s"), tool("echo", arguments{}))
}

// TestRemovedAndAddedAgain: the new server of the name waits until the old one has ended, however long that takes.
func TestRemovedAndAddedAgain(t *testing.T) {
	s := legacyScript(t)
	s.Stay = true // so that the old one takes a second
	with := map[string]any{"s": entry(t, s)}
	r := run(t, with)
	old := r.reaches("s", Ready).PID
	r.configure(map[string]any{})
	r.configure(with)
	r.configure(map[string]any{})
	r.configure(with)
	if !living(old) {
		t.Error("the old one is gone already: this test tests nothing")
	}
	eventually(t, "the new one starts", func() bool { return len(s.journal(t, "start")) == 2 })
	if living(old) {
		t.Error("both live")
	}
	r.reaches("s", Ready)
}

// TestSetLeavesNothing of any server's tree when it has ended.
func TestSetLeavesNothing(t *testing.T) {
	servers, scripts := map[string]any{}, []script{}
	for i := range 4 {
		s := legacyScript(t)
		s.Stay, s.NoTerm = i%2 == 1, i == 3
		s.Spawn = [][]string{{"sleep", "300"}, {"setsid", "sleep", "300"}}
		servers[fmt.Sprint(i)] = entry(t, s)
		scripts = append(scripts, s)
	}
	r := run(t, servers)
	for name := range servers {
		r.reaches(name, Ready)
	}
	r.stop()
	for i, s := range scripts {
		pids := append(s.pids(t, "start"), s.pids(t, "spawned")...)
		if len(pids) != 3 {
			t.Errorf("server %d: %d processes", i, len(pids))
		}
		for _, pid := range pids {
			if living(pid) {
				t.Errorf("server %d: process %d lives", i, pid)
			}
		}
	}
}

// TestHubKilled: when the hub is killed, its servers and their groups are too.
func TestHubKilled(t *testing.T) {
	s := legacyScript(t)
	s.Stay, s.NoTerm = true, true
	s.Spawn = [][]string{{"sleep", "300"}, {"sh", "-c", "trap '' TERM HUP; sleep 300; sleep 300"}}
	r := running{Set: NewSet(Options{Log: quiet()}), t: t, file: filepath.Join(t.TempDir(), "servers.json")}
	r.configure(map[string]any{"a": entry(t, s), "b": entry(t, s)}) // for the file
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	hub := exec.CommandContext(context.Background(), exe)
	hub.Env = append(os.Environ(), hubVar+"="+r.file)
	if err := hub.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both servers are asked for their tools", func() bool { return len(s.journal(t, "tools/list")) == 2 })
	pids := append(s.pids(t, "start"), s.pids(t, "spawned")...)
	if len(pids) != 6 {
		t.Fatalf("processes %v", pids)
	}
	guards := children(hub.Process.Pid, "mcp-hub-guard")
	if len(guards) != 1 {
		t.Errorf("guards %v", guards)
	}
	_ = hub.Process.Kill()
	_ = hub.Wait()
	for _, pid := range append(pids, guards...) {
		eventually(t, fmt.Sprintf("process %d is gone", pid), func() bool { return !living(pid) })
	}
}

// children returns the processes whose parent is pid and whose command is name.
func children(pid int, name string) (out []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if s, ok := readStat(child); ok && s.parent == pid && s.state != 'Z' && strings.HasPrefix(string(text), name) {
			out = append(out, child)
		}
	}
	return out
}
