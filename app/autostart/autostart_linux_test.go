package autostart

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAutostart(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("PATH", dir) // without systemctl
	e := Entry{Program: "/opt/mcp hub/mcp-hub", Args: []string{"--hidden"}}
	if Enabled() {
		t.Error("enabled at first")
	}
	if err := On(e); err != nil {
		t.Fatal(err)
	}
	file, _ := Where()
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "Exec=\"/opt/mcp hub/mcp-hub\" \"--hidden\"\n") || !Enabled() || ServiceEnabled() {
		t.Errorf("%v: %s", err, text)
	}
	// Desktops switch an entry off by a line of their own.
	if err := os.WriteFile(file, append(text, "Hidden=true\n"...), 0o600); err != nil || Enabled() {
		t.Errorf("hidden, but enabled: %v", err)
	}
	for range 2 {
		if err := ServiceOn(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	unit, err := os.ReadFile(filepath.Join(dir, "systemd", "user", "default.target.wants", "mcp-hub.service"))
	if err != nil || !strings.Contains(string(unit), "ExecStart=\"/opt/mcp hub/mcp-hub\" \"--hidden\"\n") || !Enabled() || !ServiceEnabled() {
		t.Errorf("%v: %s", err, unit)
	}
	for range 2 {
		if err := Off(); err != nil || Enabled() || ServiceEnabled() {
			t.Errorf("off: %v", err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.new")); left != nil {
		t.Errorf("left: %v", left)
	}
	for _, bad := range []Entry{{Program: "relative"}, {Program: "/a\nb"}, {Program: `/a"b`}, {Program: "/a$b"}, {Program: "/a", Args: []string{"%f"}}} {
		if err := On(bad); err == nil || Enabled() {
			t.Errorf("%q was taken", bad)
		}
	}
}

// Who enables the unit of the package gets the same as who says "mcp-hub autostart on --systemd".
func TestUnitOfThePackage(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("PATH", dir) // without systemctl
	packaged, err := os.ReadFile("../../build/linux/mcp-hub.service")
	if err != nil {
		t.Fatal(err)
	}
	if err := ServiceOn(t.Context(), Entry{Program: "/usr/bin/mcp-hub", Args: []string{"--watch"}}); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(dir, "systemd", "user", "mcp-hub.service"))
	if err != nil || string(written) != string(packaged) {
		t.Errorf("%v: written\n%spackaged\n%s", err, written, packaged)
	}
}
