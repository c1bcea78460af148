package config

import (
	"io/fs"
	"os"
)

// keepOwner returns the mode of the old file: owner and rights come from the folder.
func keepOwner(_ *os.File, old fs.FileInfo) fs.FileMode { return old.Mode().Perm() }
