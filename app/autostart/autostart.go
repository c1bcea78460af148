// Package autostart owns having this program started when the person logs in, as each system does it: a .desktop file in
// the XDG autostart folder, or if asked for a systemd unit of the user; a LaunchAgent on macOS; a value under the Run key of
// Windows.
//
// It must not know what the program does.
package autostart

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Entry is what is started.
type Entry struct {
	Program string   // absolute path
	Args    []string // without the program
}

// Check looks whether the program can be named in the files of all systems.
func (e Entry) Check() error {
	if !filepath.IsAbs(e.Program) {
		return fmt.Errorf("start at login: %q is no absolute path", e.Program)
	}
	for _, text := range append([]string{e.Program}, e.Args...) {
		if strings.ContainsAny(text, "\n\r\x00\"\\`$%") && filepath.Separator == '/' {
			return fmt.Errorf("start at login: %q holds signs that the system would not take as they are: move the program", text)
		}
	}
	return nil
}

// write puts a file in its folder, which is made. It replaces what is there.
func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("start at login: %w; make the folder writable", err)
	}
	temp := path + ".new"
	if err := os.WriteFile(temp, []byte(text), 0o600); err != nil {
		return fmt.Errorf("start at login: %w; make the folder writable", err)
	}
	if err := os.Rename(temp, path); err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("start at login: %w", err)
	}
	return nil
}

// remove removes a file that may not be there.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("start at login: %w", err)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
