package logfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub/hub/statedir"
)

// TestMain is also the other hubs: each writes as many lines as it is told.
func TestMain(m *testing.M) {
	if dir := os.Getenv("LOGFILE_TEST_DIR"); dir != "" {
		lines, _ := strconv.Atoi(os.Getenv("LOGFILE_TEST_LINES"))
		w := New(Options{Dir: dir, MaxBytes: manyMax, Fallback: slog.New(slog.NewTextHandler(os.Stderr, nil))})
		log := slog.New(slog.NewJSONHandler(w, nil))
		for n := range lines {
			log.Info("line", "hub", os.Getpid(), "n", n)
		}
		return
	}
	os.Exit(m.Run())
}

const manyMax = 20_000

// fallback is a logger whose text can be read.
type fallback struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (f *fallback) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.Write(p)
}

func (f *fallback) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.String()
}

// writer returns a writer of a new folder, which is closed when the test ends, and what its fallback is told.
func writer(t *testing.T, o Options) (*Writer, *fallback) {
	t.Helper()
	told := &fallback{}
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "state", "mcp-hub")
	}
	o.Fallback = slog.New(slog.NewTextHandler(told, nil))
	w := New(o)
	t.Cleanup(func() { must(t, w.Close()) })
	return w, told
}

func line(t *testing.T, w *Writer, text string) {
	t.Helper()
	if n, err := w.Write([]byte(text + "\n")); n != len(text)+1 || err != nil {
		t.Errorf("write: %d, %v", n, err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

// rotated returns the paths of the rotated files, oldest first.
func rotated(t *testing.T, w *Writer) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(w.Path()))
	must(t, err)
	var paths []string
	for _, e := range entries {
		if _, ok := rotatedAt(e.Name()); ok {
			paths = append(paths, filepath.Join(filepath.Dir(w.Path()), e.Name()))
		}
	}
	slices.Sort(paths)
	return paths
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWrite(t *testing.T) {
	w, told := writer(t, Options{})
	if _, err := os.Stat(w.options.Dir); !os.IsNotExist(err) {
		t.Error("something was made before the first line")
	}
	log := slog.New(slog.NewJSONHandler(w, nil))
	log.Info("one", "n", 1)
	log.Info("two")
	if want := filepath.Join(w.options.Dir, "logs", "mcp-hub.log"); w.Path() != want {
		t.Errorf("path %s, want %s", w.Path(), want)
	}
	lines := strings.Split(strings.TrimSpace(content(t, w.Path())), "\n")
	var last struct{ Msg string }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || len(lines) != 2 || last.Msg != "two" {
		t.Errorf("lines %q, %v", lines, err)
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{w.Path(): 0o600, filepath.Dir(w.Path()): 0o700} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("mode of %s: %v, %v", path, info.Mode(), err)
			}
		}
	}
	must(t, w.Close())
	line(t, w, "three")
	if got := content(t, w.Path()); !strings.HasSuffix(got, "\nthree\n") || told.String() != "" {
		t.Errorf("after closing %q, told %q", got, told)
	}
}

func TestKeepsWhatIsThere(t *testing.T) {
	w, _ := writer(t, Options{})
	must(t, os.MkdirAll(filepath.Dir(w.Path()), 0o700))
	must(t, os.WriteFile(w.Path(), []byte("of another hub\n"), 0o644))
	line(t, w, "mine")
	if got := content(t, w.Path()); got != "of another hub\nmine\n" {
		t.Errorf("got %q", got)
	}
	if info, err := os.Stat(w.Path()); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("others can read it: %v, %v", info.Mode(), err)
	}
}

func TestRotatesBySize(t *testing.T) {
	w, _ := writer(t, Options{MaxBytes: 20})
	other, _ := writer(t, Options{Dir: w.options.Dir, MaxBytes: 20})
	long := strings.Repeat("x", 50)
	for _, text := range []string{"a23456789", "b23456789", "c23456789", long, "d"} {
		line(t, w, text)
	}
	line(t, other, "e")
	line(t, w, "f")
	want := []string{"a23456789\nb23456789\n", "c23456789\n", long + "\n"}
	var got []string
	for _, path := range rotated(t, w) {
		got = append(got, content(t, path))
	}
	if !slices.Equal(got, want) {
		t.Errorf("rotated %q, want %q", got, want)
	}
	if text := content(t, w.Path()); text != "d\ne\nf\n" {
		t.Errorf("left %q", text)
	}
}

func TestRotatesByDay(t *testing.T) {
	now := time.Now()
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	tests := map[string]struct {
		last time.Time
		want int
	}{
		"today":                {midnight, 0},
		"last line yesterday":  {midnight.Add(-time.Second), 1},
		"last month":           {now.AddDate(0, -1, 0), 1},
		"a clock that is fast": {now.AddDate(0, 0, 2), 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w, _ := writer(t, Options{})
			line(t, w, "old")
			must(t, os.Chtimes(w.Path(), tt.last, tt.last))
			line(t, w, "new")
			line(t, w, "newer")
			if got := rotated(t, w); len(got) != tt.want {
				t.Errorf("rotated %q, want %d", got, tt.want)
			}
			want := "old\nnew\nnewer\n"
			if tt.want == 1 {
				want = "new\nnewer\n"
			}
			if got := content(t, w.Path()); got != want {
				t.Errorf("file %q, want %q", got, want)
			}
		})
	}
	t.Run("an empty file", func(t *testing.T) {
		w, _ := writer(t, Options{})
		line(t, w, "")
		must(t, os.Truncate(w.Path(), 0))
		must(t, os.Chtimes(w.Path(), now.AddDate(0, 0, -3), now.AddDate(0, 0, -3)))
		line(t, w, "new")
		if got := rotated(t, w); len(got) != 0 {
			t.Errorf("rotated %q", got)
		}
	})
}

func TestRemovesOldFiles(t *testing.T) {
	w, told := writer(t, Options{})
	dir := filepath.Dir(w.Path())
	line(t, w, "x")
	touch := func(name string) { must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600)) }
	old := filepath.Base(w.rotated(time.Now().AddDate(0, 0, -31)))
	kept := filepath.Base(w.rotated(time.Now().AddDate(0, 0, -29)))
	others := []string{"mcp-hub-old.log", "mcp-hub-20200101T000000.000Z.log.gz", "mcp-hub.log.1", "other-20200101T000000.000Z.log", "notes.txt"}
	for _, name := range append(others, old, kept) {
		touch(name)
	}
	must(t, os.Mkdir(filepath.Join(dir, "mcp-hub-20200101T000000.000Z.log"), 0o700))
	yesterday := time.Now().AddDate(0, 0, -1)
	must(t, os.Chtimes(w.Path(), yesterday, yesterday))
	line(t, w, "y")
	if _, err := os.Stat(filepath.Join(dir, old)); !os.IsNotExist(err) {
		t.Errorf("%s is still there", old)
	}
	for _, name := range append(others, kept, "mcp-hub-20200101T000000.000Z.log") {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("removed: %v", err)
		}
	}
	for n := range maxRotated + 5 {
		touch(filepath.Base(w.rotated(time.Now().Add(-time.Duration(n) * time.Hour))))
	}
	must(t, os.Chtimes(w.Path(), yesterday, yesterday))
	line(t, w, "z")
	if got := rotated(t, w); len(got) != maxRotated+1 { // and the folder of such a name
		t.Errorf("%d rotated files are kept, want %d", len(got)-1, maxRotated)
	}
	if told.String() != "" {
		t.Errorf("told %q", told)
	}
}

func TestSurvivesDeletion(t *testing.T) {
	w, told := writer(t, Options{})
	line(t, w, "one")
	must(t, os.Remove(w.Path()))
	line(t, w, "two")
	if got := content(t, w.Path()); got != "two\n" {
		t.Errorf("after the file was deleted: %q", got)
	}
	must(t, os.RemoveAll(w.options.Dir))
	line(t, w, "three")
	if got := content(t, w.Path()); got != "three\n" || told.String() != "" {
		t.Errorf("after the folder was deleted: %q, told %q", got, told)
	}
}

// TestCannotOpen has a file where the folder should be.
func TestCannotOpen(t *testing.T) {
	w, told := writer(t, Options{})
	must(t, os.MkdirAll(w.options.Dir, 0o700))
	must(t, os.WriteFile(filepath.Dir(w.Path()), nil, 0o600))
	for range 5 {
		line(t, w, "lost")
	}
	if n := strings.Count(told.String(), "\n"); n != 1 || !strings.Contains(told.String(), "dropped") {
		t.Errorf("told %q", told)
	}
	must(t, os.Remove(filepath.Dir(w.Path())))
	w.reopenAt = time.Time{}
	line(t, w, "found")
	line(t, w, "again")
	if got := content(t, w.Path()); got != "found\nagain\n" {
		t.Errorf("got %q", got)
	}
	if n := strings.Count(told.String(), "\n"); n != 2 || !strings.Contains(told.String(), "dropped=5") {
		t.Errorf("told %q", told)
	}
}

// TestDiskFull writes to the device that is always full.
func TestDiskFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	w, told := writer(t, Options{})
	must(t, os.MkdirAll(filepath.Dir(w.Path()), 0o700))
	must(t, os.Symlink("/dev/full", w.Path()))
	for range 3 {
		line(t, w, "lost")
	}
	must(t, os.Remove(w.Path()))
	line(t, w, "found")
	if got := content(t, w.Path()); got != "found\n" {
		t.Errorf("got %q", got)
	}
	if n := strings.Count(told.String(), "\n"); n != 2 || !strings.Contains(told.String(), "no space left") || !strings.Contains(told.String(), "dropped=3") {
		t.Errorf("told %q", told)
	}
}

// TestTornLine checks that a line which follows half a line begins anew.
func TestTornLine(t *testing.T) {
	w, _ := writer(t, Options{})
	line(t, w, "one")
	_, err := w.file.WriteString("ha")
	must(t, err)
	w.torn = true
	line(t, w, "two")
	line(t, w, "three")
	if got := content(t, w.Path()); got != "one\nha\ntwo\nthree\n" {
		t.Errorf("got %q", got)
	}
}

// TestRotationIsHeldUp checks that a writer does not wait for another one that rotates, nor stops at one that cannot.
func TestRotationIsHeldUp(t *testing.T) {
	w, told := writer(t, Options{MaxBytes: 10})
	line(t, w, "123456789")
	lock := filepath.Join(filepath.Dir(w.Path()), lockName)
	release, err := statedir.TryLock(lock)
	must(t, err)
	line(t, w, "held up")
	if got := content(t, w.Path()); got != "123456789\nheld up\n" || told.String() != "" {
		t.Errorf("while another one rotates: %q, told %q", got, told)
	}
	release()
	must(t, os.Remove(lock))
	must(t, os.Mkdir(lock, 0o700)) // so that it cannot be opened for writing
	for range 3 {
		line(t, w, "grows")
	}
	if n := strings.Count(told.String(), "\n"); n != 1 || len(rotated(t, w)) != 0 || !strings.HasSuffix(content(t, w.Path()), "grows\ngrows\ngrows\n") {
		t.Errorf("told %q, rotated %q", told, rotated(t, w))
	}
	must(t, os.Remove(lock))
	w.rotateAt = w.rotateAt.Add(-rotatePause)
	line(t, w, "new")
	if got := content(t, w.Path()); got != "new\n" || len(rotated(t, w)) != 1 {
		t.Errorf("then %q, rotated %q", got, rotated(t, w))
	}
}

// TestManyProcesses has hubs write and rotate at once: no line is lost, torn or written twice.
func TestManyProcesses(t *testing.T) {
	const hubs, lines = 8, 400
	w, _ := writer(t, Options{MaxBytes: manyMax})
	line(t, w, `{"msg":"first"}`)
	var stderr fallback
	var started []*exec.Cmd
	for range hubs {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "LOGFILE_TEST_DIR="+w.options.Dir, "LOGFILE_TEST_LINES="+strconv.Itoa(lines))
		cmd.Stderr = io.Writer(&stderr)
		must(t, cmd.Start())
		started = append(started, cmd)
	}
	for _, cmd := range started {
		must(t, cmd.Wait())
	}
	if stderr.String() != "" {
		t.Errorf("told %s", &stderr)
	}
	files := append(rotated(t, w), w.Path())
	if len(files) < 5 {
		t.Errorf("only %d files: nothing was rotated", len(files))
	}
	seen := map[string]int{}
	for _, path := range files {
		for text := range strings.Lines(content(t, path)) {
			var l struct {
				Msg    string
				Hub, N int
			}
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatalf("%s holds %q: %v", path, text, err)
			}
			seen[fmt.Sprint(l.Msg, l.Hub, "/", l.N)]++
		}
	}
	if len(seen) != hubs*lines+1 {
		t.Errorf("%d lines, want %d", len(seen), hubs*lines+1)
	}
	for l, n := range seen {
		if n != 1 {
			t.Errorf("%d times %s", n, l)
		}
	}
}

func TestManyGoroutines(t *testing.T) {
	w, told := writer(t, Options{MaxBytes: 1000})
	log := slog.New(slog.NewJSONHandler(w, nil))
	var work sync.WaitGroup
	for range 10 {
		work.Go(func() {
			for range 50 {
				log.Info("line")
			}
		})
	}
	work.Wait()
	n := 0
	for _, path := range append(rotated(t, w), w.Path()) {
		n += strings.Count(content(t, path), "\n")
	}
	if n != 500 || told.String() != "" {
		t.Errorf("%d lines, told %q", n, told)
	}
}
