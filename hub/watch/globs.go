package watch

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/fsnotify/fsnotify"
)

// Globs calls changed with the absolute path of a file below dir that changed and matches one of the patterns, and blocks
// until ctx is done. Patterns are relative to dir, with / between folders and ** for any number of them. Folders made later
// are followed; node_modules and .git never are, nor symbolic links below dir. Changes that follow each other within
// debounce become one call with the last path; changes without rest are reported at least every ten debounces. It fails if
// a pattern is malformed, if dir is no folder or goes away, or if the system has no watch to give.
func Globs(ctx context.Context, log *slog.Logger, dir string, patterns []string, debounce time.Duration, changed func(path string)) error {
	for _, pattern := range patterns {
		if !doublestar.ValidatePattern(pattern) {
			return fmt.Errorf("watch %s: the glob pattern %q is malformed; check its brackets and braces", dir, pattern)
		}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("watch %s: there is no such folder; create it or name another", dir)
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w; raise the limit of watches or open files", dir, err)
	}
	defer func() { _ = watcher.Close() }()

	g := &globs{watcher: watcher, log: log, dir: filepath.Clean(dir), patterns: patterns}
	g.follow(g.dir, func(string) {})

	pending := newDebouncer(debounce)
	defer pending.stop()
	var last string
	touch := func(path string) {
		last = path
		pending.touch()
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-watcher.Events:
			if event.Name == g.dir && event.Has(fsnotify.Remove|fsnotify.Rename) {
				return fmt.Errorf("watch %s: the folder went away; put it back and restart the server", dir)
			}
			g.handle(event, touch)
		case err := <-watcher.Errors:
			// Events were lost, so there may be new folders, and any file may have changed.
			log.Warn("watching folder had an error", "folder", dir, "err", err)
			g.follow(g.dir, touch)
		case <-pending.fired():
			pending.done()
			changed(last)
		}
	}
}

type globs struct {
	watcher  *fsnotify.Watcher
	log      *slog.Logger
	dir      string
	patterns []string
}

func (g *globs) handle(event fsnotify.Event, touch func(path string)) {
	if event.Op == fsnotify.Chmod {
		return
	}
	if event.Has(fsnotify.Create) {
		if info, err := os.Lstat(event.Name); err == nil && info.IsDir() {
			g.follow(event.Name, touch)
			return
		}
	}
	if g.matches(event.Name) {
		touch(event.Name)
	}
}

// follow watches dir and the folders below it that can hold a match, and calls found with the files that match: in a folder
// that is new they may be older than its watch.
func (g *globs) follow(dir string, found func(path string)) {
	// A folder is watched before it is read, so that no file falls between. WalkDir calls back before it reads.
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fs.SkipDir
		case !entry.IsDir():
			if g.matches(path) {
				found(path)
			}
			return nil
		case path != g.dir && !g.descends(path):
			return fs.SkipDir
		}
		if err := g.watcher.Add(path); err != nil {
			g.log.Warn("folder cannot be watched, changes in it go unnoticed", "folder", path, "err", err)
		}
		return nil
	})
}

// matches reports whether the file matches a pattern.
func (g *globs) matches(path string) bool {
	name, ok := g.relative(path)
	if !ok {
		return false
	}
	for _, pattern := range g.patterns {
		if doublestar.MatchUnvalidated(pattern, name) {
			return true
		}
	}
	return false
}

// descends reports whether the folder, or one below it, can hold a file that matches a pattern.
func (g *globs) descends(path string) bool {
	name, ok := g.relative(path)
	if !ok {
		return false
	}
	folders := strings.Split(name, "/")
	for _, pattern := range g.patterns {
		if leadsInto(pattern, folders) {
			return true
		}
	}
	return false
}

// leadsInto compares part by part up to the first **. A pattern with braces may hide a / in them and leads everywhere.
func leadsInto(pattern string, folders []string) bool {
	if strings.Contains(pattern, "{") {
		return true
	}
	parts := strings.Split(pattern, "/")
	for i, folder := range folders {
		switch {
		case i < len(parts) && parts[i] == "**":
			return true
		case i >= len(parts)-1 || !doublestar.MatchUnvalidated(parts[i], folder):
			return false
		}
	}
	return true
}

// relative returns the path below dir with slashes, and whether it is outside of node_modules and .git.
func (g *globs) relative(path string) (string, bool) {
	name, err := filepath.Rel(g.dir, path)
	if err != nil {
		return "", false
	}
	name = filepath.ToSlash(name)
	for part := range strings.SplitSeq(name, "/") {
		if part == "node_modules" || part == ".git" || part == ".." {
			return "", false
		}
	}
	return name, true
}
