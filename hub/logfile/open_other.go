//go:build !windows

package logfile

import "os"

// open opens a file that every write appends to.
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}
