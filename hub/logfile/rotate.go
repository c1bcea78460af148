package logfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mcphub/hub/statedir"
)

const (
	// A rotated file is named mcp-hub-20261123T204813.123Z.log, by the time of its rotation in UTC, so that names sort by age.
	rotatedPrefix = "mcp-hub-"
	rotatedSuffix = ".log"
	rotatedLayout = "20060102T150405.000Z"

	maxRotated = 100 // files that are kept at most, so that a program gone wild fills no disk
)

// rotate gives the file a name of its own and removes old ones, unless another process is doing so or just has: then it
// does nothing. It leaves w.file to current.
func (w *Writer) rotate(size int64, now time.Time) error {
	release, err := statedir.TryLock(filepath.Join(filepath.Dir(w.path), lockName))
	if errors.Is(err, statedir.ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	defer release()
	if info, err := os.Stat(w.path); err != nil || !w.due(info, size, now) {
		return nil // another one was faster, or the file is gone
	}
	to := now
	for exists(w.rotated(to)) {
		to = to.Add(time.Millisecond)
	}
	if err := os.Rename(w.path, w.rotated(to)); err != nil {
		return fmt.Errorf("%w; make its folder writable", err)
	}
	return w.prune(now)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func (w *Writer) rotated(at time.Time) string {
	return filepath.Join(filepath.Dir(w.path), rotatedPrefix+at.UTC().Format(rotatedLayout)+rotatedSuffix)
}

// prune removes rotated files that are too old or too many. It touches no file that does not have such a name.
func (w *Writer) prune(now time.Time) error {
	dir := filepath.Dir(w.path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("remove old log files: %w", err)
	}
	type file struct {
		name string
		at   time.Time
	}
	var files []file
	for _, e := range entries {
		if at, ok := rotatedAt(e.Name()); ok && e.Type().IsRegular() {
			files = append(files, file{e.Name(), at})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return b.at.Compare(a.at) })
	var errs []error
	for i, f := range files {
		if i >= maxRotated || now.Sub(f.at) > w.options.Keep {
			if err := os.Remove(filepath.Join(dir, f.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove old log files: %w; remove them by hand", err)
	}
	return nil
}

// rotatedAt returns when the file of that name was rotated.
func rotatedAt(name string) (time.Time, bool) {
	stamp, ok := strings.CutPrefix(name, rotatedPrefix)
	if !ok {
		return time.Time{}, false
	}
	if stamp, ok = strings.CutSuffix(stamp, rotatedSuffix); !ok {
		return time.Time{}, false
	}
	at, err := time.Parse(rotatedLayout, stamp)
	return at, err == nil
}
