package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mcphub/test/rig"
)

// goneWithin is how long a process of the hub may outlive it.
const goneWithin = 5 * time.Second

// TestServerKilled kills a server's process: the hub starts it again by itself, and calls work again.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	hub := rig.StartHub(t, map[string]rig.Server{
		"fixture": {Command: rig.Build(t, rig.Fixture)},
		"other":   {Command: rig.Build(t, rig.Fixture)},
	})
	pid := func(server string) (int, error) {
		text, err := rig.CallTool(t, hub.MCP(), server+"__pid", map[string]any{})
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(text)
	}
	first, err := pid("fixture")
	if err != nil {
		t.Fatal(err)
	}
	other, err := pid("other")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(descendants(t, hub.Pid()), func(p process) bool { return p.pid == first }) {
		t.Fatalf("process %d is not below the hub's %d", first, hub.Pid())
	}
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	rig.Eventually(t, 15*time.Second, "a call of the server that was killed", func() error {
		again, err := pid("fixture")
		if err == nil && again == first {
			err = fmt.Errorf("process %d still answers", first)
		}
		return err
	})
	if now, err := pid("other"); err != nil || now != other {
		t.Errorf("the other server was touched: process %d became %d, %v", other, now, err)
	}
}

// TestHubEnds ends the hub, with a server that npx started (a process whose child is the server): nothing outlives it.
func TestHubEnds(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "terminated": syscall.SIGTERM, "interrupted": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := rig.StartHub(t, map[string]rig.Server{
				"fixture": {Command: rig.Build(t, rig.Fixture)},
				"npx":     {Command: "npx", Args: []string{"--no", "mcp-server-everything"}, Cwd: rig.Dir(t)},
			})
			// At least the fixture, npx and what npx started.
			endsWithTree(t, hub, sig, 3)
		})
	}
}

// endsWithTree sends a signal to the hub, whose tree has at least some processes, and waits until none of them is left.
func endsWithTree(t *testing.T, hub *rig.Hub, sig syscall.Signal, least int) {
	t.Helper()
	tree := descendants(t, hub.Pid())
	if len(tree) < least {
		t.Fatalf("the hub's tree is too small to prove anything: %v", tree)
	}
	t.Cleanup(func() {
		for _, p := range tree {
			if p.alive() { // the test has failed; do not leave its processes behind
				_ = syscall.Kill(p.pid, syscall.SIGKILL)
			}
		}
	})
	ended := time.Now()
	hub.Signal(t, sig)
	code := hub.Wait(t, goneWithin)
	if sig != syscall.SIGKILL && code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	rig.Eventually(t, goneWithin-time.Since(ended), "the end of the hub's tree", func() error {
		var alive []string
		for _, p := range tree {
			if p.alive() {
				alive = append(alive, p.String())
			}
		}
		if alive != nil {
			return errors.New("still alive: " + strings.Join(alive, "; "))
		}
		return nil
	})
}

// TestPortTaken starts a hub on a port that is in use: it says so, in the words that editors look for, and fails.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	hub := rig.StartHub(t, map[string]rig.Server{"fixture": {Command: rig.Build(t, rig.Fixture)}})
	port := hub.Base[strings.LastIndexByte(hub.Base, ':')+1:]
	second := rig.StartProcess(t, rig.HubBinary(t), "--port", port, "--config", hub.Config)
	if code := second.Wait(t, 20*time.Second); code == 0 {
		t.Error("exit code 0, want a failure")
	}
	if log := second.Log(); !strings.Contains(log, "EADDRINUSE") {
		t.Errorf("the output does not say EADDRINUSE:\n%s", log)
	}
}

// A process is one that lives or lived; its start time tells it from a later one with the same id.
type process struct {
	pid, parent int
	started     string
	dead        bool // a zombie, or gone between two reads
	command     string
}

func (p process) String() string { return fmt.Sprintf("%d %s", p.pid, p.command) }

// alive reports whether the process still runs.
func (p process) alive() bool {
	now, err := readProcess(p.pid)
	return err == nil && now.started == p.started && !now.dead
}

// readProcess reads /proc/PID/stat, see proc_pid_stat(5).
func readProcess(pid int) (process, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return process{}, err
	}
	// The second field is the name in parentheses and may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return process{}, fmt.Errorf("unexpected %s", stat)
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return process{}, err
	}
	command, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return process{}, err
	}
	return process{
		pid: pid, parent: parent, started: fields[19], dead: fields[0] == "Z" || fields[0] == "X",
		command: string(bytes.ReplaceAll(command, []byte{0}, []byte{' '})),
	}, nil
}

// descendants returns all processes below root.
func descendants(t *testing.T, root int) []process {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	children := map[int][]process{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, err := readProcess(pid); err == nil { // it may have ended
			children[p.parent] = append(children[p.parent], p)
		}
	}
	var below []process
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		for _, p := range children[queue[0]] {
			below = append(below, p)
			queue = append(queue, p.pid)
		}
	}
	return below
}
