//go:build unix

package config

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a new file the owner and the group of the old one where it may, and returns the mode of the old one,
// without the rights of a group that the new one does not belong to.
func keepOwner(file *os.File, old fs.FileInfo) fs.FileMode {
	mode := old.Mode().Perm()
	stat, ok := old.Sys().(*syscall.Stat_t)
	if !ok || file.Chown(int(stat.Uid), int(stat.Gid)) == nil || file.Chown(-1, int(stat.Gid)) == nil {
		return mode
	}
	return mode &^ 0o070
}
