// Package watch owns noticing that files changed. It knows nothing of what the files hold or why someone cares.
package watch

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	maxLinks  = 40 // symbolic links followed on the way to one file, so that a loop of links ends
	maxRounds = 20 // times the paths are followed after one event, so that folders that come and go do not hold it up
)

// Files calls changed when any of the files may have changed, and blocks until ctx is done. The paths are absolute; the
// files, their folders and what a symbolic link points to need not exist yet. It also calls changed once as soon as it
// watches, because what happened before cannot be noticed. Events that follow each other within debounce become one call;
// a file that never rests is reported at least every ten debounces. Where the system has no watch to give, the files are looked
// at every two seconds.
func Files(ctx context.Context, log *slog.Logger, paths []string, debounce time.Duration, changed func()) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil { // on Linux a person's programs share 128
		log.Warn("there are no more watches, so files are looked at now and then: raise the limit of watches or open files", "err", err)
		poll(ctx, paths, pollEvery, changed)
		return
	}
	defer func() { _ = watcher.Close() }()

	f := &files{watcher: watcher, log: log, paths: paths, watched: map[string]bool{}}
	f.refresh()
	changed()

	pending := newDebouncer(debounce)
	defer pending.stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-watcher.Events:
			if f.noticed(event) {
				f.refresh()
				pending.touch()
			}
		case err := <-watcher.Errors:
			// Events were lost, so anything may have changed.
			log.Warn("watching files had an error", "err", err)
			f.refresh()
			pending.touch()
		case <-pending.fired():
			pending.done()
			changed()
		}
	}
}

const pollEvery = 2 * time.Second

// poll is Files without watches.
func poll(ctx context.Context, paths []string, every time.Duration, changed func()) {
	seen := look(paths)
	changed()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := look(paths); !slices.EqualFunc(seen, now, same) {
			seen = now
			changed()
		}
	}
}

// look returns what there is at the paths; nil where there is nothing.
func look(paths []string) []fs.FileInfo {
	all := make([]fs.FileInfo, len(paths))
	for i, path := range paths {
		if info, err := os.Stat(path); err == nil {
			all[i] = info
		}
	}
	return all
}

func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == b
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// files watches folders, never files: a file that is replaced by a rename takes its watch with it. The folders are those in
// which something on the way to one of the paths is decided.
type files struct {
	watcher *fsnotify.Watcher
	log     *slog.Logger
	paths   []string
	watched map[string]bool // folders under watch
	entries map[string]bool // absolute names of the entries of those folders that matter
}

// noticed reports whether the event is about an entry that matters or about a watched folder itself.
func (f *files) noticed(event fsnotify.Event) bool {
	name := filepath.Clean(event.Name)
	if f.watched[name] && event.Has(fsnotify.Remove|fsnotify.Rename) {
		// The watch stays with the folder that went away; the path may already lead to a new one.
		_ = f.watcher.Remove(name)
		delete(f.watched, name)
		return true
	}
	return f.entries[name]
}

// refresh follows the paths again and watches the folders on the way, until following them shows nothing new: a folder may
// have got its content between being found and being watched.
func (f *files) refresh() {
	for range maxRounds {
		f.entries = map[string]bool{}
		for _, path := range f.paths {
			trace(path, f.entries)
		}
		wanted := map[string]bool{}
		for entry := range f.entries {
			wanted[filepath.Dir(entry)] = true
		}
		for dir := range f.watched {
			if !wanted[dir] {
				_ = f.watcher.Remove(dir)
				delete(f.watched, dir)
			}
		}
		added := false
		for dir := range wanted {
			if f.watched[dir] {
				continue
			}
			switch err := f.watcher.Add(dir); {
			case err == nil:
				f.watched[dir] = true
				added = true
			case errors.Is(err, fs.ErrNotExist):
				added = true // it went away since it was found: look again
			default:
				f.log.Warn("folder cannot be watched, changes in it go unnoticed", "folder", dir, "err", err)
			}
		}
		if !added {
			return
		}
	}
}

// trace adds to entries what decides which file path leads to: each symbolic link on the way, the first part that does not
// exist, and the file itself. The names it adds hold no symbolic link but in their last part.
func trace(path string, entries map[string]bool) {
	root := filepath.VolumeName(path) + string(filepath.Separator)
	at, rest := root, split(path[len(filepath.VolumeName(path)):])
	for links := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(next)
		if err != nil {
			entries[next] = true
			return
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		entries[next] = true
		target, err := os.Readlink(next)
		if links++; err != nil || links > maxLinks {
			return
		}
		if filepath.IsAbs(target) {
			at = filepath.VolumeName(target) + string(filepath.Separator)
			target = target[len(filepath.VolumeName(target)):]
		}
		rest = append(split(target), rest...)
	}
	entries[at] = true
}

func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) })
}
