//go:build unix && !darwin

package sessionbus

import (
	"fmt"
	"os"
)

// Reachable reports whether there is a session bus.
func Reachable() bool {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return true
	}
	_, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", os.Getuid()))
	return err == nil
}
