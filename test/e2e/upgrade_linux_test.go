package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mcphub/test/rig"
)

// latest is the version of the release that TestUpgrade upgrades to.
const latest = "99.1.0"

// TestUpgrade upgrades a program that a hub runs from, with a release that an HTTP server has.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	root, dist, home := filepath.Join(rig.Dir(t), ".."), t.TempDir(), t.TempDir()
	folder := filepath.Join(t.TempDir(), "mcp-hub-"+latest+"-linux-"+runtime.GOARCH)
	do := func(name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "VERSION="+latest, "NOTES=https://example.com/news", "DIST="+dist)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	do("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version="+latest, "-o", filepath.Join(folder, "mcp-hub"), ".")
	do("tar", "-C", filepath.Dir(folder), "--use-compress-program", "gzip -1", "-cf", filepath.Join(dist, filepath.Base(folder)+".tar.gz"), filepath.Base(folder))
	do(filepath.Join(root, "build", "feed.sh"))

	files, stalled := http.FileServer(http.Dir(dist)), make(chan struct{}, 1)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if after, stall := strings.CutPrefix(r.URL.Path, "/stall"); stall && strings.HasSuffix(after, ".gz") {
			_, _ = io.WriteString(w, "half of it")
			_ = http.NewResponseController(w).Flush()
			stalled <- struct{}{}
			<-r.Context().Done()
			return
		} else if stall {
			r.URL.Path = after
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(site.Close)

	program := filepath.Join(home, "mcp-hub")
	copyProgram(t, rig.HubBinary(t), program)
	env := []string{"XDG_STATE_HOME=" + t.TempDir()}
	upgrade := func(want int, args ...string) string {
		t.Helper()
		p := rig.Program{Path: program, Args: append([]string{"upgrade"}, args...), Env: env}.Start(t)
		if code := p.Wait(t, time.Minute); code != want {
			t.Errorf("upgrade %v: exit code %d, want %d\n%s", args, code, want, p.Log())
		}
		return p.Log()
	}
	version := func() string {
		t.Helper()
		p := rig.StartProcess(t, program, "--version")
		p.Wait(t, 20*time.Second)
		_, said, _ := strings.Cut(p.Log(), "\nMCP Hub ")
		return strings.TrimSpace(said)
	}
	holds := func(what, text string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%s: no %q in %q", what, part, text)
			}
		}
	}
	own, feed := version(), site.URL+"/release.json"

	config := filepath.Join(home, "servers.json")
	text, err := json.Marshal(map[string]any{"hub": map[string]any{"updates": map[string]any{"check": true, "feed": feed}}})
	if err == nil {
		err = os.WriteFile(config, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(rig.FreePort(t))
	hub := rig.Program{Path: program, Args: []string{"--port", port, "--config", config}, Env: env}.Start(t)
	rig.Eventually(t, time.Minute, "the hub tells of the newer version", func() error {
		out, err := exec.CommandContext(t.Context(), program, "status", "--hub", "http://127.0.0.1:"+port).CombinedOutput()
		if err == nil && !strings.Contains(string(out), latest+" of ") {
			err = fmt.Errorf("status says: %s", out)
		}
		return err
	})
	holds("the log", hub.Log(), "there is a newer version of MCP Hub", latest)

	holds("--check", upgrade(0, "--check", "--feed", feed), latest, own, "https://example.com/news", "mcp-hub upgrade --feed "+feed)
	holds("no feed", upgrade(2), "--feed")
	holds("--back", upgrade(1, "--back"), "nothing was upgraded")

	killed := rig.Program{Path: program, Args: []string{"upgrade", "--feed", site.URL + "/stall/release.json"}, Env: env}.Start(t)
	select {
	case <-stalled:
	case <-time.After(time.Minute):
		t.Fatalf("it does not download\n%s", killed.Log())
	}
	killed.Signal(t, syscall.SIGKILL)
	killed.Wait(t, 20*time.Second)
	if got := version(); got != own {
		t.Errorf("after an upgrade that was killed the program is %s", got)
	}

	holds("upgrade", upgrade(0, "--feed", feed), program+" is "+latest+" now", "port "+port)
	if got := version(); got != latest {
		t.Errorf("after the upgrade the program is %s", got)
	}
	var health struct{ HubVersion, Version string }
	getJSON(t, "http://127.0.0.1:"+port+"/api/health", &health)
	if health.HubVersion != own || health.Version != "4.2.1" {
		t.Errorf("the running hub is %+v", health)
	}
	hub.Signal(t, syscall.SIGTERM)
	if code := hub.Wait(t, 20*time.Second); code != 0 {
		t.Errorf("the hub whose program was replaced ended with %d", code)
	}
	holds("again", upgrade(0, "--feed", feed), latest+" is the latest version")

	old := filepath.Join(dist, "old.json")
	if err := os.WriteFile(old, []byte(`{"version":"0.0.1","date":"2026-01-01","files":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	holds("downgrade", upgrade(1, "--feed", old), "--allow-downgrade")
	holds("downgrade", upgrade(1, "--feed", old, "--allow-downgrade"), "has no archive")
	holds("--back", upgrade(0, "--back"), "is "+own+" again")
	if got := version(); got != own {
		t.Errorf("after going back the program is %s", got)
	}

	if os.Geteuid() == 0 { // nobody else can become somebody who may not write there
		cmd := exec.CommandContext(t.Context(), program, "upgrade", "--feed", feed)
		cmd.Dir, cmd.Env = "/", append(os.Environ(), "HOME=/nowhere")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		for dir := home; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Error("it was upgraded by somebody who may not")
		}
		holds("not one's own", string(out), "cannot be written", "owner of "+home)
	}
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func getJSON(t *testing.T, address string, into any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
