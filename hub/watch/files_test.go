package watch

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	quiet    = 20 * time.Millisecond
	deadline = 10 * time.Second
)

// eventually polls for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", deadline, what)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(content), 0o600))
}

func link(t *testing.T, target, path string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.Symlink(target, path))
}

// swap replaces a symbolic link in one step.
func swap(t *testing.T, target, path string) {
	t.Helper()
	link(t, target, path+".new")
	must(t, os.Rename(path+".new", path))
}

func TestFilesNotices(t *testing.T) {
	type step func(t *testing.T, dir string)
	at := func(parts ...string) string { return filepath.Join(parts...) }
	tests := []struct {
		name  string
		path  string // below the test's folder
		setup step
		steps []step // each must be noticed on its own
		links bool   // needs symbolic links
	}{
		{
			name:  "truncate and write",
			path:  "a.json",
			setup: func(t *testing.T, dir string) { write(t, at(dir, "a.json"), "1") },
			steps: []step{
				func(t *testing.T, dir string) { write(t, at(dir, "a.json"), "2") },
				func(t *testing.T, dir string) { write(t, at(dir, "a.json"), "3") },
			},
		},
		{
			name:  "rename over",
			path:  "a.json",
			setup: func(t *testing.T, dir string) { write(t, at(dir, "a.json"), "1") },
			steps: []step{
				func(t *testing.T, dir string) {
					write(t, at(dir, "tmp1"), "2")
					must(t, os.Rename(at(dir, "tmp1"), at(dir, "a.json")))
				},
				func(t *testing.T, dir string) {
					write(t, at(dir, "tmp2"), "3")
					must(t, os.Rename(at(dir, "tmp2"), at(dir, "a.json")))
				},
				func(t *testing.T, dir string) { write(t, at(dir, "a.json"), "4") },
			},
		},
		{
			name:  "delete and recreate",
			path:  "a.json",
			setup: func(t *testing.T, dir string) { write(t, at(dir, "a.json"), "1") },
			steps: []step{
				func(t *testing.T, dir string) { must(t, os.Remove(at(dir, "a.json"))) },
				func(t *testing.T, dir string) { write(t, at(dir, "a.json"), "2") },
				func(t *testing.T, dir string) { write(t, at(dir, "a.json"), "3") },
			},
		},
		{
			name: "created late with its folders",
			path: "x/y/z/a.json",
			steps: []step{
				func(t *testing.T, dir string) { write(t, at(dir, "x/y/z/a.json"), "1") },
				func(t *testing.T, dir string) { write(t, at(dir, "x/y/z/a.json"), "2") },
				func(t *testing.T, dir string) { must(t, os.RemoveAll(at(dir, "x"))) },
				func(t *testing.T, dir string) { write(t, at(dir, "x/y/z/a.json"), "3") },
			},
		},
		{
			name:  "folder moved away and back",
			path:  "x/a.json",
			setup: func(t *testing.T, dir string) { write(t, at(dir, "x/a.json"), "1") },
			steps: []step{
				func(t *testing.T, dir string) { must(t, os.Rename(at(dir, "x"), at(dir, "y"))) },
				func(t *testing.T, dir string) { must(t, os.Rename(at(dir, "y"), at(dir, "x"))) },
				func(t *testing.T, dir string) { write(t, at(dir, "x/a.json"), "2") },
			},
		},
		{
			name:  "link to a file",
			path:  "conf/a.json",
			links: true,
			setup: func(t *testing.T, dir string) {
				write(t, at(dir, "dotfiles/one.json"), "1")
				write(t, at(dir, "dotfiles2/two.json"), "2")
				link(t, at(dir, "dotfiles/one.json"), at(dir, "conf/a.json"))
			},
			steps: []step{
				func(t *testing.T, dir string) { write(t, at(dir, "dotfiles/one.json"), "1b") },
				func(t *testing.T, dir string) { swap(t, "../dotfiles2/two.json", at(dir, "conf/a.json")) },
				func(t *testing.T, dir string) { write(t, at(dir, "dotfiles2/two.json"), "2b") },
				func(t *testing.T, dir string) { must(t, os.Remove(at(dir, "conf/a.json"))) },
				func(t *testing.T, dir string) { write(t, at(dir, "conf/a.json"), "3") },
			},
		},
		{
			name:  "link to a folder",
			path:  "conf/a.json",
			links: true,
			setup: func(t *testing.T, dir string) {
				write(t, at(dir, "one/a.json"), "1")
				write(t, at(dir, "two/a.json"), "2")
				link(t, "one", at(dir, "conf"))
			},
			steps: []step{
				func(t *testing.T, dir string) { write(t, at(dir, "one/a.json"), "1b") },
				func(t *testing.T, dir string) { swap(t, "two", at(dir, "conf")) },
				func(t *testing.T, dir string) { write(t, at(dir, "two/a.json"), "2b") },
			},
		},
		{
			name:  "dangling link",
			path:  "conf/a.json",
			links: true,
			setup: func(t *testing.T, dir string) { link(t, at(dir, "later/on/a.json"), at(dir, "conf/a.json")) },
			steps: []step{
				func(t *testing.T, dir string) { write(t, at(dir, "later/on/a.json"), "1") },
				func(t *testing.T, dir string) { write(t, at(dir, "later/on/a.json"), "2") },
			},
		},
		{
			name:  "mounted volume of a cluster",
			path:  "etc/a.json",
			links: true,
			setup: func(t *testing.T, dir string) {
				write(t, at(dir, "etc/..2026_1/a.json"), "1")
				link(t, "..2026_1", at(dir, "etc/..data"))
				link(t, "..data/a.json", at(dir, "etc/a.json"))
			},
			steps: []step{
				func(t *testing.T, dir string) {
					write(t, at(dir, "etc/..2026_2/a.json"), "2")
					swap(t, "..2026_2", at(dir, "etc/..data"))
					must(t, os.RemoveAll(at(dir, "etc/..2026_1")))
				},
				func(t *testing.T, dir string) {
					write(t, at(dir, "etc/..2026_3/a.json"), "3")
					swap(t, "..2026_3", at(dir, "etc/..data"))
				},
			},
		},
		{
			name:  "loop of links made good",
			path:  "a.json",
			links: true,
			setup: func(t *testing.T, dir string) {
				link(t, "b.json", at(dir, "a.json"))
				link(t, "a.json", at(dir, "b.json"))
			},
			steps: []step{func(t *testing.T, dir string) {
				must(t, os.Remove(at(dir, "b.json")))
				write(t, at(dir, "b.json"), "1")
			}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.links && runtime.GOOS == "windows" {
				t.Skip("symbolic links need a privilege on Windows")
			}
			dir := t.TempDir()
			if test.setup != nil {
				test.setup(t, dir)
			}
			path := filepath.Join(dir, test.path)
			// What a reader would have read at the last call, as config does.
			var read atomic.Value
			calls := startFiles(t, []string{path}, func() {
				content, _ := os.ReadFile(path)
				read.Store(string(content))
			})
			for i, step := range test.steps {
				step(t, dir)
				content, _ := os.ReadFile(path)
				eventually(t, "a call after step "+string(rune('0'+i))+" that can read "+string(content), func() bool {
					return read.Load() == string(content)
				})
			}
			if calls.Load() < int64(len(test.steps)) {
				t.Errorf("%d calls for %d steps", calls.Load(), len(test.steps))
			}
		})
	}
}

func TestFilesDebounces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	calls := startFiles(t, []string{path}, func() {})
	for range 100 {
		write(t, path, "1")
	}
	eventually(t, "a call for the burst", func() bool { return calls.Load() > 1 })
	time.Sleep(2 * quiet)
	if n := calls.Load(); n > 50 {
		t.Errorf("a burst of 100 writes made %d calls", n-1)
	}
}

func TestFilesIgnoresNeighbours(t *testing.T) {
	dir := t.TempDir()
	calls := startFiles(t, []string{filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json")}, func() {})
	for range 5 {
		write(t, filepath.Join(dir, "other.json"), "y")
	}
	time.Sleep(2 * quiet)
	if n := calls.Load(); n != 1 {
		t.Errorf("a file that nobody asked for made %d calls", n-1)
	}
	write(t, filepath.Join(dir, "b.json"), "1")
	eventually(t, "a call for the second path", func() bool { return calls.Load() > 1 })
}

func TestFilesThatNeverRestAreReported(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	calls := startFiles(t, []string{path}, func() {})
	eventually(t, "a call although the writes go on", func() bool {
		write(t, path, "1")
		return calls.Load() > 1
	})
}

// startFiles watches until the test ends and returns once the watch is in place.
func startFiles(t *testing.T, paths []string, changed func()) *atomic.Int64 {
	t.Helper()
	var calls atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() {
		Files(ctx, slog.New(slog.DiscardHandler), paths, quiet, func() {
			changed()
			calls.Add(1)
		})
	})
	t.Cleanup(func() {
		cancel()
		watching.Wait()
	})
	eventually(t, "the first call", func() bool { return calls.Load() > 0 })
	return &calls
}

// Where there are no watches the files are looked at instead.
func TestPoll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	var calls atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	var polling sync.WaitGroup
	polling.Go(func() { poll(ctx, []string{path}, quiet, func() { calls.Add(1) }) })
	defer polling.Wait()
	defer cancel()
	told := func(n int64, what string) {
		t.Helper()
		eventually(t, what, func() bool { return calls.Load() >= n })
	}
	told(1, "the beginning")
	write(t, path, "one")
	told(2, "a file that came")
	write(t, path, "three")
	told(3, "a file that was written")
	write(t, path+".new", "seven")
	must(t, os.Rename(path+".new", path))
	told(4, "a file in the place of another")
	must(t, os.Remove(path))
	told(5, "a file that went")
}
