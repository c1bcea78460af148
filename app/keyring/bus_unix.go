//go:build unix && !darwin

package keyring

import (
	"fmt"
	"os"
)

// reachable reports whether there is a session bus. Without one the library would start a bus of its own (dbus-launch),
// where no keyring is, and which nobody would end. So this looks where the library looks.
func reachable() error {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return nil
	}
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", os.Getuid())); err == nil {
		return nil
	}
	return unavailable("there is no desktop session whose keyring could be used", "log in to the desktop, or set DBUS_SESSION_BUS_ADDRESS", nil)
}
