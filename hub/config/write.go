package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const maxLinks = 40 // symbolic links followed on the way to one file, so that a loop of links ends

// writeFile puts a new file in the place of the one at the path: all of the text is there at once, or none of it. It asks
// unchanged as late as it can, and stops at its error. What is left of a crash is a file whose name begins with a dot and
// ends with .tmp, which nobody reads.
func writeFile(path string, text []byte, unchanged func() error) (err error) {
	target, err := follow(path)
	if err != nil {
		return err
	}
	old, err := writable(target)
	if err != nil {
		return err
	}
	dir := filepath.Dir(target)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w; create the folder", err)
	}
	file, err := os.CreateTemp(dir, "."+filepath.Base(target)+".*.tmp") // readable for nobody else
	if err != nil {
		return fmt.Errorf("%w; make the folder writable", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	if old != nil {
		if err := file.Chmod(keepOwner(file, old)); err != nil {
			return err
		}
	}
	if _, err := file.Write(text); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := unchanged(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), target); err != nil {
		return fmt.Errorf("%w; if the file is mounted or locked on its own, mount its folder or release it", err)
	}
	if folder, err := os.Open(dir); err == nil {
		_ = folder.Sync() // so that the rename outlives a power cut, on systems that can do it
		_ = folder.Close()
	}
	return nil
}

// follow returns the file that a path leads to, which need not exist.
func follow(path string) (string, error) {
	for range maxLinks {
		if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			path = filepath.Join(dir, filepath.Base(path))
		}
		link, err := os.Readlink(path)
		if err != nil {
			return path, nil //nolint:nilerr // what is no link is the end of the way
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(path), link)
		}
		path = link
	}
	return "", fmt.Errorf("%s: too many symbolic links; name the file itself", path)
}

// writable returns what is known of a file, nil if there is none, and an error if it must not be written: a file that is
// read-only could be replaced all the same, but its owner did not mean that.
func writable(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file; name one", path)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%w; make the file writable", err)
	}
	return info, file.Close()
}
