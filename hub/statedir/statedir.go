// Package statedir owns where the state of the hubs of one user lives, how private files are written there, and locks
// between the processes that share it. It knows nothing of what others keep there.
package statedir

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
)

// Path returns the absolute folder of the hub's state, where mcp-hub 4.2.1 has it on every system: ~/.mcp-hub if that
// folder exists, else mcp-hub below XDG_STATE_HOME, which counts as unset if it is empty, else ~/.local/state/mcp-hub. It
// makes no folder. It fails if there is no home folder to find.
func Path() (string, error) {
	home, err := homeDir()
	if err == nil {
		legacy := filepath.Join(home, ".mcp-hub")
		if info, err := os.Stat(legacy); err == nil && info.IsDir() {
			return legacy, nil
		}
	}
	base := os.Getenv("XDG_STATE_HOME")
	if base == "" {
		if err != nil {
			return "", fmt.Errorf("find the folder for the hub's state: %w; set HOME or XDG_STATE_HOME", err)
		}
		base = filepath.Join(home, ".local", "state")
	}
	path, err := filepath.Abs(filepath.Join(base, "mcp-hub"))
	if err != nil {
		return "", fmt.Errorf("find the folder for the hub's state: %w; set XDG_STATE_HOME to an absolute path", err)
	}
	return path, nil
}

// homeDir also asks the system's list of users: a service may run without HOME.
func homeDir() (string, error) {
	home, err := os.UserHomeDir()
	if err == nil {
		return home, nil
	}
	if me, userErr := user.Current(); userErr == nil && me.HomeDir != "" {
		return me.HomeDir, nil
	}
	return "", err
}
