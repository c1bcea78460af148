package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

func TestAutostart(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the entry would be the person's own")
	}
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("PATH", dir) // without systemctl
	for _, x := range []step{
		{"autostart status", 0, "off\n", ""},
		{"autostart on", 0, "on, by " + filepath.Join(dir, "autostart", "mcp-hub.desktop") + "\n", ""},
		{"autostart on --systemd", 0, "on, by systemd\n", ""},
		{"autostart status", 0, "on, by systemd\n", ""},
		{"autostart off", 0, "off\n", ""},
		{"autostart maybe", exitArguments, "", `say on, off or status, not "maybe"`},
		{"autostart", exitArguments, "", "accepts 1 arg"},
	} {
		var stdout, stderr hubtest.Output
		code := run(t.Context(), strings.Split(x.args, " "), &stdout, &stderr)
		check(t, x, code, &stdout, &stderr)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if _, err := os.Stat(filepath.Join(dir, "systemd", "user", "default.target.wants", "mcp-hub.service")); err == nil {
		t.Error("the unit is still wanted")
	}
}
