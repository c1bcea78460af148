package hub_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"mcphub/hub"
	"mcphub/hub/hubtest"
)

// registered reads workspaces.json as mcphub.nvim does.
func registered(t *testing.T, dir string) map[string]map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "workspaces.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]any{}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return all
}

func TestRegister(t *testing.T) {
	o := options(t, 0)
	o.StateDir, o.AutoShutdown, o.ShutdownDelay = filepath.Join(t.TempDir(), "mcp-hub"), true, time.Hour
	h, err := hub.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	port := strconv.Itoa(h.Port())
	url := "http://127.0.0.1:" + port
	joined, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(joined, http.MethodGet, url+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r) // answered at the port, so the entry must be there
	if err != nil {
		t.Fatal(err)
	}
	e := registered(t, o.StateDir)[port]
	real, err := filepath.EvalSymlinks(o.Config.Dir)
	if err != nil {
		t.Fatal(err)
	}
	files, _ := e["config_files"].([]any)
	if e["cwd"] != real || len(files) != 1 || files[0] != "none.json" || e["pid"] != float64(os.Getpid()) || e["port"] != float64(h.Port()) {
		t.Errorf("the entry is %v", e)
	}
	hubtest.Eventually(t, "the client is counted", func() bool {
		e := registered(t, o.StateDir)[port]
		return e["activeConnections"] == 1.0 && e["state"] == "active" && e["shutdownDelay"] == nil
	})
	second, err := hub.New(t.Context(), options(t, h.Port()))
	if err == nil {
		t.Fatalf("a second hub got the port: %v", second)
	}
	if again := registered(t, o.StateDir)[port]; again["pid"] != e["pid"] {
		t.Errorf("a hub that could not start changed the entry: %v", again)
	}
	leave()
	_ = resp.Body.Close()
	hubtest.Eventually(t, "the wait for another client is told", func() bool {
		e := registered(t, o.StateDir)[port]
		return e["state"] == "shutting_down" && e["shutdownDelay"] == 3600000.0 && e["shutdownStartedAt"] != nil
	})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if left := registered(t, o.StateDir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
