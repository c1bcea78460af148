//go:build unix && !darwin

package autostart

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Where says where the entry is, whether it is there or not.
func Where() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("start at login: %w", err)
	}
	return filepath.Join(dir, "autostart", "mcp-hub.desktop"), nil
}

// On has the program started at login to the desktop.
func On(e Entry) error {
	path, err := Where()
	if err != nil {
		return err
	}
	if err := e.Check(); err != nil {
		return err
	}
	return write(path, `[Desktop Entry]
Type=Application
Name=MCP Hub
Comment=One endpoint for all your MCP servers
Exec=`+quoted(e)+`
Icon=mcp-hub
Terminal=false
X-GNOME-Autostart-enabled=true
`)
}

// quoted is a command as in .desktop files and systemd units.
func quoted(e Entry) string {
	words := make([]string, 0, 1+len(e.Args))
	for _, word := range append([]string{e.Program}, e.Args...) {
		words = append(words, `"`+word+`"`)
	}
	return strings.Join(words, " ")
}

// Off has it started no more, in whichever way.
func Off() error {
	path, err := Where()
	if err != nil {
		return err
	}
	return errors.Join(remove(path), serviceOff())
}

// Enabled reports whether it is started at login. Desktops switch an entry off by a line in it.
func Enabled() bool {
	path, err := Where()
	if err != nil {
		return false
	}
	return enabledEntry(path) || ServiceEnabled()
}

func enabledEntry(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		switch strings.ReplaceAll(strings.ToLower(lines.Text()), " ", "") {
		case "hidden=true", "x-gnome-autostart-enabled=false":
			return false
		}
	}
	return true
}

const unitName = "mcp-hub.service"

// systemctlPatience is how long systemd may take.
const systemctlPatience = 10 * time.Second

func unitPaths() (unit, link string, err error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", "", fmt.Errorf("start at login: %w", err)
	}
	units := filepath.Join(dir, "systemd", "user")
	return filepath.Join(units, unitName), filepath.Join(units, "default.target.wants", unitName), nil
}

// ServiceOn has the program started by systemd when the user logs in in whichever way, as on a machine without a screen.
func ServiceOn(ctx context.Context, e Entry) error {
	unit, link, err := unitPaths()
	if err != nil {
		return err
	}
	if err := e.Check(); err != nil {
		return err
	}
	if err := write(unit, `[Unit]
Description=MCP Hub

[Service]
ExecStart=`+quoted(e)+`
Restart=on-failure
RestartSec=5

[Install]
WantedBy=default.target
`); err != nil {
		return err
	}
	if exists(link) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
		return fmt.Errorf("start at login: %w", err)
	}
	if err := os.Symlink("../"+unitName, link); err != nil {
		return fmt.Errorf("start at login: %w", err)
	}
	reload(ctx)
	return nil
}

// reload has systemd read its units anew, where it runs. Otherwise it reads them when it starts.
func reload(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, systemctlPatience)
	defer cancel()
	_ = exec.CommandContext(ctx, "systemctl", "--user", "daemon-reload").Run()
}

// ServiceEnabled reports whether ServiceOn was called last.
func ServiceEnabled() bool {
	_, link, err := unitPaths()
	return err == nil && exists(link)
}

func serviceOff() error {
	unit, link, err := unitPaths()
	if err != nil {
		return err
	}
	there := exists(unit)
	err = errors.Join(remove(link), remove(unit))
	if there {
		reload(context.Background())
	}
	return err
}
