//go:build unix

package statedir

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// foreign checks that a file is the user's own: whoever owns it can open it to others.
func foreign(path string, info fs.FileInfo) error {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to user %d: %w; make yourself its owner, or use another folder", path, stat.Uid, ErrOpenToOthers)
	}
	return nil
}
