package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"mcphub/test/rig"
)

// TestNpm installs the npm packages from their files, without a registry, and uses what that installs: another program than
// the hub stands between it and whoever started it.
func TestNpm(t *testing.T) {
	t.Parallel()
	platform := "linux-" + map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if platform == "linux-" {
		platform += runtime.GOARCH
	}
	dist, prefix := t.TempDir(), t.TempDir()
	node := func(name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Env = append(os.Environ(), "VERSION=1.2.3-test+g0", "NPM_SCOPE=@scope", "DIST="+dist, "npm_config_cache="+dist)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	node(filepath.Join(rig.Dir(t), "..", "build", "npm.sh"), platform+"="+rig.HubBinary(t))
	node("npm", "install", "--global", "--offline", "--ignore-scripts", "--prefix", prefix,
		filepath.Join(dist, "mcp-hub-1.2.3-test.tgz"), filepath.Join(dist, "scope-"+platform+"-1.2.3-test.tgz"))
	program := filepath.Join(prefix, "bin", "mcp-hub")
	modules := filepath.Join(prefix, "lib", "node_modules")

	want := rig.StartProcess(t, rig.HubBinary(t), "--version")
	got := rig.StartProcess(t, program, "--version")
	byPath := rig.StartProcess(t, "node", filepath.Join(modules, "mcp-hub", "dist", "cli.js"), "--version")
	for _, p := range []*rig.Process{want, got, byPath} {
		if code := p.Wait(t, 20*time.Second); code != 0 || p.Log() != want.Log() {
			t.Errorf("exit code %d, output %q, want %q", code, p.Log(), want.Log())
		}
	}
	mistake := rig.StartProcess(t, program, "--port", "70000")
	if code := mistake.Wait(t, 20*time.Second); code != 2 || !strings.Contains(mistake.Stderr(), "--port must be") {
		t.Errorf("bad arguments: exit code %d, %s", code, mistake.Stderr())
	}
	t.Run("ends", func(t *testing.T) {
		for name, sig := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "terminated": syscall.SIGTERM, "interrupted": syscall.SIGINT} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				hub := rig.LaunchProgram(t, program, map[string]rig.Server{"fixture": {Command: rig.Build(t, rig.Fixture)}})
				hub.WaitServers(t, "fixture")
				endsWithTree(t, hub, sig, 1) // and the hub's own process, where Node cannot become it
			})
		}
	})
	if err := os.RemoveAll(filepath.Join(modules, "@scope")); err != nil {
		t.Fatal(err)
	}
	missing := rig.StartProcess(t, program, "--version")
	code := missing.Wait(t, 20*time.Second)
	for _, part := range []string{"@scope/" + platform + " is not installed", "--omit=optional", "scope-" + platform + "-1.2.3-test.tgz"} {
		if !strings.Contains(missing.Stderr(), part) || code != 1 {
			t.Errorf("without the program: exit code %d, %q, want %q", code, missing.Stderr(), part)
		}
	}
}
