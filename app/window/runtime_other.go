//go:build desktop && !windows

package window

// ready says what the window lacks: nothing that is known before it is shown.
func ready() error { return nil }
