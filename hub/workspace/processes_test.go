package workspace

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// hubProcess is another process that has claimed a port.
type hubProcess struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

// startHubs starts processes that claim ports from 40001 on, all at once, and returns when all have.
func startHubs(t *testing.T, r *Register, n int) []hubProcess {
	t.Helper()
	hubs := make([]hubProcess, n)
	outs := make([]*bufio.Reader, n)
	for i := range hubs {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "WORKSPACE_TEST_DIR="+r.dir, "WORKSPACE_TEST_PORT="+strconv.Itoa(40001+i), "GORACE=atexit_sleep_ms=0")
		stdin, err := cmd.StdinPipe()
		must(t, err)
		stdout, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		hubs[i], outs[i] = hubProcess{cmd, stdin}, bufio.NewReader(stdout)
	}
	for i, out := range outs {
		if line, err := out.ReadString('\n'); err != nil || line != "claimed\n" {
			t.Errorf("hub %d said %q, %v", i, line, err)
		}
	}
	return hubs
}

// TestManyProcesses has many hubs claim and update at once, then die, every other one by SIGKILL.
func TestManyProcesses(t *testing.T) {
	const n = 50
	r := open(t)
	put(t, r, `{"note": {"of": "another program"}}`)

	var done atomic.Bool
	var reader sync.WaitGroup
	reads := 0
	reader.Go(func() {
		for ; !done.Load(); reads++ {
			text, err := os.ReadFile(r.path(fileName))
			if err != nil || !json.Valid(text) {
				t.Errorf("a reader saw %q, %v", text, err)
				return
			}
			time.Sleep(time.Millisecond) // leaves the processors to the hubs
		}
	})
	hubs := startHubs(t, r, n)
	listed, err := r.List(t.Context())
	must(t, err)
	for i := range hubs {
		key := strconv.Itoa(40001 + i)
		if e := listed[key]; e.PID != hubs[i].cmd.Process.Pid || len(e.ConfigFiles) != 1 || e.ConfigFiles[0] != key+".json" {
			t.Errorf("port %s: %+v", key, e)
		}
	}
	eventually(t, "updates of all", func() bool {
		listed, err := r.List(t.Context())
		must(t, err)
		for _, e := range listed {
			if e.ActiveConnections == 0 {
				return false
			}
		}
		return true
	})
	for i, h := range hubs {
		if i%2 == 0 {
			must(t, h.cmd.Process.Kill())
		} else {
			must(t, h.stdin.Close())
		}
	}
	for i, h := range hubs {
		if err := h.cmd.Wait(); i%2 == 1 && err != nil {
			t.Errorf("hub %d could not release its entry: %v", i, err)
		}
	}
	if listed, err := r.List(t.Context()); err != nil || len(listed) != 0 {
		t.Errorf("listed after all have ended: %v, %v", listed, err)
	}
	lease, err := r.Claim(t.Context(), Entry{Port: 37373})
	must(t, err)
	must(t, lease.Release(t.Context()))
	done.Store(true)
	reader.Wait()
	t.Logf("%d reads", reads)
	if got := values(t, r); len(got) != 1 || got["note"] != `{"of":"another program"}` {
		t.Errorf("left in the file: %v", got)
	}
}
