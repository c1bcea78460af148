package watch

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// collected are the paths that Globs reported, relative to its folder.
type collected struct {
	mu    sync.Mutex
	paths []string
}

func (c *collected) has(path string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.paths {
		if p == path {
			return true
		}
	}
	return false
}

func startGlobs(t *testing.T, dir string, patterns ...string) *collected {
	t.Helper()
	c := &collected{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Globs(ctx, slog.New(slog.DiscardHandler), dir, patterns, quiet, func(path string) {
			name, _ := filepath.Rel(dir, path)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.paths = append(c.paths, filepath.ToSlash(name))
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("watching ended with %v", err)
		}
	})
	return c
}

func TestGlobsFollowsTheTree(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"src/deep", "node_modules/x", ".git"} {
		must(t, os.MkdirAll(filepath.Join(dir, folder), 0o755))
	}
	seen := startGlobs(t, dir, "src/**/*.js", "*.json")
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	// Written again and again, because the watch may not be in place yet.
	reported := func(name string) {
		t.Helper()
		eventually(t, name+" is reported", func() bool {
			write(t, at(name), time.Now().String())
			time.Sleep(2 * quiet)
			return seen.has(name)
		})
	}
	reported("src/a.js")
	reported("src/deep/b.js")
	reported("c.json")

	// From here on the watch is in place: one change each must do.
	write(t, at("src/new/er/d.js"), "1")
	eventually(t, "a file in folders made with it", func() bool { return seen.has("src/new/er/d.js") })
	must(t, os.RemoveAll(at("src/new")))
	write(t, at("src/new/er/e.js"), "1")
	eventually(t, "a file in a folder made again", func() bool { return seen.has("src/new/er/e.js") })
	must(t, os.MkdirAll(at("moved/in"), 0o755))
	write(t, at("moved/in/f.js"), "1")
	must(t, os.Rename(at("moved"), at("src/moved")))
	eventually(t, "a file in a folder moved here", func() bool { return seen.has("src/moved/in/f.js") })
	must(t, os.Remove(at("src/a.js")))
	eventually(t, "a removed file", func() bool { return seen.has("src/a.js") })

	for _, name := range []string{"src/a.txt", "other/a.js", "node_modules/x/a.json", ".git/a.json", "src/node_modules/y/a.js", "sub/a.json"} {
		write(t, at(name), "1")
	}
	write(t, at("last.json"), "1")
	eventually(t, "a change after those that do not count", func() bool { return seen.has("last.json") })
	seen.mu.Lock()
	defer seen.mu.Unlock()
	for _, path := range seen.paths {
		if strings.Contains(path, "node_modules") || strings.Contains(path, ".git") || strings.HasPrefix(path, "other") ||
			strings.HasPrefix(path, "sub") || strings.HasSuffix(path, ".txt") {
			t.Errorf("%s is reported", path)
		}
	}
}

func TestGlobsRefuses(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	nothing := func(string) {}
	if err := Globs(t.Context(), log, t.TempDir(), []string{"[a"}, quiet, nothing); err == nil || !strings.Contains(err.Error(), "[a") {
		t.Errorf("a malformed pattern gives %v", err)
	}
	if err := Globs(t.Context(), log, filepath.Join(t.TempDir(), "none"), []string{"*"}, quiet, nothing); err == nil {
		t.Error("a missing folder gives no error")
	}
}

func TestLeadsInto(t *testing.T) {
	tests := []struct {
		pattern, folder string
		want            bool
	}{
		{"**/*.js", "a/b", true},
		{"src/**/*.js", "src", true},
		{"src/**/*.js", "src/a/b", true},
		{"src/**/*.js", "lib", false},
		{"*.js", "src", false},
		{"src/*/x.js", "src/a", true},
		{"src/*/x.js", "src/a/b", false},
		{"{a/b,c}/x.js", "a/b", true},
	}
	for _, test := range tests {
		if got := leadsInto(test.pattern, strings.Split(test.folder, "/")); got != test.want {
			t.Errorf("leadsInto(%q, %q) = %v, want %v", test.pattern, test.folder, got, test.want)
		}
	}
}
