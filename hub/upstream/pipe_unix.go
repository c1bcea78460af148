//go:build unix

package upstream

import (
	"errors"
	"syscall"
)

// writeNow writes as much of b as the pipe takes without waiting.
func writeNow(raw syscall.RawConn, b []byte) (n int, err error) {
	failed := raw.Write(func(fd uintptr) bool {
		for n < len(b) && err == nil {
			var some int
			some, err = syscall.Write(int(fd), b[n:])
			n += max(some, 0)
			if errors.Is(err, syscall.EINTR) {
				err = nil
			}
		}
		return true
	})
	if errors.Is(err, syscall.EAGAIN) {
		err = nil
	}
	return n, errors.Join(failed, err)
}
