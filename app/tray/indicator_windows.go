//go:build desktop

package tray

// connect has nothing to do: here no bus is needed.
func connect() {}
