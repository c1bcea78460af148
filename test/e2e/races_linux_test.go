package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mcphub/test/rig"
)

// TestTwins starts two hubs at once, as two editors do, again and again: exactly one gets the port. The other one says so
// and leaves no trace in what the hubs of a user share, nor do the first one's servers notice anything.
func TestTwins(t *testing.T) {
	const rounds = 50
	home := t.TempDir()
	state := filepath.Join(home, "state", "mcp-hub")
	configs := []string{filepath.Join(home, "one.json"), filepath.Join(home, "two.json")} // tell the twins apart
	for _, file := range configs {
		text := fmt.Sprintf(`{"mcpServers":{"fixture":{"command":%q}}}`, rig.Build(t, rig.Fixture))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	port := strconv.Itoa(rig.FreePort(t))
	wins := [2]int{}
	for round := range rounds {
		logged, err := os.ReadFile(filepath.Join(state, "logs", "mcp-hub.log"))
		if err != nil && round > 0 {
			t.Fatal(err)
		}
		twins := [2]*rig.Process{}
		var starting sync.WaitGroup
		for i := range twins {
			starting.Go(func() {
				twins[i] = rig.Program{
					Path: rig.HubBinary(t), Args: []string{"--port", port, "--config", configs[i], "--watch"}, Dir: home,
					Env: []string{"HOME=" + home, "XDG_STATE_HOME=" + filepath.Dir(state)},
				}.Start(t)
			})
		}
		register := pollRegister(t, "http://localhost:"+port, filepath.Join(state, "workspaces.json"), port)
		starting.Wait()

		winner := 0
		select {
		case <-twins[0].Done():
			winner = 1
		case <-twins[1].Done():
		case <-time.After(20 * time.Second):
			t.Fatal("both twins run")
		}
		wins[winner]++
		hub, loser := twins[winner], twins[1-winner]
		if code := loser.Wait(t, time.Second); code != 4 || !strings.Contains(loser.Stderr(), "EADDRINUSE") {
			t.Errorf("round %d: the loser ended with exit code %d and said %s", round, code, loser.Stderr())
		}
		child := ownServer(t, hub, port)
		watch(t, "http://localhost:"+port+"/api/events") // has the hub write its entry again
		if again := ownServer(t, hub, port); again != child {
			t.Errorf("round %d: the winner's server was process %d and is %d", round, child, again)
		}
		if seen := register(); len(seen) != 1 || seen[0] != hub.Pid() {
			t.Errorf("round %d: the register named the processes %d, the winner is %d", round, seen, hub.Pid())
		}
		hub.Signal(t, syscall.SIGTERM)
		if code := hub.Wait(t, goneWithin); code != 0 {
			t.Errorf("round %d: the winner ended with exit code %d", round, code)
		}
		if text, err := os.ReadFile(filepath.Join(state, "workspaces.json")); err != nil || string(text) != "{}" {
			t.Errorf("round %d: left in the register: %s, %v", round, text, err)
		}
		all, err := os.ReadFile(filepath.Join(state, "logs", "mcp-hub.log"))
		if err != nil || !bytes.HasPrefix(all, logged) {
			t.Fatalf("round %d: the log file was %d bytes, and these are not there any more: %v", round, len(logged), err)
		}
		for line := range bytes.Lines(all[len(logged):]) {
			var entry struct{ PID int }
			if err := json.Unmarshal(line, &entry); err != nil || entry.PID != hub.Pid() {
				t.Errorf("round %d: a line in the log file is not of the winner, %d: %s", round, hub.Pid(), line)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("the first twin won %d times, the second %d times", wins[0], wins[1])
}

// TestRespawn asks a hub for a hard restart and starts the next one as soon as the answer is there, as an editor does, again
// and again: the next one gets the port at once, and its entry in the register survives the end of the one before.
func TestRespawn(t *testing.T) {
	const rounds = 50
	home := t.TempDir()
	file := filepath.Join(home, "servers.json")
	if err := os.WriteFile(file, []byte(`{"mcpServers":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(rig.FreePort(t))
	url, register := "http://localhost:"+port+"/api/", filepath.Join(home, "state", "mcp-hub", "workspaces.json")
	spawn := func() *rig.Process {
		return rig.Program{
			Path: rig.HubBinary(t), Args: []string{"--port", port, "--config", file}, Dir: home,
			Env: []string{"HOME=" + home, "XDG_STATE_HOME=" + filepath.Join(home, "state")},
		}.Start(t)
	}
	registered := func() int {
		var hubs map[string]struct{ PID int }
		if text, err := os.ReadFile(register); err != nil || json.Unmarshal(text, &hubs) != nil {
			t.Fatalf("the register is %q, %v", text, err)
		}
		return hubs[port].PID
	}
	hub := spawn()
	for round := range rounds {
		rig.WaitPort(t, "localhost:"+port)
		live, err := http.Get(url + "events")
		if err != nil {
			t.Fatal(err)
		}
		if pid := registered(); pid != hub.Pid() {
			t.Fatalf("round %d: the register names process %d, the hub is %d\n%s", round, pid, hub.Pid(), hub.Log())
		}
		resp, err := http.Post(url+"hard-restart", "application/json", nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("round %d: %v, %v", round, resp, err)
		}
		old := hub
		hub = spawn()
		_ = resp.Body.Close()
		if all, err := io.ReadAll(live.Body); err != nil || !strings.Contains(string(all), `"state":"stopping"`) {
			t.Errorf("round %d: the live events end with %v: %s", round, err, all)
		}
		_ = live.Body.Close()
		if code := old.Wait(t, goneWithin); code != 0 {
			t.Errorf("round %d: the old hub ended with exit code %d", round, code)
		}
	}
	rig.Eventually(t, 20*time.Second, "the last hub answers", func() error {
		resp, err := http.Get(url + "health")
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
	if pid := registered(); pid != hub.Pid() {
		t.Errorf("the register names process %d, the hub is %d", pid, hub.Pid())
	}
}

// pollRegister reads the register as fast as it can from when the port answers, as an editor does that is about to
// attach, until the function that it returns is called, which returns the processes that stood under the port. Each time
// the register must be whole, and the port in it.
func pollRegister(t *testing.T, url, file, port string) (stop func() []int) {
	t.Helper()
	done := make(chan struct{})
	var polling sync.WaitGroup
	var seen []int
	polling.Go(func() {
		answered := false
		for {
			select {
			case <-done:
				if !answered {
					t.Error("the port did not answer")
				}
				return
			default:
			}
			if !answered {
				resp, err := http.Get(url + "/api/health")
				if err != nil {
					time.Sleep(time.Millisecond)
					continue
				}
				_ = resp.Body.Close()
				answered = true
			}
			text, err := os.ReadFile(file)
			var hubs map[string]struct{ PID int }
			if err == nil {
				err = json.Unmarshal(text, &hubs)
			}
			hub, there := hubs[port]
			if err != nil || !there {
				t.Errorf("the port answers, and the register is %q, %v", text, err)
				return
			}
			if !slices.Contains(seen, hub.PID) {
				seen = append(seen, hub.PID)
			}
		}
	})
	end := sync.OnceFunc(func() {
		close(done)
		polling.Wait()
	})
	t.Cleanup(end)
	return func() []int {
		end()
		return seen
	}
}

// ownServer returns the process of the fixture that the hub at the port runs, which must be the child of that very hub.
func ownServer(t *testing.T, hub *rig.Process, port string) int {
	t.Helper()
	var pid int
	rig.Eventually(t, 20*time.Second, "the fixture answers", func() error {
		text, err := rig.CallTool(t, "http://localhost:"+port+"/mcp", "fixture__pid", map[string]any{})
		if err == nil {
			pid, err = strconv.Atoi(text)
		}
		return err
	})
	if !slices.ContainsFunc(descendants(t, hub.Pid()), func(p process) bool { return p.pid == pid }) {
		t.Errorf("process %d is not below the hub's %d", pid, hub.Pid())
	}
	return pid
}

// watch is a client of the live events that leaves after the first one.
func watch(t *testing.T, url string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, make([]byte, len("event: hub_state"))); err != nil {
		t.Fatal(err)
	}
}
