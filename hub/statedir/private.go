package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Windows does not replace a file that somebody is just reading, so replacing it is tried for this long.
const (
	replacePatience = 2 * time.Second
	replacePause    = 5 * time.Millisecond
)

// ErrOpenToOthers tells that others than its owner may read or change what must be private.
var ErrOpenToOthers = errors.New("other users of this machine may read or change it")

// MakePrivate makes a folder for its owner alone, and those above it. It fails with ErrOpenToOthers if the folder is there
// and open to others.
func MakePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w; make the folder above it writable", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return private(dir, info, "700")
}

// ReadPrivate reads a file that only its owner may read. It fails with ErrOpenToOthers if that is not so.
func ReadPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := private(path, info, "600"); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; make yourself its owner, with mode 600", err)
	}
	return text, err
}

// private checks who may use a file or folder. Windows has no such modes: there the user's profile is private as it is.
func private(path string, info fs.FileInfo, want string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s has mode %o: %w; run chmod %s %s", path, mode, ErrOpenToOthers, want, path)
	}
	return foreign(path, info)
}

// WritePrivate puts a file that only its owner may read in the place of the one at the path: all of the text is there, or
// none of it, also after a crash or a power cut. Only one process may do it at a time, see [Lock].
func WritePrivate(path string, text []byte) error {
	temp := path + ".new"
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("%w; make the folder writable", err)
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("write %s: %w; make room", temp, err)
	}
	for end := time.Now().Add(replacePatience); ; time.Sleep(replacePause) {
		err = os.Rename(temp, path)
		if err == nil || runtime.GOOS != "windows" || !errors.Is(err, fs.ErrPermission) || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("%w; make the folder writable", err)
	}
	if folder, err := os.Open(filepath.Dir(path)); err == nil {
		_ = folder.Sync() // so that the rename outlives a power cut, on systems that can do it
		_ = folder.Close()
	}
	return nil
}
