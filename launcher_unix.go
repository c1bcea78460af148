//go:build unix

package main

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// launcherEnd takes the number of our end of a socket whose other end only the launcher has. It returns what waits until that
// is closed, or nil if there is no such socket.
func launcherEnd(fd int) (ended func() bool) {
	var stat unix.Stat_t
	if fd <= 2 || unix.Fstat(fd, &stat) != nil || stat.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return nil
	}
	unix.CloseOnExec(fd)
	socket := os.NewFile(uintptr(fd), "launcher")
	return func() bool {
		_, err := socket.Read(make([]byte, 1))
		return errors.Is(err, io.EOF)
	}
}
