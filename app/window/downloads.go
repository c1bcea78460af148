package window

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// free returns a path in a folder that nothing has, by a name that somebody else gave.
func free(dir, name string) string {
	name = filepath.Base(filepath.Clean("/" + name))
	if name == "/" || strings.HasPrefix(name, ".") {
		name = "download" + strings.TrimPrefix(name, "/")
	}
	kind := filepath.Ext(name)
	stem := strings.TrimSuffix(name, kind)
	path := filepath.Join(dir, name)
	for n := 1; ; n++ {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) || n == 1000 {
			return path
		}
		path = filepath.Join(dir, stem+" ("+strconv.Itoa(n)+")"+kind)
	}
}
